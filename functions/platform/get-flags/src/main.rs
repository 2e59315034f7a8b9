//! Wires `get-flags` to AWS.

use adapter_appconfig::AppConfig;
use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoLimiter, DynamoStore, Tables};
use application_platform::Flags;
use edge::Handler;
use get_flags::GetFlags;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("get-flags", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
            let flags = Flags::new(Arc::new(AppConfig::from_env(&aws, None).await?));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            Ok(Box::new(GetFlags { store, limiter, flags }) as Box<dyn Handler>)
        })
    })
}
