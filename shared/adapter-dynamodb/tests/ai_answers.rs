//! Answers that are given again, and that one request at a time makes them.

use crate::support::ai::{Gateway, LEASE_SECONDS, answered, limits, settlement, tenant};
use crate::support::{alone, at, change};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::AggregateType;
use domain::Timestamp;
use domain::ai::{AiBudget, AiBudgetEvent, BudgetSet, RequestOutcome};
use futures_util::future::join_all;
use ports::{
    AggregateKey, AiState, Breaker, CacheKey, CachedCompletion, ModelName, RequestLookup, RequestMoney,
    ReserveError, Settlement, Store, StoreError,
};
use serde_json::json;
use testkit::Fault;

fn answer(text: &str, stored_at: Timestamp) -> CachedCompletion {
    CachedCompletion::Answer { answer: text.to_owned(), stored_at }
}

/// Takes the right to make an answer, for a request at this moment.
async fn take(gateway: &Gateway, key: &CacheKey, now: Timestamp) -> Result<ports::Reservation, ReserveError> {
    let mut request = gateway.request(now, 1);
    gateway.state.reserve(&mut request, &limits(1_000_000), Some(key)).await?;
    Ok(request)
}

fn in_flight<T: std::fmt::Debug>(result: Result<T, ReserveError>) -> bool {
    matches!(result, Err(ReserveError::InFlight))
}

#[tokio::test]
async fn of_a_hundred_one_makes_the_answer_and_all_find_it() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    for _ in 0..150 {
        gateway.environment.wire().fail_next("TransactWriteItems", Fault::canceled(&["TransactionConflict"]));
    }
    let results = join_all((0..100).map(|_| take(&gateway, &key, at(0)))).await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 99));
    assert!(lost.into_iter().all(in_flight));
    // The losers have nothing set aside.
    assert_eq!((gateway.open().await, gateway.committed_and_settled(at(0)).await), (1, (1, 0)));
    let until = at(LEASE_SECONDS);
    assert_eq!(gateway.state.cached(&key, at(0)).await.unwrap(), CachedCompletion::InFlight { until });

    let won = won.into_iter().next().unwrap().unwrap();
    assert!(gateway.state.settle(&answered(&won, key, "a score", 3600)).await.unwrap());
    assert_eq!(gateway.state.cached(&key, at(11)).await.unwrap(), answer("a score", at(10)));
    assert!(in_flight(take(&gateway, &key, at(11)).await));
}

#[tokio::test]
async fn answers_get_stale_whether_or_not_they_are_purged() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let first = take(&gateway, &key, at(0)).await.unwrap();
    // Stored at 10 s, for 90 s.
    gateway.state.settle(&answered(&first, key, "old", 90)).await.unwrap();
    assert_eq!(gateway.state.cached(&key, at(99)).await.unwrap(), answer("old", at(10)));
    assert!(in_flight(take(&gateway, &key, at(99)).await));
    assert_eq!(gateway.state.cached(&key, at(100)).await.unwrap(), CachedCompletion::Nothing);
    assert_eq!(gateway.look(Some(key), &[], at(100)).await.cached, CachedCompletion::Nothing);

    let second = take(&gateway, &key, at(100)).await.unwrap();
    let until = at(100 + LEASE_SECONDS);
    assert_eq!(gateway.state.cached(&key, at(101)).await.unwrap(), CachedCompletion::InFlight { until });
    let mut end = answered(&second, key, "new", 90);
    end.at = at(110);
    gateway.state.settle(&end).await.unwrap();
    assert_eq!(gateway.look(Some(key), &[], at(120)).await.cached, answer("new", at(110)));
}

