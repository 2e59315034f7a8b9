//! Wires `update-member` to AWS.

use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use update_member::UpdateMember;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("update-member", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            let route = UpdateMember { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
