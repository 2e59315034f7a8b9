//! The audit log: append-only, for each tenant, chained by hashes so that an edit or a cut is found.

use super::{BoxFuture, StoreError};
use domain::Timestamp;
use domain::id::{EventId, OrganizationId};
use serde::{Deserialize, Serialize};

/// One entry; facts and ids only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The event it records; an event is recorded once.
    pub event_id: EventId,
    /// The tenant of the log.
    pub tenant: OrganizationId,
    /// The action: the event's type; for a refused access followed by `:` and the permission.
    pub action: String,
    /// The actor: an account, an API key, `system:<function>` or `anonymous`.
    pub actor: String,
    /// The type of the aggregate.
    pub resource_type: String,
    /// The id of the aggregate.
    pub resource_id: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The correlation id of the request.
    pub correlation_id: String,
}

/// Appends entries.
pub trait AuditLog: Send + Sync {
    /// Appends the entry unless its event is recorded already; true when it was appended now.
    fn append<'a>(&'a self, entry: &'a AuditEntry) -> BoxFuture<'a, Result<bool, StoreError>>;
    /// Walks the tenant's chain from its first entry and compares it with the head; returns the number of entries of an
    /// intact chain.
    fn verify(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<u64, StoreError>>;
}