#[tokio::test]
async fn an_answer_that_is_too_old_makes_way_for_a_new_one_and_a_younger_does_not() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let first = take(&gateway, &key, at(0)).await.unwrap();
    gateway.state.settle(&answered(&first, key, "old", 3600)).await.unwrap();
    let replacing = async |stored_at| {
        let mut request = gateway.request(at(20), 1);
        request.replaces = Some(stored_at);
        gateway.state.reserve(&mut request, &limits(1_000_000), Some(&key)).await.map(|()| request)
    };
    // Somebody put a younger one there since the caller looked.
    assert!(in_flight(replacing(at(9)).await));
    let second = replacing(at(10)).await.unwrap();
    let until = second.lease_until;
    assert_eq!(gateway.state.cached(&key, at(21)).await.unwrap(), CachedCompletion::InFlight { until });
    // One of all makes it.
    assert!(in_flight(replacing(at(10)).await));
    let mut end = answered(&second, key, "new", 3600);
    end.at = at(30);
    gateway.state.settle(&end).await.unwrap();
    assert_eq!(gateway.state.cached(&key, at(31)).await.unwrap(), answer("new", at(30)));
}

#[tokio::test]
async fn the_right_of_a_dead_winner_ends_and_its_late_answer_is_not_kept() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let slow = take(&gateway, &key, at(0)).await.unwrap();
    assert!(in_flight(take(&gateway, &key, at(LEASE_SECONDS - 1)).await));
    assert_eq!(gateway.state.cached(&key, at(LEASE_SECONDS)).await.unwrap(), CachedCompletion::Nothing);
    let next = take(&gateway, &key, at(LEASE_SECONDS)).await.unwrap();

    // The slow one comes back: it is charged, and takes nothing from the one that makes the answer now.
    assert!(gateway.state.settle(&answered(&slow, key, "late", 3600)).await.unwrap());
    let until = at(2 * LEASE_SECONDS);
    assert_eq!(gateway.state.cached(&key, at(70)).await.unwrap(), CachedCompletion::InFlight { until });
    assert_eq!(gateway.committed_and_settled(at(0)).await, (2, 1));
    assert!(gateway.state.settle(&answered(&next, key, "right", 3600)).await.unwrap());
    assert_eq!(gateway.state.cached(&key, at(70)).await.unwrap(), answer("right", at(10)));

    // One that comes back after the answer is there changes nothing either.
    let other = gateway.cache_key(2);
    let slow = take(&gateway, &other, at(0)).await.unwrap();
    let next = take(&gateway, &other, at(LEASE_SECONDS)).await.unwrap();
    assert!(gateway.state.settle(&answered(&next, other, "right", 3600)).await.unwrap());
    assert!(gateway.state.settle(&answered(&slow, other, "late", 3600)).await.unwrap());
    assert_eq!(gateway.state.cached(&other, at(70)).await.unwrap(), answer("right", at(10)));
    let slow = Settlement { cache: Some((other, None)), ..settlement(&gateway.reserved(at(70), 1).await, 1) };
    assert!(gateway.state.settle(&slow).await.unwrap());
    assert_eq!(gateway.state.cached(&other, at(70)).await.unwrap(), answer("right", at(10)));
}

#[tokio::test]
async fn a_lease_that_nobody_took_over_is_still_good_for_its_answer() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let slow = take(&gateway, &key, at(0)).await.unwrap();
    let mut end = answered(&slow, key, "late", 3600);
    end.at = at(LEASE_SECONDS + 5);
    assert!(gateway.state.settle(&end).await.unwrap());
    assert_eq!(gateway.state.cached(&key, at(70)).await.unwrap(), answer("late", at(65)));
}

#[tokio::test]
async fn who_has_no_answer_to_keep_gives_the_right_back() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let failed = take(&gateway, &key, at(0)).await.unwrap();
    let mut end = Settlement { cache: Some((key, None)), ..settlement(&failed, 1) };
    end.metered.outcome = RequestOutcome::Failed;
    assert!(gateway.state.settle(&end).await.unwrap());
    assert_eq!(gateway.state.cached(&key, at(1)).await.unwrap(), CachedCompletion::Nothing);

    assert!(take(&gateway, &key, at(1)).await.is_ok());
    assert_eq!(gateway.events().await, 1);
}

