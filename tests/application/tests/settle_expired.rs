//! The charge for requests whose processes ended early.

use crate::support::{NOW, context};
use application_ai::{SweepReport, settle_expired};
use domain::Timestamp;
use domain::ai::{AiRequestMetered, CacheUse, Feature, Limits, RequestOutcome, TokenCounts, UnmeteredUsage};
use domain::id::{AccountId, OrganizationId, new_id};
use ports::{AiState, RequestMoney, Reservation};
use serde_json::json;
use std::time::{Duration, Instant};
use testkit::{Fault, TestEnvironment};

const LEASE: i64 = 60;

fn tenant() -> OrganizationId {
    new_id(NOW, &[1; 10])
}

fn account() -> AccountId {
    new_id(NOW, &[2; 10])
}

/// Reserves `bound` for a new request.
async fn reserved(state: &dyn AiState, number: u8, bound: u64) -> Reservation {
    let presumed = AiRequestMetered {
        request_id: new_id(NOW, &[number; 10]),
        account_id: account(),
        api_key_id: None,
        feature: Feature::Completion,
        model: "us.amazon.nova-pro-v1:0".to_owned(),
        provider: "bedrock".to_owned(),
        tokens: TokenCounts { input: 100, output: 50, ..TokenCounts::default() },
        cost_nano_usd: bound,
        other_models: Vec::new(),
        unmetered: UnmeteredUsage::default(),
        price_version: "1".to_owned(),
        attempts: 1,
        latency_ms: 0,
        cache: CacheUse::Miss,
        outcome: RequestOutcome::Presumed,
        variant: None,
    };
    let lease_until = NOW.plus_seconds(LEASE + i64::from(number));
    let mut reservation = Reservation {
        tenant: tenant(),
        at: NOW,
        lease_until,
        bound,
        shard: 0,
        replaces: None,
        presumed,
        until: None,
    };
    state.reserve(&mut reservation, &Limits::default(), None).await.unwrap();
    reservation
}

async fn settled(state: &dyn AiState) -> u64 {
    let spent = state.spent(tenant(), account(), NOW).await.unwrap();
    assert_eq!(spent.tenant_month.settled, spent.user_day.settled);
    spent.tenant_month.settled
}

/// The presumed requests in the ledger: cost and outcome.
async fn events(environment: &TestEnvironment) -> Vec<(String, String)> {
    let items = environment.items(&environment.tables().ledger).await;
    let data = items.iter().map(|item| item["data"].as_m().unwrap());
    data.map(|data| (data["cost_nano_usd"].as_n().unwrap().clone(), data["outcome"].as_s().unwrap().clone()))
        .collect()
}

fn late(environment: &TestEnvironment, seconds: i64) -> application_core::Context {
    application_core::Context { now: NOW.plus_seconds(seconds), ..context(environment) }
}

#[tokio::test]
async fn whatever_was_set_aside_is_charged_once_its_lease_has_ended() {
    let environment = TestEnvironment::start();
    let state = environment.ai_state();
    let mut first = reserved(&state, 1, 100).await;
    state.extend(&mut first, 300, &Limits::default()).await.unwrap();
    reserved(&state, 2, 20).await;
    let none = settle_expired(&state, &late(&environment, LEASE)).await.unwrap();
    assert_eq!((none, settled(&state).await), (SweepReport::default(), 0));

    let one = settle_expired(&state, &late(&environment, LEASE + 1)).await.unwrap();
    assert_eq!(one, SweepReport { presumed: 1, nano_usd: 300, settled_before: 0, ..SweepReport::default() });
    assert_eq!(events(&environment).await, [("300".to_owned(), "presumed".to_owned())]);

    let other = settle_expired(&state, &late(&environment, LEASE + 2)).await.unwrap();
    assert_eq!(other, SweepReport { presumed: 1, nano_usd: 20, settled_before: 0, ..SweepReport::default() });
    let again = settle_expired(&state, &late(&environment, 1000)).await.unwrap();
    assert_eq!((again, settled(&state).await), (SweepReport::default(), 320));
    assert_eq!(events(&environment).await.len(), 2);
}

#[tokio::test]
async fn one_that_fails_stops_no_other_and_is_tried_again() {
    let environment = TestEnvironment::start();
    let state = environment.ai_state();
    for (number, bound) in [(1, 1), (2, 20), (3, 300)] {
        reserved(&state, number, bound).await;
    }
    let refused = json!({"__type": "com.amazon.coral.validate#ValidationException", "message": "no"});
    environment.wire().fail_next("TransactWriteItems", Fault::Answer(400, refused));
    assert!(settle_expired(&state, &late(&environment, 1000)).await.is_err());
    assert_eq!(environment.wire().faults_left(), 0);
    assert_eq!(settled(&state).await, 320);
    let rest = settle_expired(&state, &late(&environment, 1000)).await.unwrap();
    assert_eq!((rest.presumed, settled(&state).await), (1, 321));
}

#[tokio::test]
async fn nothing_is_begun_that_the_deadline_would_cut_off() {
    let environment = TestEnvironment::start();
    let state = environment.ai_state();
    reserved(&state, 1, 100).await;
    let hurried = application_core::Context {
        deadline: Instant::now() + Duration::from_secs(3),
        ..late(&environment, 1000)
    };
    assert_eq!(settle_expired(&state, &hurried).await.unwrap(), SweepReport::default());
    assert_eq!(settled(&state).await, 0);
}

/// The process settles between the look-up and the sweep: its usage counts.
#[tokio::test]
async fn a_request_that_ended_after_all_is_charged_what_it_used() {
    let environment = TestEnvironment::start();
    let state = std::sync::Arc::new(environment.ai_state());
    let reservation = reserved(state.as_ref(), 1, 100).await;
    environment.wire().fail_next("TransactWriteItems", Fault::Delay(Duration::from_millis(300)));
    let sweep = tokio::spawn({
        let (state, context) = (std::sync::Arc::clone(&state), late(&environment, 1000));
        async move { settle_expired(state.as_ref(), &context).await.unwrap() }
    });
    while environment.wire().faults_left() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let metered = AiRequestMetered {
        cost_nano_usd: 7,
        outcome: RequestOutcome::Answered,
        ..reservation.presumed.clone()
    };
    let at: Timestamp = NOW.plus_seconds(999);
    let settlement =
        ports::Settlement { reservation, metered, at, cache: None, correlation_id: "test".to_owned() };
    assert!(state.settle(&settlement).await.unwrap());
    assert_eq!(
        sweep.await.unwrap(),
        SweepReport { presumed: 0, nano_usd: 0, settled_before: 1, ..SweepReport::default() }
    );
    assert_eq!(settled(state.as_ref()).await, 7);
}
