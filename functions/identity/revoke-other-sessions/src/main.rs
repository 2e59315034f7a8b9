//! Wires `revoke-other-sessions` to AWS.

use edge::{Authorized, Handler, Uncounted};
use revoke_other_sessions::RevokeOtherSessions;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("revoke-other-sessions", |settings| {
        Box::pin(async move {
            let store = Arc::new(Base::read(settings)?.store()?);
            let route = RevokeOtherSessions { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
