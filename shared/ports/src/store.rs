//! The ledger, the states and unique values, behind one port: a command is one transaction, a read one look-up. Typed
//! helpers for use cases are in `application_core::repository`.

use super::{BoxFuture, ListQuery, ListedEntry, Page, Source};
use domain::id::{EventId, OrganizationId, SubjectId};
use domain::lists::{Filter, FilterValue, ListEntry};
use domain::{Aggregate, AggregateType, EncodedEvent, Timestamp, Versioned};
use serde::de::DeserializeOwned;
use serde_json::Value;
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
pub type SubjectKeys = BTreeMap<SubjectId, super::WrappedKey>;

/// A state loaded in order to change it.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedToChange {
    /// The state.
    pub state: StoredState,
    /// The keys that are needed to seal new events.
    pub subject_keys: SubjectKeys,
}

/// The state after a transaction.
#[derive(Debug, Clone)]
pub struct ChangedState {
    /// The aggregate as JSON.
    pub state: Value,
    /// The version of the shape of `state`.
    pub schema_version: u32,
    /// Its entries in lists.
    pub lists: Vec<ListEntry>,
    /// The values by which these lists can be narrowed.
    pub filters: Vec<(Filter, FilterValue)>,
    /// The time after which it may be removed; such states are in the ephemeral table.
    pub expires_at: Option<Timestamp>,
}

impl ChangedState {
    /// What is stored of an aggregate.
    ///
    /// # Errors
    ///
    /// [`StoreError::Decode`] for a state that has no JSON form, which is a defect.
    pub fn of<A: Aggregate>(aggregate: &A) -> Result<Self, StoreError> {
        Ok(Self {
            state: serde_json::to_value(aggregate).map_err(|error| StoreError::Decode(error.into()))?,
            schema_version: A::SCHEMA_VERSION,
            lists: aggregate.lists(),
            filters: aggregate.filters(),
            expires_at: aggregate.expires_at(),
        })
    }
}

/// One aggregate's part of a transaction.
#[derive(Debug, Clone)]
pub struct Change {
    /// The aggregate.
    pub key: AggregateKey,
    /// The version that it must have now; 0 when it must not exist.
    pub expected_version: u64,
    /// New events, versions `expected_version + 1` and on. The personal part of each is sealed under its subject's key,
    /// which is one of `new_subjects` or of `subject_keys`.
    pub events: Vec<EventRecord>,
    /// The new state.
    pub state: ChangedState,
    /// Subjects for which a key is created.
    pub new_subjects: Vec<SubjectId>,
    /// Keys that were loaded with the aggregate.
    pub subject_keys: SubjectKeys,
    /// Subjects whose key is destroyed: text that was sealed under it can't be read by anyone any more.
    pub erased_subjects: Vec<SubjectId>,
}

/// Kinds of unique values; part of their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueKind {
    /// A key of the mailbox of an account, across all tenants: `domain::email_address::mailbox_keys`.
    Email,
}

/// A value that only one aggregate may have. Stored as a hash.
#[derive(Debug, Clone)]
pub struct Unique {
    /// The kind of the value.
    pub kind: UniqueKind,
    /// The value itself.
    pub value: String,
    /// The aggregate that will have the value.
    pub holder: AggregateKey,
}

/// Identifies a retried request (draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The operation and the owner of the key: tenant and account (or API key), or a pseudonym of an address on a
    /// public route. Keys of different callers never collide.
    pub scope: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of method, path and the canonical form of the body, base64url.
    pub request_hash: String,
}

/// The record of an earlier request with the same key.
#[derive(Debug, Clone, PartialEq)]
pub struct IdempotencyRecord {
    /// The hash of that request.
    pub request_hash: String,
    /// Ids and versions from which its answer is made again; `None` while it is running. Never personal.
    pub outcome: Option<Value>,
}

/// The result of claiming an idempotency key.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// The request holds the key until the claim expires.
    Claimed,
    /// Another request holds the key or has used it.
    Taken(IdempotencyRecord),
}

/// One transaction: all of it happens or nothing.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// Aggregates that change; at least one.
    pub changes: Vec<Change>,
    /// Values that become taken.
    pub unique: Vec<Unique>,
    /// A new tenant's wrapped data key.
    pub tenant_key: Option<(OrganizationId, super::WrappedKey)>,
    /// The key of the request, its outcome, and the time now: the record expires 24 hours later.
    pub idempotency: Option<(IdempotencyKey, Value, Timestamp)>,
    /// Whether the idempotency key was claimed before, so that its record is replaced.
    pub idempotency_claimed: bool,
}

