//! The ledger, the states and unique values, behind one port: a command is one transaction, a read one look-up. Typed
//! helpers for use cases are in `application_core::repository`.

mod stored;
mod transaction;

use super::{BoxFuture, ListQuery, ListedEntry, Page, Source};
use domain::Timestamp;
use domain::id::SubjectId;
use serde_json::Value;

pub use stored::{AggregateKey, EventRecord, LoadedToChange, StoredState, SubjectKeys};
pub use transaction::{
    Change, ChangedState, Claim, IdempotencyKey, IdempotencyRecord, Transaction, Unique, UniqueKind,
};

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
