//! A budget is a hard limit for any number of simultaneous requests.

use super::scene::{NOVA, NOVA_COST, Scene, ask, limits, until};
use application_core::Error;
use futures_util::future::join_all;

/// The reservation for the usual prompt.
async fn bound() -> u64 {
    let scene = Scene::start();
    scene.model.hold();
    let making = scene.begin(ask(NOVA));
    until(|| !scene.model.calls().is_empty()).await;
    let bound = scene.spent().await.committed;
    making.abort();
    assert!(bound > NOVA_COST);
    bound
}

#[tokio::test]
async fn of_two_hundred_at_once_only_those_are_asked_that_the_budget_pays_for() {
    let bound = bound().await;
    let scene = Scene::start();
    scene.set_limits(limits(10 * bound + bound / 2)).await;
    scene.model.always("Paris");
    scene.model.hold();
    let requests: Vec<_> = (0..200).map(|_| scene.begin(ask(NOVA))).collect();
    // While the ten requests run, every other request is refused.
    until(|| requests.iter().filter(|request| request.is_finished()).count() == 190).await;
    assert_eq!(scene.model.calls().len(), 10);
    assert_eq!(scene.spent().await.committed, 10 * bound);
    scene.model.let_go(200);
    let ended = join_all(requests).await;
    let (answered, refused): (Vec<_>, Vec<_>) =
        ended.into_iter().map(Result::unwrap).partition(Result::is_ok);
    assert_eq!(answered.len(), 10);
    assert!(refused.iter().all(|refused| matches!(refused, Err(Error::OverBudget(_)))));
    assert_eq!(scene.model.calls().len(), 10);
    let costs: u64 = answered.iter().flatten().map(|answer| answer.cost.nano_usd).sum();
    assert_eq!((scene.settled().await, costs), (10 * NOVA_COST, 10 * NOVA_COST));
    assert_eq!(scene.ledger().await.len(), 10);
}

#[tokio::test]
async fn what_was_not_used_can_be_spent_by_others_but_never_more_than_the_limit() {
    let bound = bound().await;
    let scene = Scene::start();
    let limit = 3 * bound;
    scene.set_limits(limits(limit)).await;
    scene.model.always("Paris");
    let ended = join_all((0..60).map(|_| scene.begin(ask(NOVA)))).await;
    let answered = ended.into_iter().filter(|ended| ended.as_ref().unwrap().is_ok()).count();
    assert_eq!(scene.model.calls().len(), answered);
    let settled = scene.settled().await;
    assert_eq!(settled, answered as u64 * NOVA_COST);
    assert!(settled <= limit && answered >= 3, "{answered}");
}
