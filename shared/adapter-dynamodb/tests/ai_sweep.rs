//! Processes that die, and answers that are lost: what was set aside is found, and charged once.

use crate::support::ai::{Gateway, LEASE_SECONDS, answered, limits, settlement};
use crate::support::at;
use adapter_aws::CallLimits;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Timestamp;
use domain::ai::RequestOutcome;
use futures_util::future::join_all;
use ports::{AiState, CachedCompletion, RequestMoney, Reservation, ReserveError, Settlement, StoreError};
use std::collections::BTreeSet;
use std::time::Duration;
use testkit::{Fault, TestEnvironment};

const TRANSACT: &str = "TransactWriteItems";

async fn expired(gateway: &Gateway, now: Timestamp) -> Vec<Reservation> {
    gateway.state.expired(now, 100).await.unwrap()
}

/// What the sweeper makes of a reservation.
fn presumed(reservation: &Reservation) -> Settlement {
    Settlement { metered: reservation.presumed.clone(), ..settlement(reservation, 0) }
}

/// Calls are not repeated by the SDK, so that a lost answer is one.
fn unforgiving() -> Gateway {
    let (attempt, operation) = (Duration::from_secs(3), Duration::from_secs(5));
    Gateway::on(TestEnvironment::start_with(CallLimits { attempt, operation, attempts: 1 }))
}

#[tokio::test]
async fn a_process_that_dies_with_a_reservation_is_charged_its_bound_once() {
    let gateway = Gateway::start();
    let request = gateway.reserved(at(0), 100).await;
    assert!(expired(&gateway, at(LEASE_SECONDS - 1)).await.is_empty());
    let found = expired(&gateway, at(LEASE_SECONDS)).await;
    assert_eq!(found, std::slice::from_ref(&request));
    assert_eq!(found[0].presumed.outcome, RequestOutcome::Presumed);
    assert!(gateway.state.settle(&presumed(&found[0])).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (100, 100));
    assert!(expired(&gateway, at(1000)).await.is_empty());
    // It was only slow, and comes back; or another sweeper found the same.
    assert!(!gateway.state.settle(&settlement(&request, 20)).await.unwrap());
    assert!(!gateway.state.settle(&presumed(&found[0])).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (100, 100));
    assert_eq!(gateway.events().await, 1);
}

#[tokio::test]
async fn what_was_settled_is_not_found_and_can_not_be_swept() {
    let gateway = Gateway::start();
    gateway.reserved(at(0), 100).await;
    let found = expired(&gateway, at(100)).await;
    assert!(gateway.state.settle(&settlement(&found[0], 20)).await.unwrap());
    assert!(!gateway.state.settle(&presumed(&found[0])).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (20, 20));
    assert!(expired(&gateway, at(100)).await.is_empty());
}

#[tokio::test]
async fn sweepers_and_the_process_at_once_charge_once() {
    let gateway = Gateway::start();
    let request = gateway.reserved(at(0), 100).await;
    let ends: Vec<_> =
        (0..20).map(|n| if n % 2 == 0 { presumed(&request) } else { settlement(&request, 100) }).collect();
    let settled = join_all(ends.iter().map(|end| gateway.state.settle(end))).await;
    assert_eq!(settled.into_iter().filter(|settled| *settled.as_ref().unwrap()).count(), 1);
    assert_eq!(gateway.committed_and_settled(at(0)).await, (100, 100));
}

#[tokio::test]
async fn a_reservation_whose_answer_was_lost_is_found() {
    let gateway = unforgiving();
    let key = gateway.cache_key(1);
    let mut request = gateway.request(at(0), 100);
    gateway.environment.wire().fail_next(TRANSACT, Fault::LostAnswer);
    let lost = gateway.state.reserve(&mut request, &limits(1000), Some(&key)).await;
    assert!(matches!(lost, Err(ReserveError::Store(StoreError::Unavailable(_)))), "{lost:?}");
    assert_eq!(gateway.committed_and_settled(at(0)).await, (100, 0));
    let found = expired(&gateway, at(LEASE_SECONDS)).await;
    assert_eq!(found, [request]);
    assert!(gateway.state.settle(&presumed(&found[0])).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (100, 100));
    // The right to the answer ended with the lease.
    assert_eq!(gateway.state.cached(&key, at(LEASE_SECONDS)).await.unwrap(), CachedCompletion::Nothing);
}

