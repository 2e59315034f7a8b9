//! Writes entries of the audit log to a file, for the jobs of this kind.

use application_core::Context;
use application_platform::{AuditExportTools, run_audit_export};
use contracts::event_message::EventMessage;
use domain::id::{JobId, OrganizationId};
use domain::job::JobKind;
use edge::JobError;
use edge::queue::EventHandler;
use ports::{AuditReader, BoxFuture, JobFiles, Store};
use std::sync::Arc;

/// The event type that its rule selects.
const EVENT_TYPE: &str = "job_created";

/// The handler and its ports.
pub struct RunAuditExport {
    /// Loads and commits jobs.
    pub store: Arc<dyn Store>,
    /// Reads the audit log.
    pub log: Arc<dyn AuditReader>,
    /// Writes the files.
    pub files: Arc<dyn JobFiles>,
}

impl EventHandler for RunAuditExport {
    fn handle<'a>(
        &'a self,
        event: &'a EventMessage,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            if event.event_type != EVENT_TYPE {
                return Err(JobError::Malformed("event_type"));
            }
            // The rule selects the kind; jobs of other kinds have workers of their own.
            if event.data.get("kind").and_then(|kind| kind.as_str()) != Some(JobKind::AuditExport.as_str()) {
                return Ok(());
            }
            let tenant: OrganizationId =
                event.tenant_id.parse().map_err(|_| JobError::Malformed("tenant_id"))?;
            let id: JobId = event.aggregate_id.parse().map_err(|_| JobError::Malformed("aggregate_id"))?;
            let tools = AuditExportTools {
                store: self.store.as_ref(),
                log: self.log.as_ref(),
                files: self.files.as_ref(),
            };
            run_audit_export(tools, context, tenant, &id).await?;
            Ok(())
        })
    }
}
