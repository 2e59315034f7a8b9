//! Wires `record-audit` to AWS.

use adapter_dynamodb::DynamoAuditLog;
use adapter_sqs::SqsVisibility;
use edge::queue::Consumer;
use record_audit::RecordAudit;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::queue::run("record-audit", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let log =
                Arc::new(DynamoAuditLog::new(&base.aws, base.settings.required("STATE_TABLE")?.to_owned()));
            let visibility = Box::new(SqsVisibility::new(&base.aws));
            Ok(Box::new(Consumer { handler: Box::new(RecordAudit { log }), visibility }))
        })
    })
}
