//! Wires `revoke-api-key` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, Tables};
use edge::Handler;
use revoke_api_key::RevokeApiKey;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("revoke-api-key", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let store = Arc::new(DynamoStore::new(&aws, tables));
            Ok(Box::new(RevokeApiKey { store }) as Box<dyn Handler>)
        })
    })
}