#[tokio::test]
async fn an_extension_is_swept_with_its_whole_bound() {
    let gateway = unforgiving();
    let each = limits(1000);
    let mut dies = gateway.reserved(at(0), 100).await;
    gateway.state.extend(&mut dies, 300, &each).await.unwrap();
    let found = expired(&gateway, at(100)).await;
    assert_eq!((found[0].bound, found[0].presumed.cost_nano_usd), (300, 300));
    assert!(gateway.state.settle(&presumed(&found[0])).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (300, 300));

    // The answer to an extension is lost, so that nobody knows the bound: what is stored counts.
    for cost in [40, 250] {
        let mut request = gateway.reserved(at(0), 100).await;
        let before = gateway.committed_and_settled(at(0)).await.1;
        gateway.environment.wire().fail_next(TRANSACT, Fault::LostAnswer);
        assert!(gateway.state.extend(&mut request, 300, &each).await.is_err());
        assert_eq!(request.bound, 100);
        if cost == 250 {
            gateway.state.extend(&mut request, 350, &each).await.unwrap();
            assert_eq!(request.bound, 350);
            request.bound = 100;
        }
        assert!(gateway.state.settle(&settlement(&request, cost)).await.unwrap());
        assert_eq!(gateway.committed_and_settled(at(0)).await, (before + cost, before + cost));
    }
}

#[tokio::test]
async fn a_settlement_whose_answer_was_lost_is_not_made_twice() {
    let gateway = unforgiving();
    let key = gateway.cache_key(1);
    let mut request = gateway.request(at(0), 100);
    gateway.state.reserve(&mut request, &limits(1000), Some(&key)).await.unwrap();
    let end = answered(&request, key, "a score", 3600);
    gateway.environment.wire().fail_next(TRANSACT, Fault::LostAnswer);
    assert!(gateway.state.settle(&end).await.is_err());
    assert!(!gateway.state.settle(&end).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (1, 1));
    assert!(matches!(gateway.state.cached(&key, at(11)).await.unwrap(), CachedCompletion::Answer { .. }));

    // The SDK repeats it by itself: then it is known to have been made.
    let patient = Gateway::start();
    let request = patient.reserved(at(0), 100).await;
    patient.environment.wire().fail_next(TRANSACT, Fault::LostAnswer);
    assert!(patient.state.settle(&settlement(&request, 5)).await.unwrap());
    patient.environment.wire().fail_next(TRANSACT, Fault::LostAnswer);
    let request = patient.reserved(at(1), 100).await;
    assert_eq!(patient.committed_and_settled(at(0)).await, (105, 5));
    assert!(patient.state.settle(&settlement(&request, 5)).await.unwrap());
}

#[tokio::test]
async fn a_settlement_that_never_arrived_is_left_to_the_sweeper() {
    let gateway = unforgiving();
    let request = gateway.reserved(at(0), 100).await;
    gateway.environment.wire().fail_next(TRANSACT, Fault::throttled());
    assert!(gateway.state.settle(&settlement(&request, 20)).await.is_err());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (100, 0));
    let found = expired(&gateway, at(100)).await;
    assert!(gateway.state.settle(&presumed(&found[0])).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (100, 100));
}

