//! The audit log: append-only, for each tenant, chained by hashes so that an edit or a cut is found.

use super::{BoxFuture, Page, Position, StoreError};
use domain::Timestamp;
use domain::audit::AuditRecord;
use domain::id::{EventId, OrganizationId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// The facts of the event, without personal data and secrets.
    pub details: Value,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAuditEntry {
    /// The entry.
    pub record: AuditRecord,
    /// Its hash, 32 bytes.
    pub hash: Vec<u8>,
    /// The bytes that are stored for it.
    pub stored: Vec<u8>,
}

/// Which page of the log is read, newest entries first.
#[derive(Debug, Clone)]
pub struct AuditQuery {
    /// The tenant of the log.
    pub tenant: OrganizationId,
    /// Only entries that satisfy these conditions. Others are read and left out.
    pub filter: AuditFilter,
    /// The most entries of the page, at least 1. At most ten times as many are read.
    pub limit: u32,
    /// Only entries before this position; `None` for the newest.
    pub after: Option<Position>,
}

/// Conditions on entries; all that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The actor.
    pub actor: Option<String>,
    /// The action, or its first part, before a `:`.
    pub action: Option<String>,
    /// The identifier or the kind of the resource.
    pub resource: Option<String>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether an entry satisfies the conditions.
    pub fn takes(&self, record: &AuditRecord) -> bool {
        let action = |asked: &String| {
            record
                .action
                .strip_prefix(asked.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        let resource = |asked: &String| *asked == record.resource.id || *asked == record.resource.kind;
        self.actor.as_ref().is_none_or(|actor| *actor == record.actor)
            && self.action.as_ref().is_none_or(action)
            && self.resource.as_ref().is_none_or(resource)
            && self.from.is_none_or(|from| record.at >= from)
            && self.to.is_none_or(|to| record.at < to)
    }
}

/// Appends entries.
pub trait AuditLog: Send + Sync {
    /// Appends the entry unless its event is recorded already; true when it was appended now.
    fn append<'a>(&'a self, entry: &'a AuditEntry) -> BoxFuture<'a, Result<bool, StoreError>>;
    /// Walks the tenant's chain from its first entry and compares it with the head; returns the number of entries of an
    /// intact chain.
    fn verify(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// Reads entries.
pub trait AuditReader: Send + Sync {
    /// A page of the log, newest entries first. It may have fewer entries than the limit, or none, and still go on.
    fn page<'a>(&'a self, query: &'a AuditQuery)
    -> BoxFuture<'a, Result<Page<StoredAuditEntry>, StoreError>>;
    /// The number of entries.
    fn count(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<u64, StoreError>>;
    /// The entries with these numbers, both included, in their order.
    fn range(
        &self,
        tenant: OrganizationId,
        first: u64,
        last: u64,
    ) -> BoxFuture<'_, Result<Vec<StoredAuditEntry>, StoreError>>;
}
