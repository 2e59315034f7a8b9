//! Idempotency keys: a request that comes again does nothing again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use domain::Timestamp;
use futures_util::future::join_all;
use ports::{Claim, CommitError, IdempotencyKey, IdempotencyRecord, Store, Transaction};
use serde_json::{Value, json};
use support::{World, at, company};

fn key(scope: &str, key: &str) -> IdempotencyKey {
    IdempotencyKey { scope: scope.to_owned(), key: key.to_owned(), request_hash: "hash".to_owned() }
}

fn outcome() -> Value {
    json!({"id": "lead_1", "version": 1})
}

fn done() -> IdempotencyRecord {
    IdempotencyRecord { request_hash: "hash".to_owned(), outcome: Some(outcome()) }
}

fn in_flight() -> IdempotencyRecord {
    IdempotencyRecord { request_hash: "hash".to_owned(), outcome: None }
}

/// Creates a lead under an idempotency key.
async fn create(
    world: &World,
    key: &IdempotencyKey,
    now: Timestamp,
    claimed: bool,
) -> Result<(), CommitError> {
    let (id, creation, _) = world.creation(now, &company("Acme"));
    let transaction = Transaction {
        changes: vec![creation],
        idempotency: Some((key.clone(), outcome(), now)),
        idempotency_claimed: claimed,
        ..Transaction::default()
    };
    let result = world.store.commit(&transaction).await;
    assert_eq!(world.store.load(&world.lead_key(&id)).await.unwrap().is_some(), result.is_ok());
    assert_eq!(world.folded(&id).await.is_some(), result.is_ok());
    result
}

fn repeated(result: Result<(), CommitError>) -> IdempotencyRecord {
    match result {
        Err(CommitError::Repeated(record)) => record,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_second_request_is_told_what_the_first_led_to() {
    let world = World::start().await;
    let results =
        join_all((0..10).map(|_| async { create(&world, &key("create", "1"), at(0), false).await })).await;
    let (made, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for result in refused {
        assert_eq!(repeated(result), done());
    }
}

#[tokio::test]
async fn keys_of_different_scopes_never_meet() {
    let world = World::start().await;
    for (scope, name) in [("create", "1"), ("create", "2"), ("create1", ""), ("creat", "e1"), ("", "create1")]
    {
        create(&world, &key(scope, name), at(0), false).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day_even_if_it_was_not_purged() {
    let world = World::start().await;
    let key = key("create", "1");
    create(&world, &key, at(0), false).await.unwrap();
    assert_eq!(repeated(create(&world, &key, at(24 * 3600 - 1), false).await), done());
    create(&world, &key, at(24 * 3600), false).await.unwrap();
    assert_eq!(repeated(create(&world, &key, at(24 * 3600), false).await), done());
}

#[tokio::test]
async fn of_many_claims_one_succeeds_and_its_outcome_replaces_it() {
    let world = World::start().await;
    let key = key("score", "1");
    let claims = join_all((0..10).map(|_| world.store.claim(&key, at(0), at(60)))).await;
    let claims: Vec<_> = claims.into_iter().map(Result::unwrap).collect();
    assert_eq!(claims.iter().filter(|claim| **claim == Claim::Claimed).count(), 1);
    assert_eq!(claims.iter().filter(|claim| **claim == Claim::Taken(in_flight())).count(), 9);

    assert_eq!(repeated(create(&world, &key, at(1), false).await), in_flight());
    create(&world, &key, at(2), true).await.unwrap();
    assert_eq!(world.store.claim(&key, at(61), at(120)).await.unwrap(), Claim::Taken(done()));
    assert_eq!(repeated(create(&world, &key, at(3), true).await), done());
}

#[tokio::test]
async fn a_claim_ends_by_itself() {
    let world = World::start().await;
    let key = key("score", "1");
    assert_eq!(world.store.claim(&key, at(0), at(60)).await.unwrap(), Claim::Claimed);
    assert_eq!(world.store.claim(&key, at(59), at(119)).await.unwrap(), Claim::Taken(in_flight()));
    assert_eq!(world.store.claim(&key, at(60), at(120)).await.unwrap(), Claim::Claimed);
    // The first finishes late, after another took over: its work counts, the other's is refused.
    create(&world, &key, at(61), true).await.unwrap();
    assert_eq!(repeated(create(&world, &key, at(62), true).await), done());
}

#[tokio::test]
async fn a_claim_of_another_request_is_not_replaced() {
    let world = World::start().await;
    let mine = key("score", "1");
    let other = IdempotencyKey { request_hash: "other".to_owned(), ..mine.clone() };
    assert_eq!(world.store.claim(&other, at(0), at(60)).await.unwrap(), Claim::Claimed);
    let record = repeated(create(&world, &mine, at(1), true).await);
    assert_eq!(record.request_hash, "other");
}

#[tokio::test]
async fn a_released_claim_is_free_at_once_and_an_outcome_stays() {
    let world = World::start().await;
    let key = key("score", "1");
    world.store.claim(&key, at(0), at(60)).await.unwrap();
    world.store.release(&key).await.unwrap();
    assert_eq!(world.store.claim(&key, at(1), at(61)).await.unwrap(), Claim::Claimed);
    create(&world, &key, at(2), true).await.unwrap();
    world.store.release(&key).await.unwrap();
    assert_eq!(world.store.claim(&key, at(3), at(63)).await.unwrap(), Claim::Taken(done()));
    world.store.release(&self::key("score", "never claimed")).await.unwrap();
}
