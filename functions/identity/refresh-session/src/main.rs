//! Wires `refresh-session` to AWS.

use application_identity::RefreshSession;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_identity::{token_issuer, token_keys};

fn main() -> ExitCode {
    edge::http::run("refresh-session", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            let signer = Arc::new(token_keys(&base.settings, &base.aws)?);
            let issuer = token_issuer(&base.settings)?;
            let needs = RefreshSession { store, signer, issuer };
            Ok(Box::new(refresh_session::RefreshSession { needs }) as Box<dyn Handler>)
        })
    })
}
