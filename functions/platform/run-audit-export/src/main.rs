//! Wires `run-audit-export` to AWS.

use adapter_dynamodb::DynamoAuditLog;
use adapter_s3::S3Files;
use adapter_sqs::SqsVisibility;
use edge::queue::Consumer;
use run_audit_export::RunAuditExport;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::queue::run("run-audit-export", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let state_table = base.settings.required("STATE_TABLE")?.to_owned();
            let bucket = base.settings.required("JOB_BUCKET")?.to_owned();
            let handler = RunAuditExport {
                store: Arc::new(base.store()?),
                log: Arc::new(DynamoAuditLog::new(&base.aws, state_table)),
                files: Arc::new(S3Files::new(&base.aws, bucket)),
            };
            let visibility = Box::new(SqsVisibility::new(&base.aws));
            Ok(Box::new(Consumer { handler: Box::new(handler), visibility }))
        })
    })
}