#[tokio::test]
async fn a_sweep_finds_all_partitions_the_oldest_first() {
    let gateway = Gateway::start();
    let mut made = Vec::new();
    for second in 0..40 {
        made.push(gateway.reserved(at(second), 10).await);
    }
    let tables = gateway.environment.tables();
    let items = gateway.environment.items(&tables.ephemeral).await;
    let partitions: BTreeSet<_> = items
        .iter()
        .filter(|item| item["pk"].as_s().unwrap().starts_with("ai_open#"))
        .map(|item| item["pk"].as_s().unwrap().clone())
        .collect();
    assert!((6..=8).contains(&partitions.len()), "{partitions:?}");
    for item in items.iter().filter(|item| item["pk"].as_s().unwrap().starts_with("ai_open#")) {
        assert!(item["sk"].as_s().unwrap().ends_with(&format!("#{}", gateway.tenant)));
        let expires_at: i64 = item["expires_at"].as_n().unwrap().parse().unwrap();
        let lease_until: i64 = item["lease_until"].as_n().unwrap().parse().unwrap();
        assert_eq!(expires_at, lease_until / 1000 + 7 * 86_400);
    }

    assert_eq!(expired(&gateway, at(LEASE_SECONDS + 19)).await, made[..20]);
    assert_eq!(gateway.state.expired(at(1000), 5).await.unwrap(), made[..5]);
    assert_eq!(expired(&gateway, at(1000)).await, made);

    // One that can't be read does not keep the others, but is told when it is the last.
    let broken = items.iter().find(|item| item["pk"].as_s().unwrap().starts_with("ai_open#")).unwrap();
    let mut broken = broken.clone();
    broken.insert("reservation".to_owned(), AttributeValue::S("{}".to_owned()));
    let put = gateway.environment.client().put_item().table_name(&tables.ephemeral).set_item(Some(broken));
    put.send().await.unwrap();
    let readable = expired(&gateway, at(1000)).await;
    assert_eq!(readable.len(), 39);
    for reservation in &readable {
        assert!(gateway.state.settle(&presumed(reservation)).await.unwrap());
    }
    assert!(matches!(gateway.state.expired(at(1000), 100).await, Err(StoreError::Decode(_))));
}

#[tokio::test]
async fn a_sweep_reads_on_behind_many_that_are_in_flight() {
    let gateway = Gateway::start();
    // Pages end at 1 MB, which the embedded database keeps to: reservations of some 40 KB.
    let mut long = gateway.request(at(0), 1);
    long.presumed.model = "x".repeat(40_000);
    for _ in 0..240 {
        let mut request = gateway.request(at(0), 1);
        request.presumed.model.clone_from(&long.presumed.model);
        request.lease_until = at(100_000);
        gateway.reserve(&mut request, &limits(1_000_000)).await.unwrap();
    }
    let mut dead = Vec::new();
    for _ in 0..8 {
        dead.push(gateway.reserved(at(1), 1).await.request_id());
    }
    let found: BTreeSet<_> = expired(&gateway, at(1000)).await.iter().map(Reservation::request_id).collect();
    assert_eq!(found, dead.into_iter().collect());
}

#[tokio::test]
async fn what_was_written_down_is_charged_and_not_the_bound() {
    let gateway = Gateway::start();
    let reserved = gateway.reserved(at(0), 100).await;
    gateway.calls();
    gateway.state.record_unsettled_usage(&settlement(&reserved, 7)).await.unwrap();
    assert_eq!(gateway.calls().0, ["UpdateItem"]);
    let found = expired(&gateway, at(1000)).await;
    assert_eq!((found[0].presumed.cost_nano_usd, found[0].presumed.outcome), (7, RequestOutcome::Answered));
    assert!(gateway.state.settle(&presumed(&found[0])).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (7, 7));
    // One that was settled is not brought back.
    gateway.state.record_unsettled_usage(&settlement(&reserved, 9)).await.unwrap();
    assert_eq!(gateway.open().await, 0);
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_given_up() {
    let gateway = Gateway::start();
    gateway.environment.wire().fail_next("TransactWriteItems", Fault::Delay(Duration::from_secs(20)));
    let started = std::time::Instant::now();
    let mut request = gateway.request(at(0), 100);
    request.until = Some(started + Duration::from_millis(200));
    let given_up = gateway.reserve(&mut request, &limits(1000)).await;
    assert!(matches!(given_up, Err(ReserveError::Store(StoreError::Unavailable(_)))), "{given_up:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}
