//! Wires `verify-mfa` to AWS.

use adapter_kms::{KmsSecretSealing, KmsTenantKeys};
use application_identity::VerifyMfa;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_identity::{relying_party, token_issuer, token_keys};

fn main() -> ExitCode {
    edge::http::run("verify-mfa", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let key = base.settings.required("DATA_KEY_ID")?;
            let tenant_keys = Arc::new(KmsTenantKeys::new(&base.aws, key));
            let needs = VerifyMfa {
                store: Arc::new(base.store()?.with_tenant_keys(tenant_keys)),
                limiter: Arc::new(base.limiter()?),
                signer: Arc::new(token_keys(&base.settings, &base.aws)?),
                issuer: token_issuer(&base.settings)?,
                secrets: Arc::new(KmsSecretSealing::new(&base.aws, key)),
                relying_party: relying_party(&base.settings)?,
            };
            Ok(Box::new(verify_mfa::VerifyMfa { needs }) as Box<dyn Handler>)
        })
    })
}
