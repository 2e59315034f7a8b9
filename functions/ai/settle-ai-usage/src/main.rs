//! Wires `settle-ai-usage` to AWS.

use adapter_dynamodb::DynamoAiState;
use edge::schedule::ScheduleHandler;
use settle_ai_usage::SettleAiUsage;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::schedule::run("settle-ai-usage", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            // A reservation names the counter that it is charged to, so the number of an organization's counters does
            // not matter.
            let state = Arc::new(DynamoAiState::new(&base.aws, base.tables()?));
            Ok(Box::new(SettleAiUsage { state }) as Box<dyn ScheduleHandler>)
        })
    })
}
