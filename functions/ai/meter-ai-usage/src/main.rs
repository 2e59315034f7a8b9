//! Wires `meter-ai-usage` to AWS.

use adapter_dynamodb::DynamoAiUsage;
use adapter_sqs::SqsVisibility;
use edge::queue::Consumer;
use meter_ai_usage::MeterAiUsage;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::queue::run("meter-ai-usage", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let usage = Arc::new(DynamoAiUsage::new(&base.aws, base.tables()?));
            let store = Arc::new(base.store()?);
            let visibility = Box::new(SqsVisibility::new(&base.aws));
            Ok(Box::new(Consumer { handler: Box::new(MeterAiUsage { usage, store }), visibility }))
        })
    })
}
