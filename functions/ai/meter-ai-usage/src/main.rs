//! Wires `meter-ai-usage` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoAiUsage, DynamoStore, Tables};
use adapter_sqs::SqsVisibility;
use edge::queue::Consumer;
use meter_ai_usage::MeterAiUsage;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::queue::run("meter-ai-usage", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let tables = Tables::from_env()?;
            let usage = Arc::new(DynamoAiUsage::new(&aws, tables.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let visibility = Box::new(SqsVisibility::new(&aws));
            Ok(Box::new(Consumer { handler: Box::new(MeterAiUsage { usage, store }), visibility }))
        })
    })
}
