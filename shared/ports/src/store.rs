//! The ledger, the state and what must be unique, behind one port: a command is one transaction, a read one look-up.
//! Typed helpers for use cases are in `application_core::repository`.

use super::{BoxFuture, Source};
use domain::id::{AccountId, EventId, OrganizationId, SubjectId};
use domain::{Aggregate, AggregateType, EncodedEvent, Indexed, Timestamp, Versioned};
use serde_json::Value;
use std::collections::BTreeMap;

/// Names one aggregate. It can't be made without a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AggregateKey {
    tenant: OrganizationId,
    kind: AggregateType,
    id: String,
}

impl AggregateKey {
    /// The key of a tenant's aggregate. `id` is a `TypeSafeId`, which can hold no delimiter.
    pub fn new<T: type_safe_id::Type>(
        tenant: OrganizationId,
        kind: AggregateType,
        id: &type_safe_id::TypeSafeId<T>,
    ) -> Self {
        Self { tenant, kind, id: id.to_string() }
    }

    /// Whose it is.
    pub fn tenant(&self) -> OrganizationId {
        self.tenant
    }

    /// What it is.
    pub fn kind(&self) -> AggregateType {
        self.kind
    }

    /// Which one.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// An event with everything the ledger records.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRecord {
    /// Unique.
    pub event_id: EventId,
    /// What it happened to.
    pub key: AggregateKey,
    /// Position in the aggregate's history, from 1.
    pub version: u64,
    /// What happened.
    pub event: EncodedEvent,
    /// Who did it: an account, an API key, `system:<function>` or `anonymous`.
    pub actor: String,
    /// The request it belongs to.
    pub correlation_id: String,
    /// The event that caused it, if one did.
    pub causation_id: Option<EventId>,
    /// When.
    pub occurred_at: Timestamp,
}

/// A stored state.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredState {
    /// Number of events folded into it.
    pub version: u64,
    /// The aggregate as JSON.
    pub state: Value,
}

impl StoredState {
    /// The aggregate that the state describes.
    pub fn decode<A: Aggregate>(self) -> Result<Versioned<A>, StoreError> {
        let state = A::deserialize(self.state).map_err(|error| StoreError::Decode(error.into()))?;
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
    /// The keys that sealing new events takes.
    pub subject_keys: SubjectKeys,
}

/// The state after a transaction.
#[derive(Debug, Clone)]
pub struct ChangedState {
    /// The aggregate as JSON.
    pub state: Value,
    /// Where lists find it.
    pub indexed: Option<Indexed>,
    /// Whether a job has to go on with it, and must find it among everybody's.
    pub open: bool,
    /// When it may be forgotten; then it lives in the ephemeral table.
    pub expires_at: Option<Timestamp>,
}

/// One aggregate's part of a transaction.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which aggregate.
    pub key: AggregateKey,
    /// Version it must have now; 0 when it must not exist.
    pub expected_version: u64,
    /// New events, versions `expected_version + 1` and on. The personal part of each is sealed under its subject's key,
    /// which is one of `new_subjects` or of `subject_keys`.
    pub events: Vec<EventRecord>,
    /// The new state.
    pub state: ChangedState,
    /// Subjects whose key is made now.
    pub new_subjects: Vec<SubjectId>,
    /// Keys that were loaded with the aggregate.
    pub subject_keys: SubjectKeys,
    /// Subjects whose key is destroyed: what was sealed under it can't be read by anyone any more.
    pub erased_subjects: Vec<SubjectId>,
}

/// Kinds of unique values; part of their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueKind {
    /// An account's e-mail address, across all tenants.
    Email,
}

/// A value that only one aggregate may have. Stored as a hash.
#[derive(Debug, Clone)]
pub struct Unique {
    /// What it is.
    pub kind: UniqueKind,
    /// The value itself.
    pub value: String,
    /// Whose it becomes.
    pub holder: AggregateKey,
}

