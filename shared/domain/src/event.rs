//! Events as the ledger keeps them: facts in `data`, and what identifies a person in `personal`, apart and by subject,
//! so that it can be sealed and erased. `data` must never hold personal data.

use crate::Timestamp;
use crate::id::SubjectId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Facts of sessions and API keys that must never leave the ledger: with them a stolen secret could be told from a wrong
/// one. Their schemas mark them `x-sextant-private`.
pub const SECRET_FACTS: [&str; 3] = ["family_hash", "token", "secret_hash"];

/// An event in the shape that is stored. Its `data` has a JSON Schema in `events/schemas`.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedEvent {
    /// Past-tense name, such as `lead_created`.
    pub event_type: String,
    /// Version of the shape of `data` and `personal`, from 1.
    pub schema_version: u16,
    /// Facts and identifiers.
    pub data: Value,
    /// What identifies a person, by subject. A subject that was erased is missing.
    pub personal: BTreeMap<SubjectId, Value>,
}

impl EncodedEvent {
    /// An event of facts only.
    pub fn facts(event_type: &str, data: &impl Serialize) -> Self {
        Self {
            event_type: event_type.to_owned(),
            schema_version: 1,
            // Our events are plain structs of strings and numbers, which serde_json can't fail to write.
            data: serde_json::to_value(data).unwrap_or_default(),
            personal: BTreeMap::new(),
        }
    }

    /// The same event in another version of its shape.
    pub fn with_version(mut self, schema_version: u16) -> Self {
        self.schema_version = schema_version;
        self
    }

    /// The same event with the personal part of one subject.
    pub fn with_personal(mut self, subject: SubjectId, personal: &impl Serialize) -> Self {
        self.personal.insert(subject, serde_json::to_value(personal).unwrap_or_default());
        self
    }

    /// Reads `data`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        T::deserialize(&self.data)
            .map_err(|source| DecodeError::Data { event_type: self.event_type.clone(), source })
    }

    /// Reads the only subject's personal part; `None` when the subject was erased.
    pub fn read_personal<T: DeserializeOwned>(&self) -> Result<Option<T>, DecodeError> {
        self.personal
            .values()
            .next()
            .map(|value| {
                T::deserialize(value)
                    .map_err(|source| DecodeError::Data { event_type: self.event_type.clone(), source })
            })
            .transpose()
    }
}

/// A stored event could not be understood.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No event of this aggregate has that name and version.
    #[error("unknown event {event_type} version {schema_version}")]
    Unknown {
        /// The name found.
        event_type: String,
        /// The version found.
        schema_version: u16,
    },
    /// Its body does not have the shape of its version.
    #[error("malformed event {event_type}")]
    Data {
        /// The event's name.
        event_type: String,
        /// Where the shape differs.
        source: serde_json::Error,
    },
}

impl DecodeError {
    /// The error for an event that an aggregate doesn't know.
    pub fn unknown(event: &EncodedEvent) -> Self {
        Self::Unknown { event_type: event.event_type.clone(), schema_version: event.schema_version }
    }
}

/// An event of one aggregate. Reading upcasts older versions.
pub trait DomainEvent: Sized + Send + Sync + 'static {
    /// The event in its stored shape.
    fn encode(&self) -> EncodedEvent;
    /// The event from its stored shape, whatever version it has.
    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError>;
}

/// When and where in its aggregate's history an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventMeta {
    /// When it happened.
    pub at: Timestamp,
}
