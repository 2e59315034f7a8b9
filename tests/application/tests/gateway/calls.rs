//! The calls to DynamoDB on each path. The table in the documentation of the gateway has the same numbers.

use super::scene::{NOVA, NOVA_COST, Scene, ask, cacheable, limits, providers, strict_gateway, until};
use crate::support::NOW;
use application_ai::Requester;
use application_ai::gateway::complete;
use application_core::Error;
use application_core::limits::AI_CALLS;
use domain::ai::CacheUse;
use domain::id::new_id;
use ports::Limiter;

const MISS: [&str; 5] =
    ["BatchGetItem", "TransactWriteItems", "TransactWriteItems", "UpdateItem", "UpdateItem"];

#[tokio::test]
async fn a_miss_is_five_calls_and_a_hit_four() {
    let scene = Scene::start();
    scene.model.answer("Paris");
    let ask = cacheable(NOVA);
    let first = scene.complete(&ask).await.unwrap();
    assert_eq!(scene.calls(), MISS);
    assert_eq!((first.text.as_str(), first.head.cache, first.head.attempts), ("Paris", CacheUse::Miss, 1));
    assert_eq!((first.cost.nano_usd, first.head.model.as_str()), (NOVA_COST, NOVA));

    let again = scene.complete(&ask).await.unwrap();
    assert_eq!(scene.calls(), ["BatchGetItem", "PutItem", "UpdateItem", "UpdateItem"]);
    assert_eq!((again.text.as_str(), again.head.cache, again.head.attempts), ("Paris", CacheUse::Hit, 0));
    assert_eq!((again.cost.nano_usd, again.tokens, again.head.model), (0, first.tokens, first.head.model));
    assert_eq!(scene.model.calls().len(), 1);

    let mut ledger = scene.ledger().await;
    ledger.sort_by_key(|metered| metered.cost);
    let said: Vec<_> = ledger.iter().map(|metered| (metered.cache.as_str(), metered.cost)).collect();
    assert_eq!(said, [("hit", 0), ("miss", NOVA_COST)]);
    assert_eq!(scene.settled().await, NOVA_COST);
}

#[tokio::test]
async fn a_question_without_the_cache_is_five_calls() {
    let scene = Scene::start();
    scene.model.always("Paris");
    for _ in 0..2 {
        let answer = scene.complete(&ask(NOVA)).await.unwrap();
        assert_eq!(
            (scene.calls().as_slice(), answer.head.cache),
            (&MISS.map(str::to_owned)[..], CacheUse::Bypass)
        );
    }
}

#[tokio::test]
async fn over_budget_is_three_or_four_calls_and_nothing_is_asked_or_kept() {
    let scene = Scene::start();
    scene.set_limits(limits(1)).await;
    let refused = scene.complete(&cacheable(NOVA)).await.unwrap_err();
    assert!(matches!(refused, Error::OverBudget(_)), "{refused:?}");
    // The bound alone is more than the limit, so no reservation is tried.
    assert_eq!(scene.calls(), ["BatchGetItem", "UpdateItem", "UpdateItem"]);
    assert!(scene.model.calls().is_empty());
    assert_eq!((scene.settled().await, scene.ledger().await.len()), (0, 0));

    // The transaction finds that another request reached the limit.
    let scene = Scene::start();
    scene.model.hold();
    scene.model.answer("Paris");
    let making = scene.begin(ask(NOVA));
    until(|| !scene.model.calls().is_empty()).await;
    scene.set_limits(limits(scene.spent().await.committed + 1)).await;
    scene.calls();
    assert!(matches!(scene.complete(&ask(NOVA)).await.unwrap_err(), Error::OverBudget(_)));
    assert_eq!(scene.calls(), ["BatchGetItem", "TransactWriteItems", "UpdateItem", "UpdateItem"]);
    scene.model.let_go(1);
    making.await.unwrap().unwrap();
    assert_eq!(scene.settled().await, NOVA_COST);
}

#[tokio::test]
async fn a_request_over_the_rate_limit_asks_nobody() {
    let scene = Scene::start();
    let asker = scene.asker();
    let limiter = scene.environment.limiter();
    for _ in 0..AI_CALLS.burst {
        assert!(limiter.take(AI_CALLS, &asker.name(), NOW).await.unwrap().allowed);
    }
    scene.calls();
    let providers = providers(&scene.model);
    let refused =
        complete(&scene.gateway, &providers, &scene.context(0), &asker, &ask(NOVA)).await.unwrap_err();
    assert!(matches!(refused, Error::Limited(decision) if decision.retry_after_seconds > 0), "{refused:?}");
    assert!(scene.calls().iter().all(|call| ["BatchGetItem", "UpdateItem"].contains(&call.as_str())));
    assert!(scene.model.calls().is_empty());
    assert_eq!(scene.settled().await, 0);
}

#[tokio::test]
async fn more_askers_of_an_organization_make_no_more_calls() {
    let scene = Scene::start();
    scene.model.always("Paris");
    let gateway = strict_gateway(&scene);
    let providers = providers(&scene.model);
    let (mut answered, mut refused) = (0, 0);
    for number in 0..5 {
        let asker = Requester { account: new_id(NOW, &[number; 10]), ..scene.asker() };
        for _ in 0..40 {
            match complete(&gateway, &providers, &scene.context(0), &asker, &ask(NOVA)).await {
                Ok(_) => answered += 1,
                Err(Error::Limited(decision)) => {
                    assert_eq!(decision.limit.name, "ai_calls_organization");
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!((answered, refused), (120, 80));
    assert_eq!(scene.model.calls().len(), 120);
}

#[tokio::test]
async fn a_state_that_can_t_be_reached_lets_nobody_through() {
    use testkit::Fault;
    for operation in ["BatchGetItem", "UpdateItem", "TransactWriteItems"] {
        let scene = Scene::start();
        let denied =
            serde_json::json!({ "__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException" });
        scene.environment.wire().fail_next(operation, Fault::Answer(400, denied));
        let refused = scene.complete(&ask(NOVA)).await.unwrap_err();
        assert!(matches!(refused, Error::Store(_)), "{operation}: {refused:?}");
        assert!(scene.model.calls().is_empty(), "{operation}");
    }
}
