//! Answers to repeated requests. The stored outcome of the first request is a version of an aggregate. The answer is
//! made again from the ledger as of that version, so that no answer, and nothing personal in it, is stored.

use crate::{Context, Error, IdempotencyConflict, repository};
use domain::{Aggregate, Timestamp, Versioned};
use ports::{AggregateKey, Claim, CommitError, IdempotencyKey, IdempotencyRecord, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A result, and whether it is repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The result.
    pub value: T,
    /// Whether an earlier request with the same key led to it.
    pub replayed: bool,
}

impl<T> Answer<T> {
    /// The result of a request that is not repeated.
    pub fn first(value: T) -> Self {
        Self { value, replayed: false }
    }
}

/// The version of an aggregate to which a request led.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    id: String,
    version: u64,
}

/// The outcome of a request that led to `version` of `id`.
pub fn outcome(id: &impl ToString, version: u64) -> Value {
    json!(Outcome { id: id.to_string(), version })
}

/// The key of one part of a request whose parts are separate commands. A repetition after a crash finds by it the parts
/// that were done.
pub fn part(key: &IdempotencyKey, part: &impl ToString) -> IdempotencyKey {
    // Only the gateway's code builds this scope, so no caller's key can name a part.
    IdempotencyKey { scope: format!("{}#{}", key.scope, part.to_string()), ..key.clone() }
}

/// The part of a transaction that stores the outcome of the request.
pub fn remember(
    key: Option<&IdempotencyKey>,
    outcome: impl FnOnce() -> Value,
    now: Timestamp,
) -> Option<(IdempotencyKey, Value, Timestamp)> {
    key.map(|key| (key.clone(), outcome(), now))
}

/// Checks that a record belongs to this request and has an outcome.
pub fn earlier(key: Option<&IdempotencyKey>, record: IdempotencyRecord) -> Result<Value, Error> {
    if key.is_none_or(|key| key.request_hash != record.request_hash) {
        return Err(Error::Idempotency(IdempotencyConflict::OtherRequest));
    }
    record.outcome.ok_or(Error::Idempotency(IdempotencyConflict::InFlight))
}

/// The aggregate as the earlier request left it; `None` when it is gone, or when `may_show` says about its current
/// state that the caller may not see it any more: a replay never shows more than a read. One read, and the history as
/// well when the aggregate was changed since.
pub async fn replay<A: Aggregate>(
    store: &dyn Store,
    key: impl FnOnce(&str) -> Result<AggregateKey, Error>,
    outcome: Value,
    may_show: impl FnOnce(&A) -> bool,
) -> Result<Option<Answer<Versioned<A>>>, Error> {
    let outcome = read_outcome(outcome)?;
    let key = key(&outcome.id)?;
    let current = repository::load::<A>(store, &key).await?;
    let Some(current) = current.filter(|current| may_show(&current.state)) else { return Ok(None) };
    let value = as_of(store, &key, current, outcome.version).await?;
    Ok(Some(Answer { value, replayed: true }))
}

/// The same for a loaded aggregate that the caller may see.
pub async fn replay_loaded<A: Aggregate>(
    store: &dyn Store,
    key: &AggregateKey,
    current: Versioned<A>,
    outcome: Value,
) -> Result<Answer<Versioned<A>>, Error> {
    let value = as_of(store, key, current, read_outcome(outcome)?.version).await?;
    Ok(Answer { value, replayed: true })
}

fn read_outcome(outcome: Value) -> Result<Outcome, Error> {
    Ok(Outcome::deserialize(outcome).map_err(|error| StoreError::Decode(error.into()))?)
}

/// The aggregate at this version. The history is read only when it is not the current one.
async fn as_of<A: Aggregate>(
    store: &dyn Store,
    key: &AggregateKey,
    current: Versioned<A>,
    version: u64,
) -> Result<Versioned<A>, Error> {
    if current.version == version {
        return Ok(current);
    }
    repository::fold(store, key, version).await?.ok_or(Error::NotFound)
}

/// The record in a refused commit, if it is the reason of the refusal.
pub fn repeated(error: CommitError) -> Result<IdempotencyRecord, Error> {
    match error {
        CommitError::Repeated(record) => Ok(record),
        error => Err(error.into()),
    }
}

/// Claims the key for work that must not be done twice; returns the outcome of the earlier request when there is one.
/// The claim ends when this request must have been answered.
pub async fn claim(
    store: &dyn Store,
    key: Option<&IdempotencyKey>,
    context: &Context,
) -> Result<Option<Value>, Error> {
    let Some(key) = key else { return Ok(None) };
    let seconds = i64::try_from(context.time_left().as_secs()).unwrap_or(900) + 1;
    match store.claim(key, context.now, context.now.plus_seconds(seconds)).await? {
        Claim::Claimed => Ok(None),
        Claim::Taken(record) => earlier(Some(key), record).map(Some),
    }
}
