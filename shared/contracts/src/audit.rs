//! Bodies of the audit log.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An entry in `GET /v1/audit-entries`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The number in the organization's log, from 1 without gaps.
    pub sequence: u64,
    /// Id of the event (`event_…`).
    pub event_id: String,
    /// When it happened, RFC 3339 in UTC.
    pub at: String,
    /// The event's type; for a refused access followed by `:` and the permission.
    pub action: String,
    /// An account, an API key, `system:<function>` or `anonymous`.
    pub actor: String,
    /// What the action concerned.
    pub resource: AuditResource,
    /// The correlation id of the request.
    pub correlation_id: String,
    /// The facts of the event, without personal data.
    pub details: Map<String, Value>,
    /// The hash of the entry before, 64 hexadecimal digits.
    pub previous_hash: String,
    /// SHA-256 of the stored entry, 64 hexadecimal digits.
    pub hash: String,
}

/// What an action concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditResource {
    /// The kind, such as `lead`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// `POST /v1/audit-exports`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportAuditEntriesRequest {
    /// Entries from this time on, RFC 3339.
    pub from: Option<String>,
    /// Entries before this time, RFC 3339.
    pub to: Option<String>,
    /// Entries of this actor.
    pub actor: Option<String>,
    /// Entries with this action.
    pub action: Option<String>,
}
