//! Wires `create-passkey-login-options` to AWS.

use application_identity::PasskeyLoginOptions;
use create_passkey_login_options::CreatePasskeyLoginOptions;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_identity::relying_party;

fn main() -> ExitCode {
    edge::http::run("create-passkey-login-options", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let needs = PasskeyLoginOptions {
                store: Arc::new(base.store()?),
                limiter: Arc::new(base.limiter()?),
                relying_party: relying_party(&base.settings)?,
            };
            Ok(Box::new(CreatePasskeyLoginOptions { needs }) as Box<dyn Handler>)
        })
    })
}
