//! Every hour: signs a checkpoint for each organization whose audit log has grown.

use application_core::Context;
use application_platform::{CheckpointTools, sign_audit_checkpoints};
use domain::Timestamp;
use edge::JobError;
use edge::schedule::ScheduleHandler;
use ports::{AuditCheckpoints, BoxFuture, CheckpointFiles, CheckpointSigner};
use std::sync::Arc;

/// The handler and its ports.
pub struct SignAuditCheckpoints {
    /// What has to be signed, and what was.
    pub checkpoints: Arc<dyn AuditCheckpoints>,
    /// The key.
    pub signer: Arc<dyn CheckpointSigner>,
    /// The files.
    pub files: Arc<dyn CheckpointFiles>,
}

impl ScheduleHandler for SignAuditCheckpoints {
    /// The due time does not matter: a log that has grown is signed.
    fn handle<'a>(&'a self, _: Timestamp, context: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            let tools = CheckpointTools {
                checkpoints: self.checkpoints.as_ref(),
                signer: self.signer.as_ref(),
                files: self.files.as_ref(),
            };
            sign_audit_checkpoints(tools, context).await?;
            Ok(())
        })
    }
}
