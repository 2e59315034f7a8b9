//! Wires `get-billing` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoAiUsage, DynamoLimiter, DynamoStore, Tables};
use application_analytics::PriceBook;
use edge::Handler;
use get_billing::GetBilling;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("get-billing", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let usage = Arc::new(DynamoAiUsage::new(&aws, tables.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let prices = PriceBook::shipped()?;
            Ok(Box::new(GetBilling { store, usage, prices, limiter }) as Box<dyn Handler>)
        })
    })
}