#[tokio::test]
async fn after_an_answer_that_is_not_kept_nobody_has_the_right_for_a_minute() {
    let gateway = Gateway::start();
    for (byte, text, seconds) in [(1, None, 0), (2, Some("x".repeat(410_000)), 3600)] {
        let key = gateway.cache_key(byte);
        let first = take(&gateway, &key, at(0)).await.unwrap();
        let end = match &text {
            Some(text) => answered(&first, key, text, seconds),
            None => Settlement { cache: Some((key, None)), ..settlement(&first, 1) },
        };
        assert!(gateway.state.settle(&end).await.unwrap());
        // It ended at 10 s.
        assert_eq!(gateway.state.cached(&key, at(69)).await.unwrap(), CachedCompletion::NotCacheable);
        assert!(in_flight(take(&gateway, &key, at(69)).await));
        assert_eq!(gateway.state.cached(&key, at(70)).await.unwrap(), CachedCompletion::Nothing);
        assert!(take(&gateway, &key, at(70)).await.is_ok());
    }
}

#[tokio::test]
async fn an_answer_for_no_time_is_none() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let never = take(&gateway, &key, at(2)).await.unwrap();
    assert!(gateway.state.settle(&answered(&never, key, "never", 0)).await.unwrap());
    assert_eq!(gateway.state.cached(&key, at(10)).await.unwrap(), CachedCompletion::Nothing);
}

#[tokio::test]
async fn an_answer_that_is_being_made_is_waited_for_also_without_budget() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let mut winner = gateway.request(at(0), 100);
    gateway.state.reserve(&mut winner, &limits(100), Some(&key)).await.unwrap();
    let mut other = gateway.request(at(1), 100);
    assert!(in_flight(gateway.state.reserve(&mut other, &limits(100), Some(&key)).await));
    let mut another = gateway.request(at(1), 100);
    let refused = gateway.state.reserve(&mut another, &limits(100), Some(&gateway.cache_key(2))).await;
    assert!(matches!(refused, Err(ReserveError::OverBudget(_))), "{refused:?}");
    // Whoever is refused takes no right.
    assert_eq!(gateway.state.cached(&gateway.cache_key(2), at(1)).await.unwrap(), CachedCompletion::Nothing);
}

#[tokio::test]
async fn a_request_that_is_made_again_is_told_so_and_does_not_wait_for_itself() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let request = take(&gateway, &key, at(0)).await.unwrap();
    // It holds the right to the answer itself: whoever waits for it would wait for ever.
    let again = gateway.state.reserve(&mut request.clone(), &limits(1_000_000), Some(&key)).await;
    assert!(matches!(again, Err(ReserveError::Repeated)), "{again:?}");
    assert!(gateway.state.settle(&answered(&request, key, "a score", 3600)).await.unwrap());
    let again = gateway.state.reserve(&mut request.clone(), &limits(1_000_000), Some(&key)).await;
    assert!(matches!(again, Err(ReserveError::Repeated)), "{again:?}");
    assert_eq!((gateway.open().await, gateway.events().await), (0, 1));
}

#[tokio::test]
async fn tenants_do_not_share_answers() {
    let gateway = Gateway::start();
    let ours = gateway.cache_key(1);
    let theirs = CacheKey { tenant: tenant(), ..ours };
    let winner = take(&gateway, &ours, at(0)).await.unwrap();
    assert_eq!(gateway.state.cached(&theirs, at(0)).await.unwrap(), CachedCompletion::Nothing);
    let mut other = gateway.request(at(0), 1);
    other.tenant = theirs.tenant;
    gateway.state.reserve(&mut other, &limits(100), Some(&theirs)).await.unwrap();
    gateway.state.settle(&answered(&winner, ours, "ours", 3600)).await.unwrap();
    let until = at(LEASE_SECONDS);
    assert_eq!(gateway.state.cached(&theirs, at(1)).await.unwrap(), CachedCompletion::InFlight { until });
    gateway.state.settle(&answered(&other, theirs, "theirs", 3600)).await.unwrap();
    assert_eq!(gateway.state.cached(&ours, at(1)).await.unwrap(), answer("ours", at(10)));
    assert_eq!(gateway.state.cached(&theirs, at(1)).await.unwrap(), answer("theirs", at(10)));

    // A key of one tenant in a request of another is a defect, not an answer.
    let mut mixed = gateway.request(at(0), 1);
    let refused = gateway.state.reserve(&mut mixed, &limits(100), Some(&theirs)).await;
    assert!(matches!(refused, Err(ReserveError::Store(StoreError::Malformed(_)))), "{refused:?}");
    let reserved = gateway.reserved(at(0), 1).await;
    let refused = gateway.state.settle(&answered(&reserved, theirs, "mine", 3600)).await;
    assert!(matches!(refused, Err(StoreError::Malformed(_))), "{refused:?}");
    let look = RequestLookup {
        tenant: gateway.tenant,
        cache: Some(theirs),
        models: &[],
        now: at(1),
        fine_tunes: &[],
    };
    assert!(matches!(gateway.state.look_up(&look).await, Err(StoreError::Malformed(_))));
}

