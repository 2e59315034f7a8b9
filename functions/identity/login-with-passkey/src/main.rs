//! Wires `login-with-passkey` to AWS.

use adapter_kms::KmsTenantKeys;
use application_identity::LoginWithPasskey;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_identity::{relying_party, token_issuer, token_keys};

fn main() -> ExitCode {
    edge::http::run("login-with-passkey", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let keys = Arc::new(KmsTenantKeys::new(&base.aws, base.settings.required("DATA_KEY_ID")?));
            let needs = LoginWithPasskey {
                store: Arc::new(base.store()?.with_tenant_keys(keys)),
                limiter: Arc::new(base.limiter()?),
                signer: Arc::new(token_keys(&base.settings, &base.aws)?),
                issuer: token_issuer(&base.settings)?,
                relying_party: relying_party(&base.settings)?,
            };
            Ok(Box::new(login_with_passkey::LoginWithPasskey { needs }) as Box<dyn Handler>)
        })
    })
}
