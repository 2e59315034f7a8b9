//! Stored data of an aggregate: its key, the records of its events, and its state.

use super::StoreError;
use crate::WrappedKey;
use domain::id::{EventId, OrganizationId, SubjectId};
use domain::{Aggregate, AggregateType, EncodedEvent, Timestamp, Versioned};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use type_safe_id::{DynamicType, TypeSafeId};

/// Names one aggregate. It can't be made without a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AggregateKey {
    tenant: OrganizationId,
    kind: AggregateType,
    id: String,
}

impl AggregateKey {
    /// The key of a tenant's aggregate. `id` is a `TypeSafeId`, which contains no delimiter.
    pub fn new<T: type_safe_id::Type>(
        tenant: OrganizationId,
        kind: AggregateType,
        id: &type_safe_id::TypeSafeId<T>,
    ) -> Self {
        Self { tenant, kind, id: id.to_string() }
    }

    /// The key of a tenant's aggregate, from a stored text; `None` if the text is not an identifier.
    pub fn from_stored(tenant: OrganizationId, kind: AggregateType, id: &str) -> Option<Self> {
        let id: TypeSafeId<DynamicType> = id.parse().ok()?;
        Some(Self { tenant, kind, id: id.to_string() })
    }

    /// The key of another aggregate of the same tenant and kind, from a stored text; `None` if the text is not an
    /// identifier.
    pub fn of_same_kind(&self, id: &str) -> Option<Self> {
        Self::from_stored(self.tenant, self.kind, id)
    }

    /// The tenant.
    pub fn tenant(&self) -> OrganizationId {
        self.tenant
    }

    /// The kind of the aggregate.
    pub fn kind(&self) -> AggregateType {
        self.kind
    }

    /// The id of the aggregate.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// An event with everything that the ledger records.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRecord {
    /// The id of the event.
    pub event_id: EventId,
    /// The aggregate.
    pub key: AggregateKey,
    /// Position in the aggregate's history, from 1.
    pub version: u64,
    /// The event itself.
    pub event: EncodedEvent,
    /// The actor: an account, an API key, `system:<function>` or `anonymous`.
    pub actor: String,
    /// The correlation id of the request.
    pub correlation_id: String,
    /// The event that caused it, if one did.
    pub causation_id: Option<EventId>,
    /// When it happened.
    pub occurred_at: Timestamp,
}

/// A stored state.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredState {
    /// The number of events that were folded.
    pub version: u64,
    /// The version of the shape of `state` ([`Aggregate::SCHEMA_VERSION`] at the time of the write).
    pub schema_version: u32,
    /// The aggregate as JSON text, as it was stored. [`Self::decode`] reads it once; a tree of values in between would cost
    /// more than the rest of the read.
    pub state: String,
}

impl StoredState {
    /// The aggregate that the state describes. A document of an earlier schema version is brought into today's shape first.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownSchema`] for a version that this code does not know, such as one that newer code wrote before it
    /// was rolled back.
    pub fn decode<A: Aggregate>(self) -> Result<Versioned<A>, StoreError> {
        self.decode_part::<A, A>()
    }

    /// A part of the aggregate `A` that the state describes: a type with some of its fields.
    ///
    /// # Errors
    ///
    /// As [`Self::decode`].
    pub fn decode_part<A: Aggregate, Part: DeserializeOwned>(self) -> Result<Versioned<Part>, StoreError> {
        let unknown =
            StoreError::UnknownSchema { kind: A::TYPE.as_str(), schema_version: self.schema_version };
        let decoded = if self.schema_version == A::SCHEMA_VERSION {
            serde_json::from_str(&self.state)
        } else if self.schema_version < A::SCHEMA_VERSION {
            match serde_json::from_str(&self.state) {
                Ok(document) => Part::deserialize(A::upcast(document, self.schema_version).ok_or(unknown)?),
                Err(error) => Err(error),
            }
        } else {
            return Err(unknown);
        };
        let state = decoded.map_err(|error| StoreError::Decode(error.into()))?;
        Ok(Versioned { state, version: self.version })
    }
}

/// Keys of data subjects, wrapped by the tenant's data key. A subject that was erased has none.
pub type SubjectKeys = BTreeMap<SubjectId, WrappedKey>;

/// A state loaded in order to change it.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedToChange {
    /// The state.
    pub state: StoredState,
    /// The keys that are needed to seal new events.
    pub subject_keys: SubjectKeys,
}
