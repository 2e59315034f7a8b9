//! Wires `regenerate-recovery-codes` to AWS.

use edge::{Authorized, Handler, Uncounted};
use regenerate_recovery_codes::RegenerateRecoveryCodes;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("regenerate-recovery-codes", |settings| {
        Box::pin(async move {
            let store = Arc::new(Base::read(settings)?.store()?);
            let route = RegenerateRecoveryCodes { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
