//! Runs that overlap, that are killed, and that leave the organization its models.

use super::*;
use domain::Timestamp;
use futures_util::future::join_all;
use ports::{BoxFuture, LimitDecision, ModelError, RateLimit, StoreError};
use std::sync::atomic::{AtomicU32, Ordering};

#[tokio::test]
async fn runs_at_the_same_time_ask_each_line_once() {
    let scene = Scene::start();
    for number in [1, 2, 9] {
        scene.with_file(number, &lines(10)).await;
    }
    let runs = join_all((0..4).map(|_| scene.run_at(0))).await;
    assert!(runs.iter().all(Result::is_ok));
    // A run that found every batch claimed by another one left it.
    scene.run().await;
    for number in [1, 2, 9] {
        let state = scene.state(number).await;
        assert_eq!((state.status, state.completed), (BatchStatus::Completed, 10), "{number}");
        assert_eq!(scene.output(number).len(), 10);
    }
    assert_eq!(scene.model.calls().len(), 30);
    assert_eq!(scene.metered().await.len(), 3);
}

#[tokio::test]
async fn a_run_that_was_killed_before_it_wrote_results_leaves_the_lines_to_the_next() {
    let scene = Scene::start();
    scene.with_file(1, &lines(3)).await;
    scene.files.refuse_writes(Some("/chunks/"));
    assert!(scene.run_at(0).await.is_err());
    assert_eq!((scene.status(1).await, scene.state(1).await.lines_done), (BatchStatus::InProgress, 0));
    scene.files.refuse_writes(None);
    // The claim of the killed run still holds.
    assert_eq!(scene.run_at(60).await.unwrap().steps, 0);
    scene.run_at(1200).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, scene.output(1).len()), (BatchStatus::Completed, 3, 3));
    assert_eq!(scene.model.calls().len(), 6);
}

#[tokio::test]
async fn results_of_a_run_that_was_killed_before_it_recorded_them_are_used() {
    let scene = Scene::start();
    scene.with_file(1, &lines(3)).await;
    // The tables can't be reached any more when the answers come, so that results are written and not recorded.
    scene.model.hold();
    let (killed, ()) = tokio::join!(scene.run_at(0), async {
        while scene.model.calls().len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        scene.environment.wire().gate(|| false);
        scene.model.let_go(3);
    });
    assert!(killed.is_err());
    scene.environment.wire().gate(|| true);
    let state = scene.state(1).await;
    assert_eq!((state.status, state.lines_done), (BatchStatus::InProgress, 0));
    assert!(scene.files.text(&BatchFileKey::chunk(tenant(1), &id(1), 0)).is_some());
    scene.run_at(1200).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed), (BatchStatus::Completed, 3));
    assert_eq!((scene.model.calls().len(), scene.output(1).len()), (3, 3));
    assert_eq!(scene.metered().await[0]["attempts"], 3);
}

#[tokio::test]
async fn a_batch_leaves_half_of_the_limit_to_others() {
    let scene = Scene::start();
    scene.with_file(1, &lines(90)).await;
    scene.run().await;
    let state = scene.state(1).await;
    assert_eq!(state.status, BatchStatus::InProgress);
    // 120 requests a minute are allowed; a few come back while the run takes its time.
    assert!((60..90).contains(&state.lines_done), "{}", state.lines_done);
    assert_eq!(scene.model.calls().len(), state.lines_done as usize);
    let decision = scene.limiter.take(AI_CALLS_OF_ORGANIZATION, &tenant(1).to_string(), NOW).await.unwrap();
    assert!(decision.allowed && decision.remaining >= 50, "{decision:?}");
    // A minute later the limit is free again, and the batch goes on behind its last line.
    scene.run_at(60).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, scene.output(1).len()), (BatchStatus::Completed, 90, 90));
    assert_eq!(scene.model.calls().len(), 90);
}

#[tokio::test]
async fn a_batch_waits_while_the_organization_uses_its_models() {
    let scene = Scene::start();
    scene.with_file(1, &lines(2)).await;
    for _ in 0..61 {
        let who = tenant(1).to_string();
        assert!(scene.limiter.take(AI_CALLS_OF_ORGANIZATION, &who, NOW).await.unwrap().allowed);
    }
    scene.run().await;
    assert_eq!(scene.status(1).await, BatchStatus::InProgress);
    assert!(scene.model.calls().is_empty());
    // Nothing was claimed, so the next run need not wait for an end of a claim.
    assert_eq!(scene.state(1).await.claimed_until, None);
    scene.run_at(60).await.unwrap();
    assert_eq!(scene.status(1).await, BatchStatus::Completed);
}

