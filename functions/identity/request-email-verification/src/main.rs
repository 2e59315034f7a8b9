//! Wires `request-email-verification` to AWS.

use application_identity::RequestEmailVerification as Needs;
use edge::{Authorized, Handler, Uncounted};
use request_email_verification::RequestEmailVerification;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_mail::mail_token_key;

fn main() -> ExitCode {
    edge::http::run("request-email-verification", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let (store, limiter) = (Arc::new(base.store()?), Arc::new(base.limiter()?));
            let needs = Needs { store: store.clone(), limiter, key: mail_token_key(&base).await? };
            let route = RequestEmailVerification { needs };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
