//! Events in the form that the ledger stores: facts in `data`, and data that identifies a person in `personal`,
//! separately for each subject, so that it can be sealed and erased. `data` must never contain personal data.

use crate::Timestamp;
use crate::id::SubjectId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Facts of sessions, API keys, tokens in mails and second factors that must never leave the ledger, because they allow to test
/// whether a stolen secret is valid. Their schemas mark them `x-sextant-private`.
pub const SECRET_FACTS: [&str; 8] = [
    "family_hash",
    "token",
    "secret_hash",
    "address_hash",
    "totp_secret",
    "recovery_code_hashes",
    "recovery_code_hash",
    "passkey_credential",
];

/// An event in the stored form. Its `data` has a JSON Schema in `events/schemas`.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedEvent {
    /// The name in the past tense, such as `lead_created`.
    pub event_type: String,
    /// The version of the shape of `data` and `personal`, starting with 1.
    pub schema_version: u16,
    /// The facts and identifiers.
    pub data: Value,
    /// The data that identifies a person, by subject. An erased subject is missing.
    pub personal: BTreeMap<SubjectId, Value>,
}

impl EncodedEvent {
    /// An event without personal data.
    pub fn facts(event_type: &str, data: &impl Serialize) -> Self {
        Self {
            event_type: event_type.to_owned(),
            schema_version: 1,
            // Our events are plain structs of strings and numbers, which serde_json always can write.
            data: serde_json::to_value(data).unwrap_or_default(),
            personal: BTreeMap::new(),
        }
    }

    /// The same event with another version of its shape.
    pub fn with_version(mut self, schema_version: u16) -> Self {
        self.schema_version = schema_version;
        self
    }

    /// The same event with the personal data of one subject.
    pub fn with_personal(mut self, subject: SubjectId, personal: &impl Serialize) -> Self {
        self.personal.insert(subject, serde_json::to_value(personal).unwrap_or_default());
        self
    }

    /// Reads `data` as a type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        T::deserialize(&self.data)
            .map_err(|source| DecodeError::Data { event_type: self.event_type.clone(), source })
    }

    /// Reads the personal data of the only subject; `None` if the subject was erased.
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

/// A stored event can't be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The aggregate has no event with this name and version.
    #[error("unknown event {event_type} version {schema_version}")]
    Unknown {
        /// The name found.
        event_type: String,
        /// The version found.
        schema_version: u16,
    },
    /// The stored body does not have the shape of its version.
    #[error("malformed event {event_type}")]
    Data {
        /// The event's name.
        event_type: String,
        /// The difference of the shape.
        source: serde_json::Error,
    },
}

impl DecodeError {
    /// The error for an event that the aggregate does not have.
    pub fn unknown(event: &EncodedEvent) -> Self {
        Self::Unknown { event_type: event.event_type.clone(), schema_version: event.schema_version }
    }
}

/// An event of one aggregate. Reading converts older versions.
pub trait DomainEvent: Sized + Send + Sync + 'static {
    /// The event in its stored form.
    fn encode(&self) -> EncodedEvent;
    /// The event from its stored form, whatever its version is.
    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError>;
}

/// The time and the position of an event in the history of its aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventMeta {
    /// When the event happened.
    pub at: Timestamp,
}
