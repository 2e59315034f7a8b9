//! Answers to repeated requests. The stored outcome of the first request is a version of an aggregate. The answer is
//! made again from the ledger as of that version, so that no answer, and nothing personal in it, is stored.

use crate::{Context, Error, IdempotencyConflict, repository};
use domain::{Aggregate, Versioned};
use ports::{AggregateKey, Claim, IdempotencyKey, IdempotencyRecord, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A result, and whether it is repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct RepeatableResult<T> {
    /// The result.
    pub value: T,
    /// Whether an earlier request with the same key led to it.
    pub replayed: bool,
}

impl<T> RepeatableResult<T> {
    /// The result of a request that is not repeated.
    pub fn first(value: T) -> Self {
        Self { value, replayed: false }
    }
}

/// The version of an aggregate to which a request led.
#[derive(Debug, Serialize, Deserialize)]
struct IdempotencyOutcome {
    id: String,
    version: u64,
}

/// The outcome of a request that led to `version` of `id`.
pub fn outcome(id: &impl ToString, version: u64) -> Value {
    json!(IdempotencyOutcome { id: id.to_string(), version })
}

/// The key of one part of a request whose parts are separate commands. A repetition after a crash finds by it the parts
/// that were done.
pub fn part(key: &IdempotencyKey, part: &impl ToString) -> IdempotencyKey {
    // Only the gateway's code builds this scope, so no caller's key can name a part.
    IdempotencyKey { scope: format!("{}#{}", key.scope, part.to_string()), ..key.clone() }
}

/// Checks that a record belongs to this request and has an outcome.
pub fn earlier(key: Option<&IdempotencyKey>, record: IdempotencyRecord) -> Result<Value, Error> {
    if key.is_none_or(|key| key.request_hash != record.request_hash) {
        return Err(Error::Idempotency(IdempotencyConflict::OtherRequest));
    }
    record.outcome.ok_or(Error::Idempotency(IdempotencyConflict::InFlight))
}

/// The key of the aggregate of an earlier request. It has the same kind and tenant as `like`.
pub fn replayed_key(like: &AggregateKey, outcome: &Value) -> Result<AggregateKey, Error> {
    let outcome = read_outcome(outcome)?;
    Ok(like.of_same_kind(&outcome.id).ok_or(StoreError::Malformed("the outcome of a request"))?)
}

/// The aggregate in the state that the earlier request produced. The caller must be allowed to see the current state,
/// because a repeated answer must not show more than a read. The history is read only if the aggregate was changed
/// since.
pub async fn replay_loaded<A: Aggregate>(
    store: &dyn Store,
    key: &AggregateKey,
    current: Versioned<A>,
    outcome: Value,
) -> Result<RepeatableResult<Versioned<A>>, Error> {
    let value = as_of(store, key, current, read_outcome(&outcome)?.version).await?;
    Ok(RepeatableResult { value, replayed: true })
}

fn read_outcome(outcome: &Value) -> Result<IdempotencyOutcome, Error> {
    Ok(IdempotencyOutcome::deserialize(outcome).map_err(|error| StoreError::Decode(error.into()))?)
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
    Ok(repository::fold_at(store, key, version).await?)
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
    // From now: counted from the beginning of the request, the claim would end before the request does.
    match store.claim(key, context.now, context.clock().plus_seconds(seconds)).await? {
        Claim::Claimed => Ok(None),
        Claim::Taken(record) => earlier(Some(key), record).map(Some),
    }
}
