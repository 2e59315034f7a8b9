//! A tenant with several shards for each budget: together they keep the limit, and every sum is exact.

use super::scene::{NOVA, NOVA_COST, SONNET, Scene, ask, bound_of, cacheable, judged, limits, until};
use application_core::Error;
use domain::ai::{CacheUse, Limits};
use futures_util::future::join_all;
use ports::{ModelAnswer, ModelError, StopReason, Usage};

#[tokio::test]
async fn of_two_hundred_at_once_only_those_are_asked_that_the_parts_pay_for() {
    let bound = bound_of(ask(NOVA)).await;
    // Ten requests fit into one counter, and into five shards of two. With four shards each has room for two and a
    // half, with three a little more than three.
    for (shards, fit) in [(1, 10), (5, 10), (4, 8), (3, 9)] {
        let scene = Scene::sharded(shards);
        scene.set_limits(limits(10 * bound)).await;
        scene.model.always("Paris");
        scene.model.hold();
        let requests: Vec<_> = (0..200).map(|_| scene.begin(ask(NOVA))).collect();
        until(|| requests.iter().filter(|request| request.is_finished()).count() == 200 - fit).await;
        assert_eq!((scene.model.calls().len(), scene.spent().await.committed), (fit, fit as u64 * bound));
        scene.model.let_go(200);
        let ended = join_all(requests).await.into_iter().map(Result::unwrap);
        let (answered, refused): (Vec<_>, Vec<_>) = ended.partition(Result::is_ok);
        assert_eq!(answered.len(), fit);
        assert!(refused.iter().all(|refused| matches!(refused, Err(Error::OverBudget(_)))));
        assert_eq!(scene.model.calls().len(), fit, "whoever is refused asks nobody");
        assert_eq!((scene.settled().await, scene.ledger().await.len()), (fit as u64 * NOVA_COST, fit));
        // The amount that they did not use is available for the next request.
        scene.complete(&ask(NOVA)).await.unwrap();
        assert_eq!(scene.settled().await, (fit as u64 + 1) * NOVA_COST);
    }
}

#[tokio::test]
async fn what_is_settled_meanwhile_is_spent_again_and_never_more_than_the_limit() {
    let bound = bound_of(ask(NOVA)).await;
    let scene = Scene::sharded(4);
    let limit = 12 * bound;
    // Only one of the four budgets is too small.
    scene.set_limits(Limits { user_day: limit, ..limits(100 * limit) }).await;
    scene.model.always("Paris");
    let ended = join_all((0..200).map(|_| scene.begin(ask(NOVA)))).await.into_iter().map(Result::unwrap);
    let answered = ended.filter(|ended| ended.is_ok()).count();
    assert_eq!(scene.model.calls().len(), answered);
    let settled = scene.settled().await;
    assert_eq!((settled, scene.ledger().await.len()), (answered as u64 * NOVA_COST, answered));
    assert!(settled <= limit && answered >= 12, "{answered}");
}

#[tokio::test]
async fn a_tenant_that_gets_shards_while_requests_are_made_loses_no_money() {
    let bound = bound_of(ask(NOVA)).await;
    let small = Scene::start();
    small.set_limits(limits(8 * bound)).await;
    small.model.always("Paris");
    small.model.hold();
    let mut held: Vec<_> = (0..5).map(|_| small.begin(ask(NOVA))).collect();
    until(|| small.model.calls().len() == 5).await;
    // From now on it has four shards of two. The first is more than full with the five requests, and the sum leaves
    // three.
    let large = small.enlarged(4);
    for request in 6..=8 {
        held.push(large.begin(ask(NOVA)));
        until(|| large.model.calls().len() == request).await;
    }
    assert!(matches!(large.complete(&ask(NOVA)).await, Err(Error::OverBudget(_))));
    assert_eq!(large.spent().await.committed, 8 * bound);
    large.model.let_go(100);
    for ended in join_all(held).await {
        ended.unwrap().unwrap();
    }
    assert_eq!((large.settled().await, large.ledger().await.len()), (8 * NOVA_COST, 8));
}

#[tokio::test]
async fn a_repair_is_paid_for_by_the_part_of_its_request() {
    let bound = bound_of(ask(SONNET)).await;
    let dear = |text: &str| {
        let usage = Usage { input_tokens: 40, output_tokens: 900, ..Usage::default() };
        Ok(ModelAnswer {
            reasoning: Vec::new(),
            tool_calls: Vec::new(),
            text: text.to_owned(),
            stop: StopReason::EndTurn,
            usage: Some(usage),
        })
    };
    let used = 40 * 3300 + 900 * 16_500;
    for (each, repaired) in [(bound + bound / 2, false), (3 * bound, true)] {
        let scene = Scene::sharded(4);
        // The other shards have room, but the reservation of a request is in one shard.
        scene.set_limits(limits(4 * each)).await;
        scene.model.script(dear("bad"));
        scene.model.script(dear("good"));
        let ended = scene.complete(&judged(ask(SONNET))).await;
        let calls = if repaired { 2 } else { 1 };
        assert_eq!(ended.is_ok(), repaired, "{ended:?}");
        if let Err(error) = ended {
            assert!(matches!(error, Error::OverBudget(_)), "{error:?}");
        }
        assert_eq!((scene.model.calls().len(), scene.settled().await), (calls, calls as u64 * used));
    }
}

#[tokio::test]
async fn what_dies_in_any_shard_is_swept_there() {
    let bound = bound_of(ask(NOVA)).await;
    let scene = Scene::sharded(4);
    scene.set_limits(limits(12 * bound)).await;
    scene.model.hold();
    let dying: Vec<_> = (0..12).map(|_| scene.begin(ask(NOVA))).collect();
    until(|| scene.model.calls().len() == 12).await;
    for request in &dying {
        request.abort();
    }
    // All shards are full: a thirteenth request is refused whatever its first shard is.
    assert!(matches!(scene.complete(&ask(NOVA)).await, Err(Error::OverBudget(_))));
    assert_eq!(scene.sweep().await, 12);
    assert_eq!((scene.settled().await, scene.ledger().await.len()), (12 * bound, 12));
    assert!(
        scene.ledger().await.iter().all(|metered| metered.outcome == "presumed" && metered.cost == bound)
    );
    // Presumed amounts are spent: no shard has anything left.
    assert!(matches!(scene.complete(&ask(NOVA)).await, Err(Error::OverBudget(_))));
    assert_eq!(scene.settled().await, 12 * bound);
}

#[tokio::test]
async fn a_hundred_identical_questions_of_a_large_tenant_make_one_call() {
    let bound = bound_of(ask(NOVA)).await;
    let scene = Scene::sharded(4);
    // Each shard pays for one request; a request that waits for the answer needs no reservation.
    scene.set_limits(limits(4 * bound)).await;
    scene.model.fail(ModelError::Unavailable("503".into()));
    scene.model.answer("Paris");
    scene.model.hold();
    let requests: Vec<_> = (0..100).map(|_| scene.begin(cacheable(NOVA))).collect();
    until(|| !scene.timer.pauses().is_empty() && !scene.model.calls().is_empty()).await;
    scene.model.let_go(100);
    let answers: Vec<_> = join_all(requests).await.into_iter().map(|ended| ended.unwrap().unwrap()).collect();
    assert_eq!(answers.iter().filter(|answer| answer.head.cache == CacheUse::Miss).count(), 1);
    assert_eq!((scene.model.calls().len(), scene.settled().await), (2, NOVA_COST));
    assert_eq!(scene.ledger().await.len(), 100);
}
