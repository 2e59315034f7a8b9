//! Reads an event of the ledger from the table's stream. The sealed part is left out, because readers of the stream
//! must not have it.

use domain::{AggregateType, EncodedEvent, Timestamp};
use ports::{AggregateKey, EventRecord, StoreError};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use type_safe_id::{DynamicType, TypeSafeId};

/// The longest identifier: a prefix of 63 characters, `_` and 26 digits.
const LONGEST_ID: usize = 90;

/// The attributes of an event, by the names that `ledger_item` gives them.
#[derive(Deserialize)]
struct Image {
    sk: u64,
    event_id: String,
    event_type: String,
    schema_version: u16,
    tenant_id: String,
    aggregate_type: String,
    aggregate_id: String,
    actor: String,
    correlation_id: String,
    causation_id: Option<String>,
    occurred_at: String,
    data: Value,
}

/// Reads the image of a ledger item, as plain JSON.
pub fn read_ledger_image(image: &Value) -> Result<EventRecord, StoreError> {
    let image = Image::deserialize(image).map_err(|error| StoreError::Decode(error.into()))?;
    let tenant = image.tenant_id.parse().map_err(|_| StoreError::Malformed("tenant_id"))?;
    let kind =
        AggregateType::from_name(&image.aggregate_type).ok_or(StoreError::Malformed("aggregate_type"))?;
    let id = Some(&image.aggregate_id).filter(|id| id.is_ascii() && id.len() <= LONGEST_ID);
    let id: TypeSafeId<DynamicType> =
        id.and_then(|id| id.parse().ok()).ok_or(StoreError::Malformed("aggregate_id"))?;
    let cause = image.causation_id.map(|id| id.parse()).transpose();
    Ok(EventRecord {
        event_id: image.event_id.parse().map_err(|_| StoreError::Malformed("event_id"))?,
        key: AggregateKey::new(tenant, kind, &id),
        version: image.sk,
        event: EncodedEvent {
            event_type: image.event_type,
            schema_version: image.schema_version,
            data: image.data,
            personal: BTreeMap::new(),
        },
        actor: image.actor,
        correlation_id: image.correlation_id,
        causation_id: cause.map_err(|_| StoreError::Malformed("causation_id"))?,
        occurred_at: Timestamp::parse(&image.occurred_at)
            .map_err(|_| StoreError::Malformed("occurred_at"))?,
    })
}
