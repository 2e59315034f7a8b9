//! Wires `disable-totp` to AWS.

use disable_totp::DisableTotp;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("disable-totp", |settings| {
        Box::pin(async move {
            let store = Arc::new(Base::read(settings)?.store()?);
            let route = DisableTotp { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
