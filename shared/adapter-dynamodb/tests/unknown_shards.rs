//! A process that has not read the deployed configuration yet misses nothing in lists, and sets nothing aside for an
//! organization that has spent in shards which it does not know.

use crate::support::ai::{Gateway, limits, settlement};
use crate::support::{World, at, company};
use domain::sales::Lead;
use ports::{BudgetScope, ListQuery, ListScope, RequestMoney, ReserveError, Store, StoreError};
use std::collections::BTreeSet;

async fn listed(world: &World) -> BTreeSet<String> {
    let query = ListQuery::of::<Lead>(Lead::BY_TIME, ListScope::Organization(world.tenant), 100, None);
    let page = world.store.list(&query).await.unwrap();
    assert_eq!(page.next, None);
    let name = |text: &str| {
        let state: serde_json::Value = serde_json::from_str(text).unwrap();
        state["company_name"].as_str().unwrap().to_owned()
    };
    page.items.into_iter().map(|item| name(&item.unwrap().stored.state)).collect()
}

async fn create(world: &World, names: std::ops::Range<u32>) {
    for n in names {
        world.create(at(i64::from(n)), &company(&format!("l{n}"))).await;
    }
}

#[tokio::test]
async fn lists_are_complete_while_the_number_of_shards_is_unknown() {
    let mut world = World::start().await;
    let names: BTreeSet<String> = (0..70).map(|n| format!("l{n}")).collect();
    let known = testkit::list_shards(world.tenant, 64);
    world.store = world.environment.store().with_list_shards(known.clone());
    create(&world, 0..60).await;
    world.store = world.environment.store().with_list_shards(testkit::unknown_list_shards());
    create(&world, 60..70).await;
    assert_eq!(listed(&world).await, names, "it reads every shard that there may be");
    for shards in [known, testkit::list_shards(world.tenant, 64)] {
        world.store = world.environment.store().with_list_shards(shards);
        assert_eq!(listed(&world).await, names, "others read what it wrote");
    }
}

/// The same organization, asked by a process that does not know its number of shards.
fn unaware(gateway: Gateway) -> Gateway {
    let state = gateway.environment.ai_state().with_shards(testkit::unknown_list_shards());
    Gateway { state, ..gateway }
}

#[tokio::test]
async fn an_organization_with_one_shard_spends_its_whole_budget_and_not_more() {
    let gateway = unaware(Gateway::start());
    for _ in 0..10 {
        gateway.reserve(&mut gateway.request(at(0), 10), &limits(100)).await.unwrap();
    }
    let more = gateway.reserve(&mut gateway.request(at(0), 1), &limits(100)).await;
    assert!(matches!(more, Err(ReserveError::OverBudget(BudgetScope::TenantMonth))), "{more:?}");
    assert_eq!(gateway.committed_and_settled(at(0)).await, (100, 0));
}

#[tokio::test]
async fn nothing_is_set_aside_for_an_organization_with_shards_of_unknown_number() {
    let gateway = Gateway::sharded(4);
    let mut spent = 0;
    // Until a shard other than 0 is charged, which the request's identifier decides.
    loop {
        let mut request = gateway.request(at(0), 10);
        gateway.reserve(&mut request, &limits(1000)).await.unwrap();
        assert!(gateway.state.settle(&settlement(&request, 10)).await.unwrap());
        spent += 10;
        if request.shard > 0 {
            break;
        }
    }
    let unaware = unaware(gateway);
    // The counters of the month before tell it too.
    const NEXT_MONTH: i64 = 32 * 24 * 3600;
    for now in [at(0), at(NEXT_MONTH)] {
        let refused = unaware.reserve(&mut unaware.request(now, 10), &limits(1000)).await;
        assert!(matches!(refused, Err(ReserveError::Store(StoreError::Unavailable(_)))), "{refused:?}");
    }
    assert_eq!(unaware.committed_and_settled(at(0)).await, (spent, spent), "all shards are summed");
    assert_eq!(unaware.open().await, 0);
}
