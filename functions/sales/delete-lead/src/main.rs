//! Wires `delete-lead` to AWS.

use adapter_dynamodb::ListShards;
use delete_lead::DeleteLead;
use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("delete-lead", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let configuration = wiring_configuration::follow(&base, None).await?;
            let store = Arc::new(base.store()?.with_list_shards(ListShards::new(configuration)));
            let route = DeleteLead { store: store.clone() };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
