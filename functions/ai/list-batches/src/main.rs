//! Wires `list-batches` to AWS.

use edge::{Authorized, Handler};
use list_batches::ListBatches;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("list-batches", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            let route = ListBatches { store: store.clone() };
            let configuration = wiring_configuration::follow(&base, None).await?;
            let limit = wiring_configuration::read_limit(&base, configuration)?;
            Ok(Box::new(Authorized::new(route, store, limit)) as Box<dyn Handler>)
        })
    })
}
