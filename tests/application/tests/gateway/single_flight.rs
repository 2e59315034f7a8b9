//! Simultaneous requests with the same prompt make one call.

use super::scene::{NOVA, NOVA_COST, Scene, cacheable, until};
use domain::ai::CacheUse;
use futures_util::future::join_all;
use ports::{ModelAnswer, StopReason, Usage};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    scene.model.fail(ports::ModelError::Refused("no".into()));
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
    // A request that comes before its end waits for a third of its time and then calls the model itself.
    let hurried = scene.hurried(Duration::from_secs(9));
    let alone = scene.complete_in(&hurried, &cacheable(NOVA)).await.unwrap();
    assert_eq!((alone.text.as_str(), alone.head.cache), ("Paris", CacheUse::Miss));
    // Each pause is twice as long as the one before, up to a second.
    let pauses: Vec<_> = scene.timer.pauses().iter().map(Duration::as_millis).collect();
    assert_eq!(pauses[..6], [50, 100, 200, 400, 800, 1000]);
    assert!(pauses[6..].iter().all(|pause| *pause == 1000));
    assert_eq!(scene.model.calls().len(), 2);
    // 29 seconds for the request and 5 added.
    let answer = scene.complete_in(&scene.context(60), &cacheable(NOVA)).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.head.cache), ("Paris", CacheUse::Miss));
    assert_eq!(scene.model.calls().len(), 3);
    let again = scene.complete_in(&scene.context(61), &cacheable(NOVA)).await.unwrap();
    assert_eq!(again.head.cache, CacheUse::Hit);
    assert_eq!(scene.sweep().await, 1);
    assert_eq!(scene.ledger().await.len(), 4);
    scene.settled().await;
    // The sweep removed no answer.
    let again = scene.complete_in(&scene.context(62), &cacheable(NOVA)).await.unwrap();
    assert_eq!(again.head.cache, CacheUse::Hit);
}

#[tokio::test]
async fn nobody_waits_in_line_for_answers_that_are_not_kept() {
    let scene = Scene::start();
    for _ in 0..5 {
        let usage = Usage { input_tokens: 1000, output_tokens: 200, ..Usage::default() };
        scene.model.script(Ok(ModelAnswer {
            reasoning: Vec::new(),
            tool_calls: Vec::new(),
            text: "Par".to_owned(),
            stop: StopReason::MaxTokens,
            usage: Some(usage),
        }));
    }
    scene.model.hold();
    let requests: Vec<_> = (0..5).map(|_| scene.begin(cacheable(NOVA))).collect();
    until(|| scene.timer.pauses().len() >= 4 && scene.model.calls().len() == 1).await;
    scene.model.let_go(1);
    // All other prompts are sent at the same time, long before a request has waited long enough to call the model
    // itself.
    let since = Instant::now();
    until(|| scene.model.calls().len() == 5).await;
    assert!(since.elapsed() < Duration::from_secs(5));
    scene.model.let_go(4);
    assert!(join_all(requests).await.into_iter().all(|ended| ended.unwrap().is_ok()));
    // A minute later one of them makes the answer again.
    scene.model.always("Paris");
    scene.model.let_go(10);
    assert_eq!(
        scene.complete_in(&scene.context(70), &cacheable(NOVA)).await.unwrap().head.cache,
        CacheUse::Miss
    );
    assert_eq!(
        scene.complete_in(&scene.context(71), &cacheable(NOVA)).await.unwrap().head.cache,
        CacheUse::Hit
    );
    scene.settled().await;
}

#[tokio::test]
async fn who_has_little_time_keeps_nobody_waiting() {
    let scene = Arc::new(Scene::start());
    scene.model.always("Paris");
    scene.model.hold();
    let hurried = {
        let scene = Arc::clone(&scene);
        tokio::spawn(async move {
            scene.complete_in(&scene.hurried(Duration::from_secs(6)), &cacheable(NOVA)).await
        })
    };
    until(|| scene.model.calls().len() == 1).await;
    let other = scene.begin(cacheable(NOVA));
    until(|| scene.model.calls().len() == 2).await;
    assert!(scene.timer.pauses().is_empty());
    scene.model.let_go(2);
    hurried.await.unwrap().unwrap();
    other.await.unwrap().unwrap();
    scene.settled().await;
}
