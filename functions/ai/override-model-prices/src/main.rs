//! Wires `override-model-prices` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, Tables};
use application_ai::Registry;
use edge::operator::OperatorHandler;
use override_model_prices::OverrideModelPrices;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::operator::run("override-model-prices", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let registry = Registry::shipped()?;
            // Prices hold no personal data, so nothing must be sealed.
            let store = Arc::new(DynamoStore::new(&aws, Tables::from_env()?));
            Ok(Box::new(OverrideModelPrices { store, registry }) as Box<dyn OperatorHandler>)
        })
    })
}
