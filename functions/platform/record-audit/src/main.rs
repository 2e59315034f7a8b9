//! Wires `record-audit` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoAuditLog, TableVariable};
use adapter_sqs::SqsVisibility;
use edge::queue::Consumer;
use record_audit::RecordAudit;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::queue::run("record-audit", |_| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let log = Arc::new(DynamoAuditLog::new(&aws, TableVariable::State.read()?));
            let visibility = Box::new(SqsVisibility::new(&aws));
            Ok(Box::new(Consumer { handler: Box::new(RecordAudit { log }), visibility }))
        })
    })
}
