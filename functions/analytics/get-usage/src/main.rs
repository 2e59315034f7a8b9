//! Wires `get-usage` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoAiUsage, DynamoLimiter, DynamoStore, Tables};
use edge::Handler;
use get_usage::GetUsage;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("get-usage", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let usage = Arc::new(DynamoAiUsage::new(&aws, tables.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            Ok(Box::new(GetUsage { store, usage, limiter }) as Box<dyn Handler>)
        })
    })
}
