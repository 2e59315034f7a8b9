//! Wires `notify-in-app` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoStore, Tables};
use adapter_sqs::SqsVisibility;
use edge::queue::Consumer;
use notify_in_app::NotifyInApp;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::queue::run("notify-in-app", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let store = Arc::new(DynamoStore::new(&aws, Tables::from_env()?));
            let visibility = Box::new(SqsVisibility::new(&aws));
            Ok(Box::new(Consumer { handler: Box::new(NotifyInApp { store }), visibility }))
        })
    })
}
