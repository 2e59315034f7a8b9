//! Commands create or change one aggregate. The retry loop, the claim of an idempotency key, the precondition and the
//! access check are implemented only here; a use case supplies the decision.

mod change;
mod creation;

use crate::idempotency::earlier;
use crate::repository::Actor;
use crate::{Context, Error};
use ports::{BoxFuture, CommitError, IdempotencyKey, Store, StoreError, Transaction};
use serde_json::Value;

pub use change::{
    Change, ChangeOrCreate, Changed, Decide, DecideOrCreate, change, change_loaded, change_or_create,
};
pub use creation::{Creation, create_once};

/// The most times that a change is decided if others change the same aggregate at the same time. After that the caller
/// gets the conflict.
const TRIES: u32 = 5;

/// The request of a command.
pub struct Command<'a> {
    /// The store of the aggregates.
    pub store: &'a dyn Store,
    /// The request's time, correlation id and deadline.
    pub context: &'a Context,
    /// The actor in the form that the ledger records.
    pub actor: Actor,
    /// How a repetition of the request is recognized.
    pub idempotency: Idempotency<'a>,
}

/// How a repetition of a request is recognized.
#[derive(Debug, Clone, Copy)]
pub enum Idempotency<'a> {
    /// The request has no key, so a repetition is not recognized.
    Unkeyed,
    /// By this key. The command claims it if it needs a claim.
    Key(&'a IdempotencyKey),
    /// By this key. The caller of the command has claimed it and releases it if the command fails.
    Claimed(&'a IdempotencyKey),
}

impl<'a> From<Option<&'a IdempotencyKey>> for Idempotency<'a> {
    fn from(key: Option<&'a IdempotencyKey>) -> Self {
        key.map_or(Self::Unkeyed, Self::Key)
    }
}

impl<'a> Idempotency<'a> {
    /// A claimed key, if there is a key.
    pub fn claimed(key: Option<&'a IdempotencyKey>) -> Self {
        key.map_or(Self::Unkeyed, Self::Claimed)
    }

    fn key(self) -> Option<&'a IdempotencyKey> {
        match self {
            Self::Unkeyed => None,
            Self::Key(key) | Self::Claimed(key) => Some(key),
        }
    }
}

/// Commits a transaction together with its idempotency key. Returns the outcome of an earlier request with the key, if
/// there was one.
pub async fn commit_once(
    command: &Command<'_>,
    transaction: Transaction,
    outcome: Value,
) -> Result<Option<Value>, Error> {
    let key = command.idempotency.key();
    let transaction = Transaction {
        idempotency: key.map(|key| (key.clone(), outcome, command.context.now)),
        idempotency_claimed: matches!(command.idempotency, Idempotency::Claimed(_)),
        ..transaction
    };
    match command.store.commit(&transaction).await {
        Ok(()) => Ok(None),
        Err(CommitError::Repeated(record)) => earlier(key, record).map(Some),
        Err(error) => Err(error.into()),
    }
}

/// Repeats an attempt that met a concurrent change. Each attempt must load its state again.
pub async fn retry_on_conflict<'a, T>(
    mut attempt: impl FnMut() -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Error> {
    for _ in 1..TRIES {
        match attempt().await {
            Err(Error::Conflict) => {}
            result => return result,
        }
    }
    attempt().await
}

/// Releases the claim if the work failed.
async fn release_failed<T>(
    store: &dyn Store,
    key: &IdempotencyKey,
    result: Result<T, Error>,
) -> Result<T, Error> {
    if result.is_err() {
        release(store, key).await;
    }
    result
}

/// Releases a claim. If that fails, the next try only has to wait until the claim expires.
pub async fn release(store: &dyn Store, key: &IdempotencyKey) {
    let _: Result<(), StoreError> = store.release(key).await;
}
