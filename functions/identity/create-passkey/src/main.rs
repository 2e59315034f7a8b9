//! Wires `create-passkey` to AWS.

use adapter_kms::KmsTenantKeys;
use application_identity::CreatePasskey;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_identity::relying_party;

fn main() -> ExitCode {
    edge::http::run("create-passkey", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let keys = Arc::new(KmsTenantKeys::new(&base.aws, base.settings.required("DATA_KEY_ID")?));
            let store = Arc::new(base.store()?.with_tenant_keys(keys));
            let needs = CreatePasskey { store: store.clone(), relying_party: relying_party(&base.settings)? };
            let route = create_passkey::CreatePasskey { needs };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
