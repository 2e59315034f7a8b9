//! Wires `update-budget` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, Tables};
use application::ai::Registry;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use update_budget::UpdateBudget;

fn main() -> ExitCode {
    edge::http::run("update-budget", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let registry = Registry::shipped()?;
            // Nothing in a budget is personal, so there is nothing to seal.
            let store = Arc::new(DynamoStore::new(&aws, Tables::from_env()?));
            Ok(Box::new(UpdateBudget { store, registry }) as Box<dyn Handler>)
        })
    })
}
