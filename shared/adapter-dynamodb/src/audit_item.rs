//! The item of an entry of the audit log: the hashed bytes as they are, their hash, and the values by which the log is
//! narrowed beside them.

use crate::keys::{Item, ItemKey};
use crate::value::{binary, read_binary, read_number, read_parsed, read_text, text};
use domain::Timestamp;
use domain::audit::{AuditRecord, AuditResource, CURRENT_FORMAT, to_hex};
use ports::{AuditEntry, StoreError, StoredAuditEntry};
use ring::digest::{SHA256, digest};

/// The hashed bytes.
const ENTRY: &str = "entry";
pub(crate) const HASH: &str = "hash";
pub(crate) const ACTION: &str = "action";
pub(crate) const ACTOR: &str = "actor";
pub(crate) const RESOURCE_TYPE: &str = "resource_type";
pub(crate) const RESOURCE_ID: &str = "resource_id";
pub(crate) const OCCURRED_AT: &str = "occurred_at";
/// Attributes of entries in the first format, which had no bytes of their own.
const SEQUENCE: &str = "sequence";
const PREVIOUS_HASH: &str = "previous_hash";
const EVENT_ID: &str = "event_id";
const TENANT_ID: &str = "tenant_id";
const CORRELATION_ID: &str = "correlation_id";

/// The entry after one with this number and hash.
pub(crate) fn following(sequence: u64, previous_hash: &[u8], entry: &AuditEntry) -> StoredAuditEntry {
    let record = AuditRecord {
        format: CURRENT_FORMAT,
        organization: entry.tenant,
        sequence: sequence + 1,
        event_id: entry.event_id,
        at: entry.occurred_at,
        action: entry.action.clone(),
        actor: entry.actor.clone(),
        resource: AuditResource { kind: entry.resource_type.clone(), id: entry.resource_id.clone() },
        correlation_id: entry.correlation_id.clone(),
        details: entry.details.clone(),
        previous_hash: to_hex(previous_hash),
    };
    let stored = record.bytes();
    let hash = digest(&SHA256, &stored).as_ref().to_vec();
    StoredAuditEntry { record, hash, stored }
}

/// The item of an entry.
pub(crate) fn entry_item(entry: &StoredAuditEntry) -> Item {
    let StoredAuditEntry { record, hash, stored } = entry;
    let mut item = ItemKey::audit_entry(record.organization, record.sequence).attributes();
    let attributes = [
        (ENTRY, binary(stored.clone())),
        (HASH, binary(hash.clone())),
        (EVENT_ID, text(record.event_id.to_string())),
        (ACTION, text(&record.action)),
        (ACTOR, text(&record.actor)),
        (RESOURCE_TYPE, text(&record.resource.kind)),
        (RESOURCE_ID, text(&record.resource.id)),
        (OCCURRED_AT, text(record.at.to_string())),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}

/// Reads an entry without checking its hash.
pub(crate) fn read_entry(item: &Item) -> Result<StoredAuditEntry, StoreError> {
    let hash = read_binary(item, HASH)?.to_vec();
    if !item.contains_key(ENTRY) {
        let record = read_first_format(item)?;
        return Ok(StoredAuditEntry { stored: record.bytes(), record, hash });
    }
    let stored = read_binary(item, ENTRY)?.to_vec();
    let record = AuditRecord::read(&stored).ok_or(StoreError::Malformed(ENTRY))?;
    Ok(StoredAuditEntry { record, hash, stored })
}

/// Whether an entry stands at this place of the chain and nothing about it was changed since it was appended.
pub(crate) fn is_intact(item: &Item, entry: &StoredAuditEntry, previous_hash: &[u8]) -> bool {
    let StoredAuditEntry { record, hash, stored } = entry;
    let hashed = record.hashed_bytes(stored);
    let beside = [
        (EVENT_ID, &*record.event_id.to_string()),
        (ACTION, record.action.as_str()),
        (ACTOR, record.actor.as_str()),
        (RESOURCE_TYPE, record.resource.kind.as_str()),
        (RESOURCE_ID, record.resource.id.as_str()),
        (OCCURRED_AT, &record.at.to_string()),
    ];
    hashed.is_some_and(|bytes| digest(&SHA256, &bytes).as_ref() == hash.as_slice())
        && record.previous_hash == to_hex(previous_hash)
        && beside.into_iter().all(|(name, value)| read_text(item, name).is_ok_and(|found| found == value))
}

fn read_first_format(item: &Item) -> Result<AuditRecord, StoreError> {
    let owned = |name| read_text(item, name).map(str::to_owned);
    Ok(AuditRecord {
        format: 1,
        organization: read_parsed(item, TENANT_ID)?,
        sequence: read_number(item, SEQUENCE)?,
        event_id: read_parsed(item, EVENT_ID)?,
        at: Timestamp::parse(read_text(item, OCCURRED_AT)?)
            .map_err(|_| StoreError::Malformed(OCCURRED_AT))?,
        action: owned(ACTION)?,
        actor: owned(ACTOR)?,
        resource: AuditResource { kind: owned(RESOURCE_TYPE)?, id: owned(RESOURCE_ID)? },
        correlation_id: owned(CORRELATION_ID)?,
        details: serde_json::Map::new().into(),
        previous_hash: to_hex(read_binary(item, PREVIOUS_HASH)?),
    })
}
