//! Wires `verify-email` to AWS.

use application_identity::VerifyEmail;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("verify-email", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let needs = VerifyEmail { store: Arc::new(base.store()?), limiter: Arc::new(base.limiter()?) };
            Ok(Box::new(verify_email::VerifyEmail { needs }) as Box<dyn Handler>)
        })
    })
}
