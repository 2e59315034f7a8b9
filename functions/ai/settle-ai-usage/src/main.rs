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
            // A reservation names the counter that it is charged to, so the number of an organization's counters does
            // not matter.
            let state = Arc::new(DynamoAiState::new(&aws, Tables::from_env()?));
            Ok(Box::new(SettleAiUsage { state }) as Box<dyn ScheduleHandler>)
        })
    })
}
