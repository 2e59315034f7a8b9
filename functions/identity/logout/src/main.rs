//! Wires `logout` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, Tables};
use edge::Handler;
use logout::Logout;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("logout", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let store = Arc::new(DynamoStore::new(&aws, tables));
            Ok(Box::new(Logout { store }) as Box<dyn Handler>)
        })
    })
}
