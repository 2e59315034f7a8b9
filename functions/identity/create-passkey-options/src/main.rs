//! Wires `create-passkey-options` to AWS.

use application_identity::CreatePasskeyOptions;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_identity::relying_party;

fn main() -> ExitCode {
    edge::http::run("create-passkey-options", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let (store, relying_party) = (Arc::new(base.store()?), relying_party(&base.settings)?);
            let needs = CreatePasskeyOptions { store: store.clone(), relying_party };
            let route = create_passkey_options::CreatePasskeyOptions { needs };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
