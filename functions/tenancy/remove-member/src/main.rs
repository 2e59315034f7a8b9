//! Wires `remove-member` to AWS.

use edge::{Authorized, Handler, Uncounted};
use remove_member::RemoveMember;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("remove-member", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            let route = RemoveMember { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
