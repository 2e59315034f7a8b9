//! Networks and services at their worst: conflicts, throttling, silence and lost answers.

use crate::support::{World, alone, at, change, company, random_bytes, typed};
use adapter_aws::CallLimits;
use domain::id::{LeadId, SessionId, new_id};
use domain::identity::{AuthenticationMethod, RefreshToken, Session, StartSession, start_session};
use domain::{AggregateType, sales::LeadInput};
use ports::{AggregateKey, Claim, CommitError, IdempotencyKey, Limiter, RateLimit, Store, StoreError};
use serde_json::json;
use std::error::Error;
use std::time::{Duration, Instant};
use testkit::{Fault, TestEnvironment};

const TRANSACT: &str = "TransactWriteItems";

fn impatient(attempts: u32) -> TestEnvironment {
    let (attempt, operation) = (Duration::from_millis(300), Duration::from_secs(5));
    TestEnvironment::start_with(CallLimits { attempt, operation, attempts })
}

fn unavailable(error: &CommitError) -> bool {
    matches!(error, CommitError::Store(StoreError::Unavailable(_)))
}

/// Everything an error could write into a log.
fn everything_said(error: &dyn Error) -> String {
    let mut said = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        said += &format!(" / {error}");
        next = error.source();
    }
    said
}

#[tokio::test]
async fn a_transaction_that_met_another_is_tried_again() {
    let world = World::start().await;
    for reason in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
        world.environment.wire().fail_next(TRANSACT, Fault::canceled(&["None", reason, "None"]));
        let (id, lead) = world.create(at(0), &company("Acme")).await;
        assert_eq!(world.environment.wire().faults_left(), 0);
        assert_eq!(world.load(&id).await, lead);
    }
}

