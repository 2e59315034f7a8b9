//! The item of an event in the ledger. Its attributes have the names of the message that the relay makes of it;
//! `personal` holds one sealed text for each data subject.

use crate::keys::{Item, PK, SK, ledger_partition};
use crate::seal::seal_personal;
use crate::value::{attribute, binary, digits, read_json, read_number, read_parsed, read_text, text};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::EncodedEvent;
use domain::Timestamp;
use domain::id::SubjectId;
use ports::{AggregateKey, DataKey, EventRecord, KeyError, StoreError};
use std::collections::{BTreeMap, HashMap};

const EVENT_ID: &str = "event_id";
const EVENT_TYPE: &str = "event_type";
const SCHEMA_VERSION: &str = "schema_version";
const TENANT_ID: &str = "tenant_id";
const AGGREGATE_TYPE: &str = "aggregate_type";
const AGGREGATE_ID: &str = "aggregate_id";
const ACTOR: &str = "actor";
const CORRELATION_ID: &str = "correlation_id";
const CAUSATION_ID: &str = "causation_id";
const OCCURRED_AT: &str = "occurred_at";
const DATA: &str = "data";
const PERSONAL: &str = "personal";

/// Personal data of a subject that has no key.
#[derive(Debug, thiserror::Error)]
#[error("an event has personal data of a subject without a key")]
struct NoSubjectKey;

/// The item of an event, its personal part sealed under the keys of its subjects.
pub(crate) fn ledger_item(
    event: &EventRecord,
    subject_keys: &HashMap<SubjectId, DataKey>,
) -> Result<Item, StoreError> {
    let encoded = &event.event;
    let mut item: Item = [
        (PK, ledger_partition(&event.key)),
        (SK, digits(event.version)),
        (EVENT_ID, text(event.event_id.to_string())),
        (EVENT_TYPE, text(&encoded.event_type)),
        (SCHEMA_VERSION, digits(encoded.schema_version)),
        (TENANT_ID, text(event.key.tenant().to_string())),
        (AGGREGATE_TYPE, text(event.key.kind().as_str())),
        (AGGREGATE_ID, text(event.key.id())),
        (ACTOR, text(&event.actor)),
        (CORRELATION_ID, text(&event.correlation_id)),
        (OCCURRED_AT, text(event.occurred_at.to_string())),
        (DATA, attribute(&encoded.data)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if let Some(cause) = event.causation_id {
        item.insert(CAUSATION_ID.to_owned(), text(cause.to_string()));
    }
    if !encoded.personal.is_empty() {
        let mut sealed = HashMap::new();
        for (subject, personal) in &encoded.personal {
            let key = subject_keys.get(subject).ok_or_else(|| KeyError::Invalid(NoSubjectKey.into()))?;
            sealed.insert(subject.to_string(), binary(seal_personal(key, event, *subject, personal)?));
        }
        item.insert(PERSONAL.to_owned(), AttributeValue::M(sealed));
    }
    Ok(item)
}

/// An event in its stored form, with its sealed personal parts.
#[derive(Debug)]
pub(crate) struct StoredEvent {
    /// Everything except the personal part.
    pub(crate) record: EventRecord,
    /// The sealed texts by subject.
    pub(crate) sealed: BTreeMap<SubjectId, Vec<u8>>,
}

/// Reads an event of the aggregate `key`.
pub(crate) fn read_ledger_item(key: &AggregateKey, item: &Item) -> Result<StoredEvent, StoreError> {
    let record = EventRecord {
        event_id: read_parsed(item, EVENT_ID)?,
        key: key.clone(),
        version: read_number(item, SK)?,
        event: EncodedEvent {
            event_type: read_text(item, EVENT_TYPE)?.to_owned(),
            schema_version: read_number(item, SCHEMA_VERSION)?,
            data: read_json(item, DATA)?,
            personal: BTreeMap::new(),
        },
        actor: read_text(item, ACTOR)?.to_owned(),
        correlation_id: read_text(item, CORRELATION_ID)?.to_owned(),
        causation_id: item.contains_key(CAUSATION_ID).then(|| read_parsed(item, CAUSATION_ID)).transpose()?,
        occurred_at: Timestamp::parse(read_text(item, OCCURRED_AT)?)
            .map_err(|_| StoreError::Malformed(OCCURRED_AT))?,
    };
    Ok(StoredEvent { record, sealed: read_sealed(item)? })
}

fn read_sealed(item: &Item) -> Result<BTreeMap<SubjectId, Vec<u8>>, StoreError> {
    let Some(personal) = item.get(PERSONAL) else { return Ok(BTreeMap::new()) };
    let malformed = || StoreError::Malformed(PERSONAL);
    personal
        .as_m()
        .map_err(|_| malformed())?
        .iter()
        .map(|(subject, sealed)| {
            let subject = subject.parse().map_err(|_| malformed())?;
            let sealed = sealed.as_b().map_err(|_| malformed())?;
            Ok((subject, sealed.as_ref().to_vec()))
        })
        .collect()
}
