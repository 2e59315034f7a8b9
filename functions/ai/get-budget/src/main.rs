//! Wires `get-budget` to AWS.

use adapter_dynamodb::{DynamoAiState, ListShards};
use edge::{Authorized, Handler};
use get_budget::GetBudget;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("get-budget", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let configuration = wiring_configuration::follow(&base, None).await?;
            let state =
                DynamoAiState::new(&base.aws, base.tables()?).with_shards(ListShards::new(configuration));
            let (store, state) = (Arc::new(base.store()?), Arc::new(state));
            let route = GetBudget { store: store.clone(), state };
            Ok(Box::new(Authorized::new(route, store, base.read_limit()?)) as Box<dyn Handler>)
        })
    })
}
