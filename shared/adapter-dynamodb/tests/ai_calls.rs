//! What each call of the AI gateway's state costs: round trips and capacity.

use crate::support::ai::{Gateway, answered, limits, settlement};
use crate::support::at;
use ports::{AiState, Breaker, CallObservation, ModelName, RequestMoney};

const TRANSACT: &str = "TransactWriteItems";

fn assert_calls(gateway: &Gateway, what: &str, names: &[&str], capacity: f64) {
    let (called, used) = gateway.calls();
    assert_eq!(
        (called.as_slice(), used),
        (names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>().as_slice(), capacity),
        "{what}"
    );
}

#[tokio::test]
async fn a_miss_is_three_calls_and_a_hit_two() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let model = ModelName { provider: "bedrock".to_owned(), model: "claude-sonnet".to_owned() };
    gateway.calls();

    gateway.look(Some(key), std::slice::from_ref(&model), at(0)).await;
    // Four items, strongly consistent.
    assert_calls(&gateway, "look", &["BatchGetItem"], 4.0);

    let mut request = gateway.request(at(0), 100);
    gateway.state.reserve(&mut request, &limits(1000), Some(&key)).await.unwrap();
    // Four counters, the check, the reservation and the lease: two units each.
    assert_calls(&gateway, "reserve", &[TRANSACT], 14.0);

    gateway.state.extend(&mut request, 200, &limits(1000)).await.unwrap();
    assert_calls(&gateway, "extend", &[TRANSACT], 10.0);

    gateway.state.settle(&answered(&request, key, "a score", 3600)).await.unwrap();
    assert_calls(&gateway, "settle", &[TRANSACT], 14.0);

    gateway.state.cached(&key, at(20)).await.unwrap();
    assert_calls(&gateway, "cached", &["GetItem"], 1.0);

    gateway.look(Some(key), &[model], at(20)).await;
    assert_calls(&gateway, "look", &["BatchGetItem"], 4.0);
    let hit = gateway.request(at(20), 0).presumed;
    gateway.state.record(gateway.tenant, &hit, at(20), "correlation").await.unwrap();
    assert_calls(&gateway, "record", &["PutItem"], 1.0);

    gateway.spent(at(20)).await;
    assert_calls(&gateway, "spent", &["BatchGetItem"], 11.0);
    gateway.state.expired(at(20), 10).await.unwrap();
    assert_calls(&gateway, "expired", &["Query"; 8], 4.0);
}

#[tokio::test]
async fn a_settlement_without_its_right_is_one_call_more() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let request = gateway.reserved(at(0), 100).await;
    gateway.calls();
    assert!(gateway.state.settle(&answered(&request, key, "a score", 3600)).await.unwrap());
    assert_eq!(gateway.calls().0, [TRANSACT, TRANSACT]);
    assert!(!gateway.state.settle(&settlement(&request, 1)).await.unwrap());
    assert_eq!(gateway.calls().0, [TRANSACT]);
}

#[tokio::test]
async fn a_large_tenant_reads_its_shards_before_it_reserves() {
    let gateway = Gateway::sharded(8);
    gateway.calls();
    let mut request = gateway.request(at(0), 1);
    gateway.state.reserve(&mut request, &limits(1000), None).await.unwrap();
    assert_calls(&gateway, "reserve", &["BatchGetItem", TRANSACT], 32.0 + 12.0);
    gateway.state.settle(&settlement(&request, 1)).await.unwrap();
    assert_calls(&gateway, "settle", &[TRANSACT], 12.0);
    gateway.spent(at(0)).await;
    assert_calls(&gateway, "spent", &["BatchGetItem"], 88.0);
    // A budget that is spent is refused after the look.
    gateway.state.reserve(&mut gateway.request(at(0), 1), &limits(1), None).await.unwrap_err();
    assert_calls(&gateway, "refused", &["BatchGetItem"], 32.0);
}

#[tokio::test]
async fn breakers_are_one_write_and_one_more_for_a_window_or_an_opening() {
    let gateway = Gateway::start();
    let model = ModelName { provider: "bedrock".to_owned(), model: "claude-sonnet".to_owned() };
    let seen = |calls, failures| CallObservation { calls, failures, retry_after: None };
    gateway.calls();
    gateway.state.observe(&model, seen(1, 0), at(0)).await.unwrap();
    assert_eq!(gateway.calls().0, ["UpdateItem"; 2]);
    gateway.state.observe(&model, seen(1, 0), at(1)).await.unwrap();
    assert_calls(&gateway, "observe", &["UpdateItem"], 1.0);
    gateway.state.observe(&model, seen(30, 30), at(2)).await.unwrap();
    assert_calls(&gateway, "opens", &["UpdateItem"; 2], 2.0);
    gateway.state.observe(&model, seen(30, 30), at(3)).await.unwrap();
    assert_calls(&gateway, "open already", &["UpdateItem"], 1.0);
    assert_eq!(gateway.state.probe(&model, at(40), at(50)).await.unwrap(), Breaker::HalfOpen);
    assert_calls(&gateway, "probe", &["UpdateItem"], 1.0);
    gateway.state.report_probe(&model, true, None, at(41)).await.unwrap();
    assert_calls(&gateway, "probed", &["UpdateItem"], 1.0);
}
