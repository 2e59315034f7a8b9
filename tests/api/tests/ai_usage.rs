//! What requests to models cost, after they were made: what is presumed of those that nobody ended, what each is counted
//! as, and what a tenant may spend.

use api_tests::{Person, World};
use application::ports::{AiState, Reservation};
use domain::ai::{AiRequestMetered, CacheUse, Feature, Limits, Outcome, Tokens};

/// A request as it is metered when nobody knows how it ended.
fn metered(world: &World, by: &Person, feature: Feature, cost_nano_usd: u64) -> AiRequestMetered {
    AiRequestMetered {
        request_id: world.context().new_id().unwrap(),
        account_id: by.account,
        api_key_id: None,
        feature,
        model: "us.amazon.nova-pro-v1:0".to_owned(),
        provider: "bedrock".to_owned(),
        tokens: Tokens { input: 100, output: 50, ..Tokens::default() },
        cost_nano_usd,
        price_version: "1".to_owned(),
        attempts: 1,
        latency_ms: 10,
        cache: CacheUse::Miss,
        outcome: Outcome::Presumed,
    }
}

/// Sets money aside for a request whose process then dies.
async fn abandoned(world: &World, by: &Person, feature: Feature, bound: u64) -> Reservation {
    let presumed = metered(world, by, feature, bound);
    let (at, lease_until) = (world.now(), world.now().plus_seconds(60));
    let mut reservation = Reservation { tenant: by.tenant, at, lease_until, bound, shard: 0, presumed };
    let state = world.environment().ai_state();
    state.reserve(&mut reservation, &Limits::default(), None).await.unwrap();
    reservation
}

#[tokio::test]
async fn a_request_that_nobody_ends_is_charged_once_by_the_minute() {
    let world = World::start();
    let admin = world.admin().await;
    let reservation = abandoned(&world, &admin, Feature::Completion, 1_000).await;
    world.settle_ai_usage().await;
    assert_eq!(world.events("ai_request_metered").await.len(), 0);
    world.pass(61);
    for _ in 0..2 {
        world.settle_ai_usage().await;
        let events = world.events("ai_request_metered").await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["aggregate_id"]["S"], reservation.request_id().to_string());
        let data = &events[0]["data"]["M"];
        assert_eq!(
            (&data["outcome"]["S"], &data["cost_nano_usd"]["N"]),
            (&"presumed".into(), &"1000".into())
        );
    }
    let spent = world.environment().ai_state().spent(admin.tenant, admin.account, world.now()).await.unwrap();
    assert_eq!((spent.tenant_month.committed, spent.tenant_month.settled), (1_000, 1_000));
    world.check_folds().await;
}
