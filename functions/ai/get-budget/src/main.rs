//! Wires `get-budget` to AWS.

use adapter_appconfig::AppConfig;
use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoAiState, DynamoLimiter, DynamoStore, ListShards, Tables};
use edge::Handler;
use get_budget::GetBudget;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("get-budget", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let configuration = Arc::new(AppConfig::from_env(&aws, None).await?);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let state = DynamoAiState::new(&aws, tables.clone()).with_shards(ListShards::new(configuration));
            let (store, state) = (Arc::new(DynamoStore::new(&aws, tables)), Arc::new(state));
            Ok(Box::new(GetBudget { store, state, limiter }) as Box<dyn Handler>)
        })
    })
}
