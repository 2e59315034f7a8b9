//! Wires `cancel-job` to AWS.

use cancel_job::CancelJob;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("cancel-job", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            let route = CancelJob { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
