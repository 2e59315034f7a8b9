//! Wires `update-profile` to AWS.

use adapter_kms::KmsTenantKeys;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use update_profile::UpdateProfile;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("update-profile", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let keys = Arc::new(KmsTenantKeys::new(&base.aws, base.settings.required("DATA_KEY_ID")?));
            let store = Arc::new(base.store()?.with_tenant_keys(keys));
            let route = UpdateProfile { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