#[tokio::test]
async fn after_five_conflicts_it_is_given_up() {
    let world = World::start().await;
    for _ in 0..6 {
        world.environment.wire().fail_next(TRANSACT, Fault::canceled(&["TransactionConflict"]));
    }
    let (_, creation, _) = world.creation(at(0), &company("Acme"));
    let start = Instant::now();
    let error = world.store.commit(&alone(creation)).await.unwrap_err();
    assert!(unavailable(&error), "{error:?}");
    assert_eq!(world.environment.wire().faults_left(), 1);
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_failed_condition_is_certain_whatever_else_went_wrong() {
    let world = World::start().await;
    let reasons = ["TransactionConflict", "ConditionalCheckFailed", "None"];
    world.environment.wire().fail_next(TRANSACT, Fault::canceled(&reasons));
    let (_, creation, _) = world.creation(at(0), &company("Acme"));
    let error = world.store.commit(&alone(creation)).await.unwrap_err();
    assert!(matches!(error, CommitError::Conflict), "{error:?}");
}

#[tokio::test]
async fn a_transaction_that_can_never_succeed_is_not_tried_again() {
    let world = World::start().await;
    world.environment.wire().fail_next(TRANSACT, Fault::canceled(&["ValidationError", "None", "None"]));
    let (_, creation, _) = world.creation(at(0), &company("Acme"));
    let error = world.store.commit(&alone(creation)).await.unwrap_err();
    assert!(unavailable(&error), "{error:?}");
    assert!(world.environment.wire().take_calls().is_empty());
}

#[tokio::test]
async fn throttled_calls_are_repeated() {
    let world = World::start().await;
    world.environment.wire().fail_next(TRANSACT, Fault::throttled());
    world.environment.wire().fail_next("GetItem", Fault::throttled());
    let (id, lead) = world.create(at(0), &company("Acme")).await;
    assert_eq!(world.load(&id).await, lead);
    assert_eq!(world.environment.wire().faults_left(), 0);
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_is_applied_once() {
    let world = World::start().await;
    world.environment.wire().fail_next(TRANSACT, Fault::LostAnswer);
    let (id, lead) = world.create(at(0), &company("Acme")).await;
    // Carried out, asked for again, and recognized: without the token the second try would be a conflict.
    assert_eq!(world.environment.wire().take_calls().len(), 2);
    assert_eq!(world.load(&id).await, lead);
    world.environment.wire().fail_next(TRANSACT, Fault::LostAnswer);
    let changed = world.update(&id, at(1), &company("Acme 2")).await.unwrap();
    assert_eq!(changed.version, 2);
    assert_eq!(world.folded(&id).await.unwrap(), changed);
}

#[tokio::test]
async fn a_transaction_that_met_its_own_earlier_try_is_applied_once() {
    let world = World::start().await;
    world.environment.wire().fail_next(TRANSACT, Fault::LostAnswer);
    world.environment.wire().fail_next(TRANSACT, Fault::canceled(&["TransactionConflict"]));
    let (id, lead) = world.create(at(0), &company("Acme")).await;
    assert_eq!(world.environment.wire().faults_left(), 0);
    assert_eq!(world.load(&id).await, lead);
}

#[tokio::test]
async fn a_transaction_that_was_given_up_and_carried_out_all_the_same_is_applied_once() {
    let world = World::on(impatient(3)).await;
    world.environment.wire().fail_next(TRANSACT, Fault::Delay(Duration::from_millis(600)));
    let (id, lead) = world.create(at(0), &company("Acme")).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(world.environment.wire().take_calls().len(), 2);
    assert_eq!(world.load(&id).await, lead);
    assert_eq!(world.folded(&id).await.unwrap(), lead);
}

#[tokio::test]
async fn a_silent_store_is_given_up_in_time() {
    let world = World::on(impatient(1)).await;
    world.environment.wire().fail_next(TRANSACT, Fault::Delay(Duration::from_secs(2)));
    let (_, creation, _) = world.creation(at(0), &company("Acme"));
    let start = Instant::now();
    let error = world.store.commit(&alone(creation)).await.unwrap_err();
    assert!(unavailable(&error), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_still_ours() {
    let world = World::start().await;
    world.environment.wire().fail_next("PutItem", Fault::LostAnswer);
    let key =
        IdempotencyKey { scope: "score".to_owned(), key: "1".to_owned(), request_hash: "hash".to_owned() };
    assert_eq!(world.store.claim(&key, at(0), at(60)).await.unwrap(), Claim::Claimed);
    assert!(matches!(world.store.claim(&key, at(1), at(61)).await.unwrap(), Claim::Taken(_)));
}

#[tokio::test]
async fn keys_that_were_left_unprocessed_are_asked_for_again() {
    let world = World::start().await;
    let (id, lead) = world.create(at(0), &company("Acme")).await;
    let key = world.lead_key(&id);
    let pk = format!("{}#lead#{id}", world.tenant);
    let left = json!({"Keys": [{"pk": {"S": pk}, "sk": {"S": "state"}}], "ConsistentRead": true});
    let answer = json!({"Responses": {}, "UnprocessedKeys": {world.environment.tables().state: left}});
    world.environment.wire().fail_next("BatchGetItem", Fault::Answer(200, answer));
    let found = world.store.load_many(&[key]).await.unwrap();
    assert_eq!(found.into_iter().map(|state| state.map(typed)).collect::<Vec<_>>(), [Some(lead)]);
}

/// Empty answers with status 200.
fn empty_answers() -> [Fault; 2] {
    [Fault::Answer(200, json!({})), Fault::NoBody]
}

#[tokio::test]
async fn an_empty_answer_is_asked_for_again_and_never_means_that_there_is_nothing() {
    let world = World::start().await;
    let (id, lead) = world.create(at(0), &company("Acme")).await;
    let key = world.lead_key(&id);
    let wire = world.environment.wire();
    for fault in empty_answers() {
        wire.fail_next("GetItem", fault.clone());
        assert_eq!(world.load(&id).await, lead, "{fault:?}");
        wire.fail_next("BatchGetItem", fault.clone());
        let found = world.store.load_many(std::slice::from_ref(&key)).await.unwrap();
        assert_eq!(found.into_iter().map(|state| state.map(typed)).collect::<Vec<_>>(), [Some(lead.clone())]);
        wire.fail_next("Query", fault.clone());
        assert_eq!(world.folded(&id).await, Some(lead.clone()), "{fault:?}");
        assert_eq!(wire.faults_left(), 0);
    }
    // A real answer about an item that does not exist needs no second call.
    wire.take_calls();
    let missing: LeadId = new_id(at(0), &random_bytes());
    let missing = AggregateKey::new(world.tenant, AggregateType::Lead, &missing);
    assert_eq!(world.store.load(&missing).await.unwrap(), None);
    assert_eq!(world.store.load_many(std::slice::from_ref(&missing)).await.unwrap(), [None]);
    assert_eq!(world.store.history(&missing, 1).await.unwrap(), []);
    assert_eq!(wire.take_calls().len(), 3);
}

#[tokio::test]
async fn an_empty_answer_to_a_write_does_not_count_as_written() {
    let world = World::start().await;
    let wire = world.environment.wire();
    for (number, fault) in (1..).zip(empty_answers()) {
        wire.fail_next(TRANSACT, fault.clone());
        let (id, lead) = world.create(at(0), &company("Acme")).await;
        assert_eq!(world.load(&id).await, lead, "{fault:?}");
        wire.fail_next("PutItem", fault.clone());
        let key = IdempotencyKey {
            scope: "score".to_owned(),
            key: number.to_string(),
            request_hash: "hash".to_owned(),
        };
        assert_eq!(world.store.claim(&key, at(0), at(60)).await.unwrap(), Claim::Claimed);
        assert!(
            matches!(world.store.claim(&key, at(1), at(61)).await.unwrap(), Claim::Taken(_)),
            "{fault:?}"
        );
        wire.fail_next("UpdateItem", fault.clone());
        let one = RateLimit { name: "reads", burst: 1, period_seconds: 60 };
        let (limiter, who) = (world.environment.limiter(), number.to_string());
        assert!(limiter.take(one, &who, at(0)).await.unwrap().allowed);
        assert!(!limiter.take(one, &who, at(0)).await.unwrap().allowed, "{fault:?}");
        assert_eq!(wire.faults_left(), 0);
    }
}

#[tokio::test]
async fn answers_that_stay_empty_are_a_failure() {
    let world = World::on(impatient(3)).await;
    let (id, _) = world.create(at(0), &company("Acme")).await;
    for fault in empty_answers() {
        for _ in 0..3 {
            world.environment.wire().fail_next("GetItem", fault.clone());
        }
        let error = world.store.load(&world.lead_key(&id)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert_eq!(world.environment.wire().faults_left(), 0);
        for _ in 0..3 {
            world.environment.wire().fail_next("GetItem", fault.clone());
        }
        assert!(world.environment.health_probe().reachable().await.is_err());
    }
}

#[tokio::test]
async fn errors_hold_no_values() {
    let world = World::start().await;
    let refusal = json!({
        "__type": "com.amazon.coral.validate#ValidationException",
        "message": "The value ann@acme.example is not valid",
    });
    world.environment.wire().fail_next(TRANSACT, Fault::Answer(400, refusal.clone()));
    let input = LeadInput { contact_email: Some("ann@acme.example"), ..company("Acme") };
    let (_, creation, _) = world.creation(at(0), &input);
    let error = world.store.commit(&alone(creation.clone())).await.unwrap_err();
    let said = everything_said(&error);
    assert!(said.contains("ValidationException"), "{said}");
    assert!(!said.contains("acme"), "{said}");

    world.store.commit(&alone(creation.clone())).await.unwrap();
    let said = everything_said(&world.store.commit(&alone(creation)).await.unwrap_err());
    assert!(!said.contains("acme"), "{said}");

    world.environment.wire().fail_next("GetItem", Fault::Answer(200, json!("ann@acme.example")));
    let key = AggregateKey::new(world.tenant, AggregateType::Organization, &world.tenant);
    let said = everything_said(&world.store.load(&key).await.unwrap_err());
    assert!(!said.contains("acme"), "{said}");
}

#[tokio::test]
async fn only_a_refusal_that_no_repetition_changes_is_a_defect() {
    let world = World::on(impatient(1)).await;
    let key = AggregateKey::new(world.tenant, AggregateType::Organization, &world.tenant);
    let refusal = |code: &str| json!({"__type": format!("com.amazon.coral.service#{code}"), "message": "x"});
    for (status, answer, defect) in [
        (400, refusal("AccessDeniedException"), true),
        (400, refusal("IdempotentParameterMismatchException"), true),
        (400, refusal("IncompleteSignatureException"), true),
        (400, refusal("MissingAuthenticationTokenException"), true),
        (400, refusal("ResourceNotFoundException"), true),
        (400, refusal("SerializationException"), true),
        (400, refusal("UnrecognizedClientException"), true),
        (400, refusal("ValidationException"), true),
        // A clock that is off, or a request that was held up: both pass.
        (400, refusal("InvalidSignatureException"), false),
        (400, refusal("InventedTomorrowException"), false),
        (400, json!({}), false),
        (500, refusal("InternalServerError"), false),
        (500, json!({}), false),
        (200, json!("not an item"), false),
    ] {
        world.environment.wire().fail_next("GetItem", Fault::Answer(status, answer.clone()));
        let error = world.store.load(&key).await.unwrap_err();
        let as_expected = match defect {
            true => matches!(error, StoreError::Refused(_)),
            false => matches!(error, StoreError::Unavailable(_)),
        };
        assert!(as_expected, "{status} {answer}: {error:?}");
        assert_eq!(world.environment.wire().faults_left(), 0, "{status} {answer}");
    }
}

#[tokio::test]
async fn sessions_live_in_the_ephemeral_table_and_expire() {
    let world = World::start().await;
    let id: SessionId = new_id(at(0), &random_bytes());
    let token = RefreshToken { hash: "hash".to_owned(), salt: "salt".to_owned() };
    let event = start_session(StartSession {
        id,
        account_id: world.owner,
        family_hash: "family".to_owned(),
        token,
        device: None,
        methods: vec![AuthenticationMethod::Password],
        at: at(0),
    });
    let key = AggregateKey::new(world.tenant, AggregateType::Session, &id);
    let (start, session) = change::<Session>(key.clone(), None, &[event], at(0), Default::default());
    world.store.commit(&alone(start.clone())).await.unwrap();
    assert_eq!(typed::<Session>(world.store.load(&key).await.unwrap().unwrap()), session);
    let tables = world.environment.tables();
    let items = world.environment.items(&tables.ephemeral).await;
    assert_eq!(items.len(), 1);
    let expires_at: i64 = items[0]["expires_at"].as_n().unwrap().parse().unwrap();
    assert_eq!(expires_at, session.state.ends_at.plus_seconds(24 * 3600).seconds());

    let states = world.environment.items(&tables.state).await;
    assert!(states.iter().all(|item| !item["pk"].as_s().unwrap().contains("session")));

    // Purged, a session can't come back to life: its history stays.
    let revoked =
        domain::identity::revoke_session(&session.state, domain::identity::Revocation::Logout).unwrap();
    let (revoke, _) = change(key.clone(), Some(session), &[revoked], at(1), Default::default());
    let (pk, sk) = (items[0]["pk"].clone(), items[0]["sk"].clone());
    let purge =
        world.environment.client().delete_item().table_name(&tables.ephemeral).key("pk", pk).key("sk", sk);
    purge.send().await.unwrap();
    assert_eq!(world.store.load(&key).await.unwrap(), None);
    assert!(matches!(world.store.commit(&alone(start)).await.unwrap_err(), CommitError::Conflict));
    assert!(matches!(world.store.commit(&alone(revoke)).await.unwrap_err(), CommitError::Conflict));
}
