//! Wires `request-password-reset` to AWS.

use application_identity::RequestPasswordReset;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_mail::mail_token_key;

fn main() -> ExitCode {
    edge::http::run("request-password-reset", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let (store, limiter) = (Arc::new(base.store()?), Arc::new(base.limiter()?));
            let needs = RequestPasswordReset { store, limiter, key: mail_token_key(&base).await? };
            Ok(Box::new(request_password_reset::RequestPasswordReset { needs }) as Box<dyn Handler>)
        })
    })
}
