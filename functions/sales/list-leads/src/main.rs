//! Wires `list-leads` to AWS.

use adapter_dynamodb::ListShards;
use edge::{Authorized, Handler};
use futures_util::future::try_join;
use list_leads::ListLeads;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("list-leads", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            // Both are asked at the same time, so that a start waits for the slower one only.
            let (configuration, cursors) =
                try_join(wiring_configuration::follow(&base, None), wiring_lists::cursors(&base)).await?;
            let store = Arc::new(base.store()?.with_list_shards(ListShards::new(configuration)));
            let route = ListLeads { store: store.clone(), cursors };
            Ok(Box::new(Authorized::new(route, store, base.read_limit()?)) as Box<dyn Handler>)
        })
    })
}
