//! The error of a use case for each way in which a commit is refused.

use application_core::{Error, IdempotencyConflict};
use ports::{CommitError, IdempotencyRecord, StoreError, UniqueKind};
use serde_json::json;

fn repeated(outcome: Option<serde_json::Value>) -> Error {
    CommitError::Repeated(IdempotencyRecord { request_hash: "h".to_owned(), outcome }).into()
}

#[test]
fn every_refusal_of_a_commit_has_its_own_meaning() {
    assert!(matches!(CommitError::Conflict.into(), Error::Conflict));
    assert!(matches!(CommitError::NotUnique(UniqueKind::Email).into(), Error::Taken(UniqueKind::Email)));
    assert!(matches!(repeated(None), Error::Idempotency(IdempotencyConflict::InFlight)));
    assert!(matches!(repeated(Some(json!({}))), Error::Idempotency(IdempotencyConflict::OtherRequest)));
    let store = CommitError::Store(StoreError::TooLarge);
    assert!(matches!(store.into(), Error::Store(StoreError::TooLarge)));
}
