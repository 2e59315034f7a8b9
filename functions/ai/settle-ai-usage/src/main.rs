//! Wires `settle-ai-usage` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoAiState, Tables};
use edge::schedule::ScheduleHandler;
use settle_ai_usage::SettleAiUsage;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::schedule::run("settle-ai-usage", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            // A reservation knows the counter that it is charged to, so it does not matter who has several.
            let state = Arc::new(DynamoAiState::new(&aws, Tables::from_env()?));
            Ok(Box::new(SettleAiUsage { state }) as Box<dyn ScheduleHandler>)
        })
    })
}
