//! Wires `list-passkeys` to AWS.

use edge::{Authorized, Handler};
use list_passkeys::ListPasskeys;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("list-passkeys", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            let route = ListPasskeys { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, base.read_limit()?)) as Box<dyn Handler>)
        })
    })
}
