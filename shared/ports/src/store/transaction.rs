//! A transaction: the changes of aggregates, unique values and the idempotency record that are written together.

use super::{AggregateKey, EventRecord, StoreError, SubjectKeys};
use crate::WrappedKey;
use domain::id::{OrganizationId, SubjectId};
use domain::lists::{Filter, FilterValue, ListEntry};
use domain::{Aggregate, Timestamp};
use serde_json::Value;

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
    pub tenant_key: Option<(OrganizationId, WrappedKey)>,
    /// The key of the request, its outcome, and the time now: the record expires 24 hours later.
    pub idempotency: Option<(IdempotencyKey, Value, Timestamp)>,
    /// Whether the idempotency key was claimed before, so that its record is replaced.
    pub idempotency_claimed: bool,
}
