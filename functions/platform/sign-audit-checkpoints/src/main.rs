//! Wires `sign-audit-checkpoints` to AWS.

use adapter_dynamodb::DynamoAuditLog;
use adapter_kms::KmsCheckpointSigner;
use adapter_s3::S3Files;
use edge::schedule::ScheduleHandler;
use sign_audit_checkpoints::SignAuditCheckpoints;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::schedule::run("sign-audit-checkpoints", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let state_table = base.settings.required("STATE_TABLE")?.to_owned();
            let key_arn = base.settings.required("CHECKPOINT_KEY_ARN")?.to_owned();
            let bucket = base.settings.required("CHECKPOINT_BUCKET")?.to_owned();
            let handler = SignAuditCheckpoints {
                checkpoints: Arc::new(DynamoAuditLog::new(&base.aws, state_table)),
                signer: Arc::new(KmsCheckpointSigner::new(&base.aws, key_arn)),
                files: Arc::new(S3Files::new(&base.aws, bucket)),
            };
            Ok(Box::new(handler) as Box<dyn ScheduleHandler>)
        })
    })
}
