//! Every event into the tenant's audit log.

use application::Context;
use application::ports::{AuditEntry, AuditLog, BoxFuture};
use contracts::event_message::EventMessage;
use domain::Timestamp;
use edge::JobError;
use edge::queue::EventHandler;
use std::sync::Arc;

/// What the function needs.
pub struct RecordAudit {
    /// Where entries are kept.
    pub log: Arc<dyn AuditLog>,
}

impl EventHandler for RecordAudit {
    fn handle<'a>(&'a self, event: &'a EventMessage, _: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            self.log.append(&entry(event)?).await?;
            Ok(())
        })
    }
}

fn entry(event: &EventMessage) -> Result<AuditEntry, JobError> {
    Ok(AuditEntry {
        event_id: event.event_id.parse().map_err(|_| JobError::Malformed("event_id"))?,
        tenant: event.tenant_id.parse().map_err(|_| JobError::Malformed("tenant_id"))?,
        action: event.event_type.clone(),
        actor: event.actor.clone(),
        resource_type: event.aggregate_type.clone(),
        resource_id: event.aggregate_id.clone(),
        occurred_at: Timestamp::parse(&event.occurred_at).map_err(|_| JobError::Malformed("occurred_at"))?,
        correlation_id: event.correlation_id.clone(),
    })
}
