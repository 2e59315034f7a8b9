//! Budgets: never exceeded, however many ask at once, charged exactly, and settled once.

use crate::support;
use crate::support::ai::{Gateway, limits, settlement};
use crate::support::{START, at, random_bytes};
use domain::ai::{AiRequestMetered, Feature, Limits};
use domain::id::{ApiKeyId, EventId, derived, new_id};
use domain::{DomainEvent, EncodedEvent, Timestamp};
use futures_util::future::join_all;
use ports::{AiState, BudgetScope, RequestMoney, Reservation, ReserveError, SpentAmounts, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use testkit::Fault;

const TRANSACT: &str = "TransactWriteItems";

/// All of them at once; those that were made.
async fn reserve_at_once(
    gateway: &Gateway,
    mut requests: Vec<Reservation>,
    limits: &Limits,
) -> Vec<Reservation> {
    let results = join_all(requests.iter_mut().map(|request| gateway.reserve(request, limits))).await;
    requests
        .into_iter()
        .zip(results)
        .filter_map(|(request, result)| match result {
            Ok(()) => Some(request),
            Err(ReserveError::OverBudget(_)) => None,
            Err(error) => panic!("{error:?}"),
        })
        .collect()
}

fn over(result: Result<(), ReserveError>) -> BudgetScope {
    match result {
        Err(ReserveError::OverBudget(scope)) => scope,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn of_two_hundred_at_once_exactly_ten_fit() {
    let gateway = Gateway::start();
    // What DynamoDB says to transactions that meet, which the embedded one never does.
    for _ in 0..500 {
        gateway.environment.wire().fail_next(TRANSACT, Fault::canceled(&["TransactionConflict"]));
    }
    let requests = (0..200).map(|_| gateway.request(at(0), 1000)).collect();
    let made = reserve_at_once(&gateway, requests, &limits(10_999)).await;
    assert_eq!(gateway.environment.wire().faults_left(), 0);
    assert_eq!(made.len(), 10);
    assert_eq!(gateway.committed_and_settled(at(0)).await, (10_000, 0));

    let costs = [0, 1, 10, 100, 500, 999, 1000, 0, 7, 350];
    let ends: Vec<_> = made.iter().zip(costs).map(|(made, cost)| settlement(made, cost)).collect();
    let settled = join_all(ends.iter().map(|end| gateway.state.settle(end))).await;
    assert!(settled.into_iter().all(|settled| settled.unwrap()));
    let sum = costs.iter().sum();
    assert_eq!(gateway.committed_and_settled(at(0)).await, (sum, sum));
    assert_eq!((gateway.open().await, gateway.events().await), (0, 10));
}

#[tokio::test]
async fn several_shards_together_keep_the_limit() {
    let gateway = Gateway::sharded(4);
    for _ in 0..300 {
        gateway.environment.wire().fail_next(TRANSACT, Fault::canceled(&["TransactionConflict"]));
    }
    // The parts are 4, 3, 3 and 3.
    let requests = (0..200).map(|_| gateway.request(at(0), 1)).collect();
    let made = reserve_at_once(&gateway, requests, &limits(13)).await;
    assert_eq!(made.len(), 13);
    let used: BTreeSet<_> = made.iter().map(|made| made.shard).collect();
    assert_eq!(used, BTreeSet::from([0, 1, 2, 3]));
    assert_eq!(gateway.committed_and_settled(at(0)).await, (13, 0));

    let ends: Vec<_> = made.iter().map(|made| settlement(made, 1)).collect();
    for settled in join_all(ends.iter().map(|end| gateway.state.settle(end))).await {
        assert!(settled.unwrap());
    }
    assert_eq!(gateway.committed_and_settled(at(0)).await, (13, 13));
    assert!(reserve_at_once(&gateway, vec![gateway.request(at(1), 1)], &limits(13)).await.is_empty());
    assert_eq!(gateway.open().await, 0);
}

#[tokio::test]
async fn requests_are_spread_over_the_shards_while_there_is_room() {
    let gateway = Gateway::sharded(4);
    let mut used = [0; 4];
    for _ in 0..40 {
        let mut request = gateway.request(at(0), 1);
        gateway.reserve(&mut request, &limits(1000)).await.unwrap();
        used[request.shard as usize] += 1;
    }
    assert!(used.iter().all(|used| *used > 2), "{used:?}");
}

#[tokio::test]
async fn a_shard_that_fills_up_between_look_and_transaction_is_left_for_another() {
    let gateway = Gateway::sharded(2);
    let mut request = gateway.request(at(0), 1);
    // The shards are looked at; then the transaction on the first finds no room.
    let full = ["ConditionalCheckFailed", "None", "None", "None", "None", "None"];
    gateway.environment.wire().fail_next(TRANSACT, Fault::canceled(&full));
    gateway.reserve(&mut request, &limits(10)).await.unwrap();
    let mut other = gateway.request(at(0), 1);
    for _ in 0..2 {
        gateway.environment.wire().fail_next(TRANSACT, Fault::canceled(&full));
    }
    assert_eq!(over(gateway.reserve(&mut other, &limits(10)).await), BudgetScope::TenantMonth);
    assert_eq!(gateway.committed_and_settled(at(0)).await, (1, 0));
    assert!(gateway.state.settle(&settlement(&request, 1)).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (1, 1));
}

#[tokio::test]
async fn a_tenant_that_gets_shards_keeps_what_it_spent() {
    let one = Gateway::start();
    let mut before = one.request(at(0), 90);
    one.reserve(&mut before, &limits(100)).await.unwrap();
    let shards = testkit::list_shards(one.tenant, 4);
    let four = Gateway { state: one.environment.ai_state().with_shards(shards), ..one };
    let made = {
        let mut made = 0;
        for _ in 0..20 {
            made += u64::from(four.reserve(&mut four.request(at(1), 2), &limits(100)).await.is_ok());
        }
        made
    };
    assert_eq!(made, 5);
    assert_eq!(four.committed_and_settled(at(1)).await, (100, 0));
    // And a limit that is lowered holds at once.
    assert_eq!(over(four.reserve(&mut four.request(at(2), 1), &limits(60)).await), BudgetScope::TenantMonth);
}

#[tokio::test]
async fn each_budget_refuses_by_its_name_and_nothing_is_set_aside() {
    let scopes = [
        (BudgetScope::TenantMonth, Limits { tenant_month: 100, ..limits(1000) }),
        (BudgetScope::TenantDay, Limits { tenant_day: 100, ..limits(1000) }),
        (BudgetScope::UserDay, Limits { user_day: 100, ..limits(1000) }),
        (
            BudgetScope::FeatureMonth,
            Limits { feature_month: BTreeMap::from([(Feature::LeadScoring, 100)]), ..limits(1000) },
        ),
    ];
    for (scope, limits) in scopes {
        for shards in [1, 3] {
            let gateway = Gateway::sharded(shards);
            gateway.environment.wire().take_calls();
            assert_eq!(over(gateway.reserve(&mut gateway.request(at(0), 101), &limits).await), scope);
            // What can't fit needs no call.
            assert_eq!(gateway.calls().0.len(), usize::from(shards > 1), "{scope:?}");
            let bound = if shards == 1 { 100 } else { 33 };
            for _ in 0..shards {
                gateway.reserve(&mut gateway.request(at(0), bound), &limits).await.unwrap();
            }
            let committed = gateway.committed_and_settled(at(0)).await;
            assert_eq!(over(gateway.reserve(&mut gateway.request(at(0), 2), &limits).await), scope);
            assert_eq!(gateway.committed_and_settled(at(0)).await, committed);
            assert_eq!(gateway.open().await, shards as usize);
        }
    }
}

#[tokio::test]
async fn a_feature_without_a_limit_is_counted() {
    let gateway = Gateway::start();
    let unlimited = Limits { feature_month: BTreeMap::new(), ..limits(1000) };
    gateway.reserve(&mut gateway.request(at(0), 600), &unlimited).await.unwrap();
    let spent = gateway.spent(at(0)).await;
    assert_eq!(spent.feature_month, [(Feature::LeadScoring, SpentAmounts { committed: 600, settled: 0 })]);
    // Another feature has a counter of its own, and the tenant's is the same.
    let mut other = gateway.request(at(0), 300);
    other.presumed.feature = Feature::Proposal;
    gateway.reserve(&mut other, &unlimited).await.unwrap();
    let spent = gateway.spent(at(0)).await;
    assert_eq!(spent.feature_month.len(), 2);
    assert_eq!(spent.tenant_month.committed, 900);
}

#[tokio::test]
async fn days_months_and_accounts_are_apart() {
    let gateway = Gateway::start();
    let day = limits(100);
    let month = Limits { tenant_month: 1000, feature_month: BTreeMap::new(), ..limits(100) };
    gateway.reserve(&mut gateway.request(at(0), 100), &day).await.unwrap();
    assert_eq!(
        over(gateway.reserve(&mut gateway.request(at(86_399), 1), &month).await),
        BudgetScope::TenantDay
    );
    gateway.reserve(&mut gateway.request(at(86_400), 100), &month).await.unwrap();
    assert_eq!(
        over(gateway.reserve(&mut gateway.request(at(30 * 86_400), 1), &day).await),
        BudgetScope::TenantMonth
    );
    gateway.reserve(&mut gateway.request(at(31 * 86_400), 100), &day).await.unwrap();

    // A request that ends in another month is charged to its own.
    let spans = gateway.request(at(31 * 86_400 - 1), 50);
    gateway.reserve(&mut spans.clone(), &Limits { tenant_day: 1000, ..month.clone() }).await.unwrap();
    let mut end = settlement(&spans, 20);
    end.at = at(31 * 86_400 + 30);
    assert!(gateway.state.settle(&end).await.unwrap());
    assert_eq!(gateway.spent(at(0)).await.tenant_month, SpentAmounts { committed: 220, settled: 20 });
    assert_eq!(
        gateway.spent(at(31 * 86_400)).await.tenant_month,
        SpentAmounts { committed: 100, settled: 0 }
    );

    let mut colleague = gateway.request(at(86_400), 10);
    colleague.presumed.account_id = new_id(START, &random_bytes());
    let wide = Limits { user_day: 10, ..limits(1_000_000) };
    gateway.reserve(&mut colleague, &wide).await.unwrap();
    assert_eq!(over(gateway.reserve(&mut gateway.request(at(86_400), 1), &wide).await), BudgetScope::UserDay);
}

#[tokio::test]
async fn a_request_is_reserved_once() {
    let gateway = Gateway::start();
    let request = gateway.reserved(at(0), 100).await;
    // Also when it is made again later, with another lease.
    for after in [0, 30, 100_000] {
        let mut again = gateway.request(at(after), 100);
        again.presumed.request_id = request.request_id();
        let repeated = gateway.reserve(&mut again, &limits(1_000_000)).await;
        assert!(matches!(repeated, Err(ReserveError::Repeated)), "{repeated:?}");
    }
    assert!(gateway.state.settle(&settlement(&request, 40)).await.unwrap());
    let repeated = gateway.reserve(&mut request.clone(), &limits(1_000_000)).await;
    assert!(matches!(repeated, Err(ReserveError::Repeated)), "{repeated:?}");
    assert_eq!(gateway.committed_and_settled(at(0)).await, (40, 40));
    assert_eq!(gateway.open().await, 0);
}

#[tokio::test]
async fn of_fifty_settlements_one_counts() {
    let gateway = Gateway::start();
    let request = gateway.reserved(at(0), 100).await;
    let end = settlement(&request, 30);
    let settled = join_all((0..50).map(|_| gateway.state.settle(&end))).await;
    assert_eq!(settled.into_iter().filter(|settled| *settled.as_ref().unwrap()).count(), 1);
    assert_eq!(gateway.committed_and_settled(at(0)).await, (30, 30));
    assert_eq!((gateway.open().await, gateway.events().await), (0, 1));
}

#[tokio::test]
async fn what_costs_more_than_its_bound_is_charged_all_the_same() {
    let gateway = Gateway::start();
    let request = gateway.reserved(at(0), 100).await;
    assert!(gateway.state.settle(&settlement(&request, 250)).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (250, 250));
}

#[tokio::test]
async fn what_was_never_reserved_can_not_be_settled() {
    let gateway = Gateway::start();
    let request = gateway.request(at(0), 100);
    assert!(!gateway.state.settle(&settlement(&request, 30)).await.unwrap());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (0, 0));
    assert_eq!(gateway.events().await, 0);
    let mut end = settlement(&gateway.reserved(at(0), 100).await, 30);
    end.metered.request_id = request.request_id();
    assert!(matches!(gateway.state.settle(&end).await, Err(StoreError::Malformed(_))));
}

#[tokio::test]
async fn the_event_says_who_and_what_and_is_the_only_one() {
    let gateway = Gateway::start();
    let mut request = gateway.request(at(0), 100);
    let key: ApiKeyId = new_id(START, &random_bytes());
    request.presumed.api_key_id = Some(key);
    gateway.reserve(&mut request, &limits(1000)).await.unwrap();
    let end = settlement(&request, 30);
    gateway.state.settle(&end).await.unwrap();
    // A hit is recorded by itself, once.
    let hit = AiRequestMetered { cost_nano_usd: 0, ..gateway.request(at(1), 0).presumed };
    for _ in 0..2 {
        gateway.state.record(gateway.tenant, &hit, at(1), "other").await.unwrap();
    }
    // Recording what was settled changes nothing.
    gateway.state.record(gateway.tenant, &hit_of(&end.metered), at(2), "other").await.unwrap();
    let events = gateway.environment.items(&gateway.environment.tables().ledger).await;
    assert_eq!(events.len(), 2);
    for (metered, actor, correlation, moment) in [
        (&end.metered, key.to_string(), "correlation", at(10)),
        (&hit, gateway.account.to_string(), "other", at(1)),
    ] {
        let pk = format!("{}#ai_request#{}", gateway.tenant, metered.request_id);
        let event = events.iter().find(|event| *event["pk"].as_s().unwrap() == pk).unwrap();
        let text = |name: &str| event[name].as_s().unwrap().clone();
        assert_eq!(event["sk"].as_n().unwrap(), "1");
        let event_id: EventId = derived(&metered.request_id);
        assert_eq!(text("event_id"), event_id.to_string());
        assert_eq!(
            (text("event_type").as_str(), event["schema_version"].as_n().unwrap().as_str()),
            ("ai_request_metered", "1")
        );
        assert_eq!((text("actor"), text("correlation_id").as_str()), (actor, correlation));
        assert_eq!(Timestamp::parse(&text("occurred_at")).unwrap(), moment);
    }
    let aggregate =
        ports::AggregateKey::new(gateway.tenant, domain::AggregateType::AiRequest, &end.metered.request_id);
    let store = gateway.environment.store();
    let history = ports::Store::history(&store, &aggregate, u64::MAX).await.unwrap();
    let events: Vec<EncodedEvent> = history.into_iter().map(|record| record.event).collect();
    assert_eq!(AiRequestMetered::decode(&events[0]).unwrap(), end.metered);
}

fn hit_of(metered: &AiRequestMetered) -> AiRequestMetered {
    AiRequestMetered { cost_nano_usd: 0, ..metered.clone() }
}

#[tokio::test]
async fn an_extension_is_within_the_limits_and_settled_as_a_whole() {
    for shards in [1, 2] {
        let gateway = Gateway::sharded(shards);
        let each = limits(200 * u64::from(shards));
        let mut request = gateway.request(at(0), 100);
        gateway.reserve(&mut request, &each).await.unwrap();
        gateway.state.extend(&mut request, 160, &each).await.unwrap();
        assert_eq!(request.bound, 160);
        assert_eq!(gateway.committed_and_settled(at(0)).await, (160, 0));
        assert_eq!(over(gateway.state.extend(&mut request, 201, &each).await), BudgetScope::TenantMonth);
        assert_eq!(request.bound, 160);
        // Never less.
        gateway.state.extend(&mut request, 50, &each).await.unwrap();
        assert_eq!((request.bound, gateway.committed_and_settled(at(0)).await), (160, (160, 0)));
        let shorter = Limits { user_day: 150, ..each.clone() };
        assert_eq!(over(gateway.state.extend(&mut request, 161, &shorter).await), BudgetScope::UserDay);
        gateway.state.extend(&mut request, 200, &each).await.unwrap();
        assert!(gateway.state.settle(&settlement(&request, 170)).await.unwrap());
        assert_eq!(gateway.committed_and_settled(at(0)).await, (170, 170));
        let late = gateway.state.extend(&mut request, 300, &limits(10_000)).await;
        assert!(matches!(late, Err(ReserveError::Repeated)), "{late:?}");
        assert_eq!(gateway.committed_and_settled(at(0)).await, (170, 170));
    }
}

#[tokio::test]
async fn extensions_at_once_keep_the_limit() {
    let gateway = Gateway::start();
    let each = limits(150);
    let mut requests = Vec::new();
    for _ in 0..10 {
        let mut request = gateway.request(at(0), 10);
        gateway.reserve(&mut request, &each).await.unwrap();
        requests.push(request);
    }
    let extended =
        join_all(requests.iter_mut().map(|request| gateway.state.extend(request, 20, &each))).await;
    assert_eq!(extended.into_iter().filter(Result::is_ok).count(), 5);
    assert_eq!(gateway.committed_and_settled(at(0)).await, (150, 0));
}

#[tokio::test]
async fn tenants_do_not_share_budgets() {
    let ann = Gateway::start();
    let mut request = ann.request(at(0), 100);
    ann.reserve(&mut request, &limits(100)).await.unwrap();
    // The same request, account and feature, of another tenant.
    let mut theirs = request.clone();
    theirs.tenant = support::ai::tenant();
    ann.reserve(&mut theirs, &limits(100)).await.unwrap();
    assert!(ann.state.settle(&settlement(&request, 60)).await.unwrap());
    assert_eq!(ann.committed_and_settled(at(0)).await, (60, 60));
    let spent = ann.state.spent(theirs.tenant, ann.account, at(0)).await.unwrap();
    assert_eq!(spent.tenant_month, SpentAmounts { committed: 100, settled: 0 });
    assert!(ann.state.settle(&settlement(&theirs, 10)).await.unwrap());
    assert_eq!(ann.committed_and_settled(at(0)).await, (60, 60));
}

#[tokio::test]
async fn counters_outlive_their_reports_and_hold_no_more_than_numbers() {
    let gateway = Gateway::start();
    let request = gateway.reserved(at(5), 100).await;
    gateway.state.settle(&settlement(&request, 10)).await.unwrap();
    let items = gateway.environment.items(&gateway.environment.tables().ephemeral).await;
    assert_eq!(items.len(), 4);
    for item in items {
        let (pk, sk) = (item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
        assert!(pk.starts_with(&format!("{}#ai_spent#", gateway.tenant)), "{pk}");
        let mut names: Vec<_> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["committed", "expires_at", "pk", "settled", "sk"]);
        let expires_at: i64 = item["expires_at"].as_n().unwrap().parse().unwrap();
        let kept = match sk.as_str() {
            "2026-01" => 31 + 90,
            "2026-01-01" => 1 + 39,
            other => panic!("{other}"),
        };
        assert!(expires_at > at(kept * 86_400).seconds(), "{pk} {sk}");
        assert!(expires_at < at((kept + 20) * 86_400).seconds(), "{pk} {sk}");
    }
}
