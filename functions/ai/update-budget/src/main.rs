//! Wires `update-budget` to AWS.

use adapter_appconfig::AppConfig;
use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, Tables};
use application_ai::Registry;
use edge::Handler;
use std::process::ExitCode;
use std::sync::Arc;
use update_budget::UpdateBudget;

fn main() -> ExitCode {
    edge::http::run("update-budget", |_| {
        Box::pin(async move {
            let at = AwsSettings::from_env()?;
            let aws = adapter_aws::sdk_config(&at);
            // Models that this deployment can't call are refused, because the gateway would pass them over without an
            // error.
            let shipped = Registry::shipped()?;
            let configuration = Arc::new(AppConfig::from_env(&aws, Some(shipped.catalog())).await?);
            let registry = shipped.following(configuration, at.region.clone(), at.has_own_bedrock())?;
            // Nothing in a budget is personal, so there is nothing to seal.
            let store = Arc::new(DynamoStore::new(&aws, Tables::from_env()?));
            Ok(Box::new(UpdateBudget { store, registry }) as Box<dyn Handler>)
        })
    })
}
