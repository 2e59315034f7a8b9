//! Wires `login` to AWS.

use adapter_kms::KmsTenantKeys;
use adapter_password::Argon2Passwords;
use application_identity::Login;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_identity::{relying_party, token_issuer, token_keys};

fn main() -> ExitCode {
    edge::http::run("login", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let limiter = Arc::new(base.limiter()?);
            let keys = Arc::new(KmsTenantKeys::new(&base.aws, base.settings.required("DATA_KEY_ID")?));
            let store = Arc::new(base.store()?.with_tenant_keys(keys));
            let signer = Arc::new(token_keys(&base.settings, &base.aws)?);
            let issuer = token_issuer(&base.settings)?;
            let passwords = Arc::new(Argon2Passwords::new()?);
            let relying_party = relying_party(&base.settings)?;
            let needs = Login { store, limiter, passwords, signer, issuer, relying_party };
            Ok(Box::new(login::Login { needs }) as Box<dyn Handler>)
        })
    })
}
