//! Wires `reset-password` to AWS.

use adapter_kms::KmsTenantKeys;
use adapter_password::Argon2Passwords;
use application_identity::ResetPassword;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("reset-password", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let keys = Arc::new(KmsTenantKeys::new(&base.aws, base.settings.required("DATA_KEY_ID")?));
            let limiter = Arc::new(base.limiter()?);
            let store = Arc::new(base.store()?.with_tenant_keys(keys));
            let needs = ResetPassword { store, limiter, passwords: Arc::new(Argon2Passwords::new()?) };
            Ok(Box::new(reset_password::ResetPassword { needs }) as Box<dyn Handler>)
        })
    })
}
