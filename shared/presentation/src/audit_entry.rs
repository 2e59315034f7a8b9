//! Entries of the audit log.

use contracts::audit::{AuditEntry, AuditResource};
use domain::audit::{AuditRecord, to_hex};
use serde_json::{Map, Value};

/// An entry with its hash.
pub fn audit_entry(record: &AuditRecord, hash: &[u8]) -> AuditEntry {
    AuditEntry {
        sequence: record.sequence,
        event_id: record.event_id.to_string(),
        at: record.at.to_string(),
        action: record.action.clone(),
        actor: record.actor.clone(),
        resource: AuditResource { kind: record.resource.kind.clone(), id: record.resource.id.clone() },
        correlation_id: record.correlation_id.clone(),
        details: match &record.details {
            Value::Object(facts) => facts.clone(),
            _ => Map::new(),
        },
        previous_hash: record.previous_hash.clone(),
        hash: to_hex(hash),
    }
}
