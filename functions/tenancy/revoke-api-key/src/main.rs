//! Wires `revoke-api-key` to AWS.

use edge::{Authorized, Handler, Uncounted};
use revoke_api_key::RevokeApiKey;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("revoke-api-key", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            let route = RevokeApiKey { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