/// Identifies a retried request (draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Operation, and whose key it is: tenant and account (or API key), or a pseudonym of an address on a public route. Keys
    /// of different callers never meet.
    pub scope: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of method, path and the canonical form of the body, base64url.
    pub request_hash: String,
}

/// What an earlier request with the same key led to.
#[derive(Debug, Clone, PartialEq)]
pub struct IdempotencyRecord {
    /// The request it was.
    pub request_hash: String,
    /// Ids and versions from which its answer is made again; `None` while it is in flight. Never personal.
    pub outcome: Option<Value>,
}

/// What claiming an idempotency key led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// The key is ours until the claim expires.
    Claimed,
    /// Somebody has it.
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
    /// Key of the request, its outcome, and now: the record expires 24 hours later.
    pub idempotency: Option<(IdempotencyKey, Value, Timestamp)>,
    /// True when the idempotency key was claimed before, so that its in-flight record is replaced.
    pub idempotency_claimed: bool,
}

/// The store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached, throttles, or did not answer in time.
    #[error("the store is unavailable")]
    Unavailable(#[source] Source),
    /// It refuses the call for good: a missing permission, a malformed request. A defect, never the caller's fault.
    #[error("the store refuses the call")]
    Refused(#[source] Source),
    /// What is stored can't be understood: a defect, never the caller's fault.
    #[error("a stored record is malformed: {0}")]
    Malformed(&'static str),
    /// The record or the transaction is larger than the store takes, so trying again is useless.
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
    /// Somebody else changed the aggregate first, or it exists already.
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

/// Orders of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOrder {
    /// Newest first.
    Created,
    /// Highest score first, the unscored last and the newest of equals first.
    Score,
}

/// Fields that lists can be narrowed by; the names are ours, never a caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterField {
    /// `status`
    Status,
    /// `industry`
    Industry,
}

/// Narrows a list to states in which `field` equals `value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Which field.
    pub field: FilterField,
    /// The value it must have.
    pub value: String,
}

/// Where a page ended: the sort key of its last element. Whoever hands it to a client must seal it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The index sort key.
    pub sort_key: String,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Whose.
    pub tenant: OrganizationId,
    /// Of what.
    pub kind: AggregateType,
    /// Only this owner's.
    pub owner: Option<AccountId>,
    /// In which order.
    pub order: ListOrder,
    /// Only these.
    pub filters: Vec<Filter>,
    /// Only with at least this score.
    pub min_score: Option<u8>,
    /// Only created at or after.
    pub created_from: Option<Timestamp>,
    /// Only created before.
    pub created_to: Option<Timestamp>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// After this position.
    pub after: Option<Position>,
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// In the order asked for.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Position>,
}

/// Keeps aggregates.
pub trait Store: Send + Sync {
    /// The current state, strongly consistent: one read.
    fn load<'a>(&'a self, key: &'a AggregateKey) -> BoxFuture<'a, Result<Option<StoredState>, StoreError>>;

    /// The current states of several aggregates, in the order asked for: one batch read.
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

    /// Makes a transaction: one write.
    fn commit<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Result<(), CommitError>>;

    /// The history up to and including version `through`, unsealed where the subject's key still exists.
    fn history<'a>(
        &'a self,
        key: &'a AggregateKey,
        through: u64,
    ) -> BoxFuture<'a, Result<Vec<EventRecord>, StoreError>>;

    /// A page of current states.
    fn list<'a>(&'a self, query: &'a ListQuery) -> BoxFuture<'a, Result<Page<StoredState>, StoreError>>;

    /// Claims an idempotency key before work that must not be done twice: one write. The claim ends by itself at
    /// `expires_at`, so that a crash doesn't block the key.
    fn claim<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> BoxFuture<'a, Result<Claim, StoreError>>;

    /// Keeps the outcome of work under a claimed key that is more than one transaction, after the last of them: one write.
    fn complete<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        outcome: &'a Value,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Gives up a claim whose work failed, so that a retry may start at once.
    fn release<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<(), StoreError>>;
}
