//! Wires `list-openai-models` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, Tables};
use application::ai::Registry;
use edge::Handler;
use list_openai_models::ListOpenaiModels;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("list-openai-models", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let registry = Registry::shipped()?;
            let store = Arc::new(DynamoStore::new(&aws, tables));
            Ok(Box::new(ListOpenaiModels { store, limiter, registry }) as Box<dyn Handler>)
        })
    })
}