/// The store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached, throttles, or did not answer in time.
    #[error("the store is unavailable")]
    Unavailable(#[source] Source),
    /// It refuses the call for good: a missing permission, a malformed request. This is a defect, never the caller's
    /// fault.
    #[error("the store refuses the call")]
    Refused(#[source] Source),
    /// A stored item can't be understood: a defect, never the caller's fault.
    #[error("a stored record is malformed: {0}")]
    Malformed(&'static str),
    /// The ledger lacks an event of an aggregate. This is a defect and never the caller's fault.
    #[error("the history of an aggregate lacks version {missing_version}")]
    IncompleteHistory {
        /// The first missing version.
        missing_version: u64,
    },
    /// A stored state has a shape that this code does not know, because newer code wrote it. This is never the caller's
    /// fault.
    #[error("a stored {kind} has the unknown schema version {schema_version}")]
    UnknownSchema {
        /// The kind of the aggregate.
        kind: &'static str,
        /// The schema version of the state.
        schema_version: u32,
    },
    /// The record or the transaction is larger than the store accepts, so another try is useless.
    #[error("a record or transaction is larger than the store takes")]
    TooLarge,
    /// A key that seals personal data is unavailable.
    #[error("a data key is unavailable")]
    Key(#[from] super::KeyError),
    /// An event or state can't be decoded.
    #[error("a stored event or state can't be decoded")]
    Decode(#[source] Source),
}

/// A transaction did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another request changed the aggregate first, or it exists already.
    #[error("the aggregate was changed by somebody else")]
    Conflict,
    /// The value is taken.
    #[error("the value is taken")]
    NotUnique(UniqueKind),
    /// The idempotency key was used before.
    #[error("the idempotency key was used before")]
    Repeated(IdempotencyRecord),
    /// The store failed.
    #[error("the transaction could not be made")]
    Store(#[from] StoreError),
}

/// Loads and commits aggregates.
pub trait Store: Send + Sync {
    /// The current state, strongly consistent: one read.
    fn load<'a>(&'a self, key: &'a AggregateKey) -> BoxFuture<'a, Result<Option<StoredState>, StoreError>>;

    /// The current states of several aggregates, in the order of the keys: one batch read.
    fn load_many<'a>(
        &'a self,
        keys: &'a [AggregateKey],
    ) -> BoxFuture<'a, Result<Vec<Option<StoredState>>, StoreError>>;

    /// The current state together with the keys of `subjects`, which a following `commit` needs to seal: one batch read.
    fn load_to_change<'a>(
        &'a self,
        key: &'a AggregateKey,
        subjects: &'a [SubjectId],
    ) -> BoxFuture<'a, Result<Option<LoadedToChange>, StoreError>>;

    /// The aggregate that holds a unique value: one read.
    fn find_unique<'a>(
        &'a self,
        kind: UniqueKind,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<AggregateKey>, StoreError>>;

    /// Carries a transaction out: one write.
    fn commit<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Result<(), CommitError>>;

    /// The stored history up to and including version `through`, unsealed where the subject's key still exists. Use
    /// cases call `application_core::repository::history`, which finds gaps.
    fn history<'a>(
        &'a self,
        key: &'a AggregateKey,
        through: u64,
    ) -> BoxFuture<'a, Result<Vec<EventRecord>, StoreError>>;

    /// A page of a list. It reads at most ten times as many entries as the page may have, or two for each shard of the
    /// list where that is more. A page of a narrowed list may therefore have fewer entries than its limit, or none, and
    /// say where the list goes on. Lists follow their table: an aggregate that changed just now may be missing or still
    /// be there. Use cases call `application_core::lists`, which decodes.
    fn list<'a>(&'a self, query: &'a ListQuery) -> BoxFuture<'a, Result<Page<ListedEntry>, StoreError>>;

    /// Claims an idempotency key before work that must not be done twice: one write. The claim ends by itself at
    /// `expires_at`, so that a crash doesn't block the key.
    fn claim<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> BoxFuture<'a, Result<Claim, StoreError>>;

    /// Stores the outcome of claimed work that is more than one transaction, after the last of them: one write.
    fn complete<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        outcome: &'a Value,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Gives up a claim whose work failed, so that a retry may start at once.
    fn release<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<(), StoreError>>;
}
