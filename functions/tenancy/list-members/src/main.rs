//! Wires `list-members` to AWS.

use edge::{Authorized, Handler};
use list_members::ListMembers;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("list-members", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            let cursors = wiring_lists::cursors(&base).await?;
            let route = ListMembers { store: store.clone(), cursors };
            Ok(Box::new(Authorized::new(route, store, base.read_limit()?)) as Box<dyn Handler>)
        })
    })
}
