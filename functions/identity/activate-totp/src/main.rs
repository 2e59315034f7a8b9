//! Wires `activate-totp` to AWS.

use adapter_kms::KmsSecretSealing;
use application_identity::ActivateTotp;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("activate-totp", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let key = base.settings.required("DATA_KEY_ID")?;
            let secrets = Arc::new(KmsSecretSealing::new(&base.aws, key));
            let store = Arc::new(base.store()?);
            let route = activate_totp::ActivateTotp { needs: ActivateTotp { store: store.clone(), secrets } };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
