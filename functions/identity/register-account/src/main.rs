//! Wires `register-account` to AWS.

use adapter_kms::KmsTenantKeys;
use adapter_password::Argon2Passwords;
use application_identity::RegisterAccount;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_mail::mail_token_key;

fn main() -> ExitCode {
    edge::http::run("register-account", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let keys = Arc::new(KmsTenantKeys::new(&base.aws, base.settings.required("DATA_KEY_ID")?));
            let limiter = Arc::new(base.limiter()?);
            let store = Arc::new(base.store()?.with_tenant_keys(keys.clone()));
            let passwords = Arc::new(Argon2Passwords::new()?);
            let home_region = base.settings.required("AWS_REGION")?.to_owned();
            let mail_token_key = mail_token_key(&base).await?;
            let needs =
                RegisterAccount { store, limiter, passwords, tenant_keys: keys, mail_token_key, home_region };
            Ok(Box::new(register_account::RegisterAccount { needs }) as Box<dyn Handler>)
        })
    })
}
