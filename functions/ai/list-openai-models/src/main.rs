//! Wires `list-openai-models` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, Tables};
use application_ai::Registry;
use edge::Handler;
use list_openai_models::ListOpenaiModels;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("list-openai-models", |settings| {
        Box::pin(async move {
            let at = AwsSettings::from_env()?;
            let aws = adapter_aws::sdk_config(&at);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let openai = settings.optional("OPENAI_BASE_URL").is_some();
            let registry = Registry::shipped()?.deployed(&at.region, openai, at.has_own_bedrock());
            let store = Arc::new(DynamoStore::new(&aws, tables));
            Ok(Box::new(ListOpenaiModels { store, limiter, registry }) as Box<dyn Handler>)
        })
    })
}
