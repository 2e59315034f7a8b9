//! An event as it travels on the bus and in queues. It must never hold personal data or a secret: consumers fetch what
//! they need with their own authority. The shape of `data` is in `events/schemas/<event_type>.v<schema_version>.json`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `source` of every event on the bus.
pub const SOURCE: &str = "sextant.ledger";

/// The detail of a bus event. Fields may be added; consumers ignore those they don't know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventMessage {
    /// Id (`event_…`); consumers handle each id once.
    pub event_id: String,
    /// Past-tense name such as `lead_scored`; also the bus event's detail type.
    pub event_type: String,
    /// Version of the shape of `data`, from 1.
    pub schema_version: u16,
    /// The organization it belongs to (`org_…`).
    pub tenant_id: String,
    /// The kind of aggregate, such as `lead`.
    pub aggregate_type: String,
    /// The id of the aggregate.
    pub aggregate_id: String,
    /// Position in the aggregate's history, from 1.
    pub version: u64,
    /// When the event happened, RFC 3339 in UTC.
    pub occurred_at: String,
    /// Who caused it: an account's or API key's id, `system:<function>` or `anonymous`.
    pub actor: String,
    /// The correlation id of the request that caused it.
    pub correlation_id: String,
    /// The id of the event that caused it; null when a request caused it.
    pub causation_id: Option<String>,
    /// Facts and ids.
    pub data: Value,
}

/// The message that EventBridge puts into a queue, in its envelope. Other fields of the envelope are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BusEvent {
    /// Always [`SOURCE`].
    pub source: String,
    /// The message's event type.
    #[serde(rename = "detail-type")]
    pub detail_type: String,
    /// The message.
    pub detail: EventMessage,
}
