//! Wires `update-lead` to AWS.

use adapter_dynamodb::ListShards;
use adapter_kms::KmsTenantKeys;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use update_lead::UpdateLead;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("update-lead", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let configuration = wiring_configuration::follow(&base, None).await?;
            let keys = Arc::new(KmsTenantKeys::new(&base.aws, base.settings.required("DATA_KEY_ID")?));
            let store = base.store()?.with_tenant_keys(keys).with_list_shards(ListShards::new(configuration));
            let store = Arc::new(store);
            let route = UpdateLead { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
