//! The counts of a breaker in the table: processes tell failures at once and every tenth answer.

use super::breakers::{down, number, opened, retry_after};
use super::scene::{NOVA, SONNET, Scene, ask, until};
use application_core::Context;
use domain::Timestamp;
use futures_util::future::join_all;
use ports::ModelError;
use std::time::Duration;

#[tokio::test]
async fn every_tenth_answer_is_told_and_no_other() {
    let scene = Scene::start();
    scene.model.always("Paris");
    let mut told = Vec::new();
    for request in 1..=30 {
        let before = window(&scene).await.0;
        scene.complete(&ask(SONNET)).await.unwrap();
        if window(&scene).await.0 == before + 10 {
            told.push(request);
        } else {
            assert_eq!(window(&scene).await.0, before);
        }
    }
    // A process may begin at any of its first ten calls.
    let [first, second, third] = told[..] else { panic!("{told:?}") };
    assert!(first <= 10 && second == first + 10 && third == second + 10, "{told:?}");
}

/// The calls and failures of its window.
async fn window(scene: &Scene) -> (u64, u64) {
    let calls = number(scene, "calls").await.unwrap_or_default();
    (calls, number(scene, "failures").await.unwrap_or_default())
}

#[tokio::test]
async fn a_breaker_that_ends_while_another_model_is_asked_is_tried_and_closed() {
    let scene = opened().await;
    let until_then = i64::try_from(number(&scene, "open_until").await.unwrap()).unwrap();
    let now = Timestamp::from_millis(until_then - 300);
    // Sonnet's breaker is open when the request begins, and no longer open when Nova has failed.
    let context = Context { now, ..scene.context(0) };
    scene.model.fail(ModelError::NoSuchModel);
    scene.model.answer("Paris");
    scene.model.hold();
    let asked = scene.model.calls().len();
    let question = ask(&format!("{NOVA},{SONNET}"));
    let answering = scene.complete_in(&context, &question);
    let later = async {
        until(|| scene.model.calls().len() > asked).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        scene.model.let_go(2);
    };
    let (answer, ()) = futures_util::future::join(answering, later).await;
    assert_eq!(answer.unwrap().head.model, SONNET);
    assert_eq!(number(&scene, "open_until").await, None, "its answer closes the breaker");
}

#[tokio::test]
async fn of_many_answers_at_once_each_is_told_once_in_tens() {
    let scene = Scene::start();
    scene.model.always("Paris");
    for ended in join_all((0..45).map(|_| scene.begin(ask(SONNET)))).await {
        ended.unwrap().unwrap();
    }
    let (told, failures) = window(&scene).await;
    assert!([40, 50].contains(&told) && failures == 0, "{told} {failures}");
    // A failure is reported alone and at once.
    scene.model.fail(down());
    scene.complete(&ask(SONNET)).await.unwrap();
    let after = window(&scene).await;
    assert!([(told + 1, 1), (told + 11, 1)].contains(&after), "{after:?} after {told}");
}

#[tokio::test]
async fn processes_count_for_themselves_and_the_fleet_is_right_on_average() {
    // 60 processes with four answers each, and two further answers after a failure: 240 answers and 60 failures.
    let scene = Scene::start();
    scene.model.always("Paris");
    for _ in 0..60 {
        let process = scene.other_process();
        for _ in 0..4 {
            let failed = scene.model.calls().len().is_multiple_of(5);
            if failed {
                scene.model.fail(down());
            }
            scene.complete_by(&process, &scene.context(0), &ask(SONNET)).await.unwrap();
        }
    }
    let (calls, failures) = window(&scene).await;
    let answered = scene.model.calls().len() as u64 - failures;
    assert_eq!(answered, 240);
    let told = calls - failures;
    assert!((120..=360).contains(&told), "{told} of {answered} answers were told");
    assert!(number(&scene, "open_until").await.is_none());
}

#[tokio::test]
async fn failures_are_told_at_once_so_that_a_process_that_dies_hides_none() {
    let scene = Scene::start();
    // Each process fails once and ends before its next call, as if every process were new.
    for request in 1..=19 {
        scene.model.fail(down());
        scene.model.hold();
        let (process, context, question) = (scene.other_process(), scene.context(0), ask(SONNET));
        let making = scene.complete_by(&process, &context, &question);
        let told = async {
            scene.model.let_go(1);
            while window(&scene).await.1 < request {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            ended = making => panic!("{ended:?}"),
            () = told => {}
        }
        assert_eq!(window(&scene).await, (request, request));
    }
    // The twentieth call opens the breaker.
    scene.model.fail(down());
    scene.model.let_go(100);
    let asked = scene.model.calls().len();
    let refused = scene.complete(&ask(SONNET)).await.unwrap_err();
    assert_eq!(scene.model.calls().len(), asked + 1);
    // The request that opened it gets the time of the next try, like all later requests.
    assert!(retry_after(refused) > Duration::from_secs(20));
    // The reservations of the other requests are swept.
    assert_eq!(scene.sweep().await, 19);
    scene.settled().await;
}
