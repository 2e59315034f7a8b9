//! Wires `list-leads` to AWS.

use adapter_dynamodb::ListShards;
use edge::{Authorized, Handler};
use list_leads::ListLeads;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("list-leads", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let configuration = wiring_configuration::follow(&base, None).await?;
            let store = Arc::new(base.store()?.with_list_shards(ListShards::new(configuration)));
            let cursors = wiring_lists::cursors(&base).await?;
            let route = ListLeads { store: store.clone(), cursors };
            Ok(Box::new(Authorized::new(route, store, base.read_limit()?)) as Box<dyn Handler>)
        })
    })
}
