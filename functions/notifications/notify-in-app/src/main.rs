//! Wires `notify-in-app` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, Tables};
use edge::queue::EventHandler;
use notify_in_app::NotifyInApp;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::queue::run("notify-in-app", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let store = Arc::new(DynamoStore::new(&aws, Tables::from_env()?));
            Ok(Box::new(NotifyInApp { store }) as Box<dyn EventHandler>)
        })
    })
}
