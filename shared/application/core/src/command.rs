//! Commands: how one aggregate is created or changed. The retry loop, the claim of an idempotency key, the precondition
//! and the check of access are here once; a use case gives the decision.

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

/// How often a change is decided when others change the same aggregate at the same time. After that the caller is told of
/// the conflict.
const TRIES: u32 = 5;

/// The request that a command serves.
pub struct Command<'a> {
    /// Where aggregates are kept.
    pub store: &'a dyn Store,
    /// The request's time, name and deadline.
    pub context: &'a Context,
    /// Who acts, as the ledger names it.
    pub actor: Actor,
    /// How a repetition of the request is known.
    pub idempotency: Idempotency<'a>,
}

/// How a repetition of a request is known.
#[derive(Debug, Clone, Copy)]
pub enum Idempotency<'a> {
    /// It is not: the request has no key.
    Unkeyed,
    /// By this key, which the command claims where it has to.
    Key(&'a IdempotencyKey),
    /// By this key, which the caller of the command claimed and gives up when the command fails.
    Claimed(&'a IdempotencyKey),
}

impl<'a> From<Option<&'a IdempotencyKey>> for Idempotency<'a> {
    fn from(key: Option<&'a IdempotencyKey>) -> Self {
        key.map_or(Self::Unkeyed, Self::Key)
    }
}

impl<'a> Idempotency<'a> {
    /// The same after the key was claimed.
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

/// Makes a transaction that its idempotency key is remembered with; the outcome of an earlier request when there was one.
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

/// Tries again from its beginning what met a concurrent change. Each try must load anew what it decides on.
pub async fn decide_anew<'a, T>(
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

/// Gives up a claim whose work failed.
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

/// Gives up a claim. A failure only delays the next try until the claim ends by itself.
pub async fn release(store: &dyn Store, key: &IdempotencyKey) {
    let _: Result<(), StoreError> = store.release(key).await;
}