#[tokio::test]
async fn a_line_is_asked_again_when_its_model_fails_for_a_while() {
    let scene = Scene::start();
    scene.with_file(1, &lines(1)).await;
    // The gateway gives up after three calls; the batch asks it again.
    for _ in 0..3 {
        scene.model.fail(ModelError::Unavailable("down".into()));
    }
    scene.run().await;
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.attempts), (BatchStatus::Completed, 1, 4));
}

#[tokio::test]
async fn the_failure_of_one_batch_does_not_stop_the_others() {
    let scene = Scene::start();
    scene.with_file(1, &lines(1)).await;
    scene.with_file(9, &lines(1)).await;
    scene.files.refuse_writes(Some(&tenant(1).to_string()));
    assert!(matches!(scene.run_at(0).await, Err(Error::File(_))));
    assert_eq!(scene.status(9).await, BatchStatus::Completed);
}

#[tokio::test]
async fn a_run_without_time_begins_nothing() {
    let scene = Scene::start();
    scene.with_file(1, &lines(1)).await;
    let run_within = async |seconds, at| {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        advance_batches(scene.tools(), &Context { deadline, ..scene.at(at) }).await.unwrap().steps
    };
    // A file may take some minutes to be checked, and so may the results.
    assert_eq!((run_within(500, 0).await, scene.status(1).await), (0, BatchStatus::Validating));
    scene.files.refuse_writes(Some("output.jsonl"));
    assert!(scene.run_at(0).await.is_err());
    scene.files.refuse_writes(None);
    assert_eq!((run_within(500, 1200).await, scene.status(1).await), (0, BatchStatus::Finalizing));
    assert_eq!((run_within(800, 1200).await, scene.status(1).await), (1, BatchStatus::Completed));
}

/// A limit of which an organization has half left at every fourth look alone.
struct Refilling(AtomicU32);

impl Limiter for Refilling {
    fn take<'a>(
        &'a self,
        limit: RateLimit,
        _: &'a str,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<LimitDecision, StoreError>> {
        let looks = self.0.fetch_add(1, Ordering::Relaxed);
        let remaining = if looks.is_multiple_of(4) { limit.burst / 2 } else { limit.burst / 2 - 1 };
        let decision =
            LimitDecision { limit, allowed: true, remaining, retry_after_seconds: 0, reset_seconds: 0 };
        Box::pin(async move { Ok(decision) })
    }

    fn give_back<'a>(
        &'a self,
        _: RateLimit,
        _: &'a str,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn a_chunk_waits_for_capacity_so_that_chunks_are_few() {
    let scene = Scene::with_limiter(|_| Arc::new(Refilling(AtomicU32::new(0))));
    scene.with_file(1, &lines(20)).await;
    assert_eq!(scene.run().await.steps, 3);
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed), (BatchStatus::Completed, 20));
    let chunks = scene.files.written().iter().filter(|name| name.contains("/chunks/")).count();
    assert_eq!(chunks, 1);
}

#[tokio::test]
async fn an_outage_of_a_model_uses_up_no_line_until_the_batch_is_about_to_expire() {
    let scene = Scene::start();
    let wrong = of_body("wrong", &json!({"model": NOVA, "messages": []}));
    scene.with_file(1, &format!("{wrong}{}", lines(3))).await;
    let outage = || (0..60).for_each(|_| scene.model.fail(ModelError::Unavailable("down".into())));
    outage();
    scene.run().await;
    // The line that is refused has its error; the others wait.
    let state = scene.state(1).await;
    assert_eq!((state.status, state.lines_done, state.failed), (BatchStatus::InProgress, 1, 1));
    assert!(state.attempts > 0);
    // The batch is left alone for a while, and then asked again.
    let calls = scene.model.calls().len();
    scene.run_at(60).await.unwrap();
    assert_eq!(scene.model.calls().len(), calls);
    scene.model.forget();
    scene.run_at(1200).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Completed, 3, 1));

    scene.with_file(2, &lines(2)).await;
    outage();
    scene.run_at(WINDOW - 1800).await.unwrap();
    let state = scene.state(2).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Completed, 0, 2));
    assert_eq!(scene.errors(2)["r1"]["response"]["status_code"], 503);
}

#[tokio::test]
async fn a_line_whose_model_fails_while_a_later_one_is_answered_has_an_error() {
    let scene = Scene::start();
    scene.with_file(1, &lines(3)).await;
    scene.model.reply("Prompt 2.", "An answer.");
    for _ in 0..60 {
        scene.model.fail(ModelError::Unavailable("down".into()));
    }
    scene.run().await;
    // The paid answer is kept, and the line behind it waits.
    let state = scene.state(1).await;
    assert_eq!((state.lines_done, state.completed, state.failed), (2, 1, 1));
    scene.model.forget();
    scene.run_at(1200).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Completed, 2, 1));
    assert_eq!(scene.errors(1)["r1"]["response"]["status_code"], 503);
}
