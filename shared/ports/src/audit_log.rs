//! The audit log: per tenant, append-only, chained by hashes so that an edit or a cut shows.

use super::{BoxFuture, StoreError};
use domain::Timestamp;
use domain::id::{EventId, OrganizationId};
use serde::{Deserialize, Serialize};

/// One entry; facts and ids only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The event it records; an event is recorded once.
    pub event_id: EventId,
    /// Whose log.
    pub tenant: OrganizationId,
    /// What happened: the event's type; for a refused access followed by `:` and the permission.
    pub action: String,
    /// Who did it: an account, `system:<function>` or `anonymous`.
    pub actor: String,
    /// What it happened to: aggregate type and id.
    pub resource_type: String,
    /// Its identifier.
    pub resource_id: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The request it belongs to.
    pub correlation_id: String,
}

/// Appends entries.
pub trait AuditLog: Send + Sync {
    /// Appends unless the event is recorded already; true when it was appended now.
    fn append<'a>(&'a self, entry: &'a AuditEntry) -> BoxFuture<'a, Result<bool, StoreError>>;
    /// Walks the tenant's chain from its first entry and compares it with the head; the number of entries when whole.
    fn verify(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<u64, StoreError>>;
}
