//! Identical questions at once make one call.

use super::scene::{NOVA, NOVA_COST, Scene, cacheable, until};
use application::Error;
use domain::ai::CacheUse;
use futures_util::future::join_all;
use std::time::Duration;

#[tokio::test]
async fn a_hundred_identical_questions_at_once_make_one_call() {
    let scene = Scene::start();
    scene.model.answer("Paris");
    scene.model.hold();
    let requests: Vec<_> = (0..100).map(|_| scene.begin(cacheable(NOVA))).collect();
    until(|| !scene.timer.pauses().is_empty() && !scene.model.calls().is_empty()).await;
    scene.model.let_go(100);
    let answers: Vec<_> = join_all(requests).await.into_iter().map(|ended| ended.unwrap().unwrap()).collect();
    assert!(answers.iter().all(|answer| answer.text == "Paris"));
    assert_eq!(scene.model.calls().len(), 1);
    let misses = answers.iter().filter(|answer| answer.head.cache == CacheUse::Miss).count();
    assert_eq!(misses, 1);
    assert_eq!((scene.settled().await, scene.ledger().await.len()), (NOVA_COST, 100));
}

#[tokio::test]
async fn a_maker_that_fails_leaves_the_answer_to_another() {
    let scene = Scene::start();
    scene.model.fail(application::ports::ModelError::Refused("no".into()));
    scene.model.answer("Paris");
    scene.model.hold();
    let requests: Vec<_> = (0..5).map(|_| scene.begin(cacheable(NOVA))).collect();
    until(|| scene.timer.pauses().len() >= 4).await;
    scene.model.let_go(2);
    let ended: Vec<_> = join_all(requests).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 4);
    assert_eq!(scene.model.calls().len(), 2);
    assert_eq!(scene.settled().await, NOVA_COST);
}

#[tokio::test]
async fn a_maker_that_dies_is_waited_for_until_its_lease_ends() {
    let scene = Scene::start();
    scene.model.hold();
    let dies = scene.begin(cacheable(NOVA));
    until(|| !scene.model.calls().is_empty()).await;
    dies.abort();
    assert!(dies.await.unwrap_err().is_cancelled());
    scene.model.always("Paris");
    scene.model.let_go(10);
    // Whoever comes before its end waits as long as they can, and asks nobody.
    let hurried = scene.hurried(Duration::from_millis(4600));
    let gave_up = scene.complete_in(&hurried, &cacheable(NOVA)).await.unwrap_err();
    assert!(matches!(gave_up, Error::ModelsUnavailable { retry_after: Some(_) }), "{gave_up:?}");
    // Twice as long each time, up to a second.
    let pauses: Vec<_> = scene.timer.pauses().iter().map(Duration::as_millis).collect();
    assert_eq!(pauses[..6], [50, 100, 200, 400, 800, 1000]);
    assert!(pauses[6..].iter().all(|pause| *pause == 1000));
    assert_eq!(scene.model.calls().len(), 1);
    // 29 seconds for the request and 30 beyond.
    let answer = scene.complete_in(&scene.context(60), &cacheable(NOVA)).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.head.cache), ("Paris", CacheUse::Miss));
    assert_eq!(scene.model.calls().len(), 2);
    let again = scene.complete_in(&scene.context(61), &cacheable(NOVA)).await.unwrap();
    assert_eq!(again.head.cache, CacheUse::Hit);
    assert_eq!(scene.sweep().await, 1);
    assert_eq!(scene.ledger().await.len(), 3);
    scene.settled().await;
    // The sweep took no answer away.
    let again = scene.complete_in(&scene.context(62), &cacheable(NOVA)).await.unwrap();
    assert_eq!(again.head.cache, CacheUse::Hit);
}
