//! Wires `delete-passkey` to AWS.

use delete_passkey::DeletePasskey;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("delete-passkey", |settings| {
        Box::pin(async move {
            let store = Arc::new(Base::read(settings)?.store()?);
            let route = DeletePasskey { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
