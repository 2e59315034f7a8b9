//! `POST /v1/audit-exports`: starts a job that writes entries of the audit log to a file.

use application_core::CurrentVersion;
use application_tenancy::{AuditExport, check_audit_export, export_audit_entries};
use contracts::audit::ExportAuditEntriesRequest;
use domain::authority::{Authority, ReadAuditLog};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::{Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct ExportAuditEntries {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts exports.
    pub limiter: Arc<dyn Limiter>,
}

impl Route for ExportAuditEntries {
    type Permission = ReadAuditLog;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ReadAuditLog>) -> RouteFuture<'a> {
        let judge = |body: &ExportAuditEntriesRequest| check_audit_export(&input(body)).map(drop);
        let body: ExportAuditEntriesRequest = request.json(judge)?;
        request.precondition()?.check(CurrentVersion::Unversioned)?;
        let key = request.idempotency_key("exportAuditEntries")?;
        let context = request.context();
        Ok(Box::pin(async move {
            let ports = (self.store.as_ref(), self.limiter.as_ref());
            let answer =
                export_audit_entries(ports, &context, &authority, &input(&body), key.as_ref()).await?;
            let job = answer.value;
            Ok(Response::json(202, &presentation::job(&job.state, None))?
                .with_header("Location", format!("/v1/jobs/{}", job.state.id))
                .with_etag(job.version)
                .replayed(answer.replayed))
        }))
    }
}

/// The body as input of the use case.
fn input(body: &ExportAuditEntriesRequest) -> AuditExport<'_> {
    AuditExport {
        from: body.from.as_deref(),
        to: body.to.as_deref(),
        actor: body.actor.as_deref(),
        action: body.action.as_deref(),
    }
}
