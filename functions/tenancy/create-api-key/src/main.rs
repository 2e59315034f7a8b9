//! Wires `create-api-key` to AWS.

use create_api_key::CreateApiKey;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("create-api-key", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let limiter = Arc::new(base.limiter()?);
            let store = Arc::new(base.store()?);
            let route = CreateApiKey { store: store.clone(), limiter };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
