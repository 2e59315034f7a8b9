//! Wires `revoke-session` to AWS.

use edge::{Authorized, Handler, Uncounted};
use revoke_session::RevokeSession;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("revoke-session", |settings| {
        Box::pin(async move {
            let store = Arc::new(Base::read(settings)?.store()?);
            let route = RevokeSession { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