fn model(name: &str) -> ModelName {
    ModelName { provider: "bedrock".to_owned(), model: name.to_owned() }
}

async fn set_budget(gateway: &Gateway, each: u64) {
    let key = AggregateKey::new(gateway.tenant, AggregateType::AiBudget, &gateway.tenant);
    let event = AiBudgetEvent::Set(BudgetSet { limits: limits(each), set_by: gateway.account });
    let (change, _) = change::<AiBudget>(key, None, &[event], at(0), Default::default());
    gateway.environment.store().commit(&alone(change)).await.unwrap();
}

#[tokio::test]
async fn a_look_sees_everything_at_once() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let models = [model("one"), model("two"), model("one")];
    gateway.environment.wire().take_calls();
    let seen = gateway.look(Some(key), &models, at(0)).await;
    assert_eq!((seen.budget, seen.cached), (None, CachedCompletion::Nothing));
    assert_eq!(seen.breakers, [Breaker::Closed; 3]);
    assert_eq!(gateway.calls().0, ["BatchGetItem"]);

    set_budget(&gateway, 700).await;
    let winner = take(&gateway, &key, at(0)).await.unwrap();
    gateway.state.settle(&answered(&winner, key, "a score", 3600)).await.unwrap();
    let failures = ports::CallObservation { calls: 20, failures: 20, retry_after: None };
    gateway.state.observe(&models[1], failures, at(0)).await.unwrap();
    let seen = gateway.look(Some(key), &models, at(11)).await;
    assert_eq!(seen.budget.unwrap().limits, limits(700));
    assert_eq!(seen.cached, answer("a score", at(10)));
    assert_eq!(seen.breakers, [Breaker::Closed, Breaker::Open { until: at(30) }, Breaker::Closed]);

    // Somebody else's budget is none of ours.
    let stranger = RequestLookup { tenant: tenant(), cache: None, models: &[], now: at(11), fine_tunes: &[] };
    assert_eq!(gateway.state.look_up(&stranger).await.unwrap().budget, None);
}

#[tokio::test]
async fn what_a_look_leaves_unprocessed_is_asked_for_again() {
    let gateway = Gateway::start();
    set_budget(&gateway, 700).await;
    let tables = gateway.environment.tables();
    let budget = format!("{0}#ai_budget#{0}", gateway.tenant);
    let key = json!({"pk": {"S": budget}, "sk": {"S": "state"}});
    let unprocessed =
        json!({"Responses": {}, "UnprocessedKeys": {tables.state: {"Keys": [key], "ConsistentRead": true}}});
    gateway.environment.wire().fail_next("BatchGetItem", Fault::Answer(200, unprocessed));
    assert_eq!(gateway.look(None, &[], at(0)).await.budget.unwrap().limits, limits(700));
    assert_eq!(gateway.environment.wire().faults_left(), 0);
}

#[tokio::test]
async fn errors_do_not_repeat_what_is_stored() {
    let gateway = Gateway::start();
    let key = gateway.cache_key(1);
    let winner = take(&gateway, &key, at(0)).await.unwrap();
    gateway.state.settle(&answered(&winner, key, "SECRET", 3600)).await.unwrap();
    let tables = gateway.environment.tables();
    let items = gateway.environment.items(&tables.ephemeral).await;
    let mut item = items.into_iter().find(|item| item.contains_key("answer")).unwrap();
    item.insert("stored_at".to_owned(), AttributeValue::S("SECRET".to_owned()));
    let put = gateway.environment.client().put_item().table_name(&tables.ephemeral).set_item(Some(item));
    put.send().await.unwrap();
    let error = gateway.state.cached(&key, at(11)).await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed(_)));
    assert!(!format!("{error:?} {error}").contains("SECRET"));
}
