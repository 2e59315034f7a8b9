//! A breaker is shared by all processes: the failures that one process sees stop all of them.

use super::scene::{NOVA, SONNET, Scene, ask, limits, until};
use application_core::Error;
use futures_util::future::join_all;
use ports::ModelError;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn down() -> ModelError {
    ModelError::Unavailable("503".into())
}

/// A scene in which Sonnet failed until its breaker opened for 30 seconds, counted from the first request.
pub(super) async fn opened() -> Scene {
    let scene = Scene::start();
    (0..20).for_each(|_| scene.model.fail(down()));
    for request in 0..7 {
        scene.complete(&ask(SONNET)).await.unwrap_err();
        // The twentieth call opens the breaker, and no pause follows.
        let expected = if request == 6 { 20 } else { 3 * (request + 1) };
        assert_eq!(scene.model.calls().len(), expected);
    }
    scene.calls();
    scene
}

pub(super) fn retry_after(error: Error) -> Duration {
    let Error::ModelsUnavailable { retry_after: Some(retry_after) } = error else { panic!("{error:?}") };
    retry_after
}

/// A number of the only breaker in the table.
pub(super) async fn number(scene: &Scene, name: &str) -> Option<u64> {
    let items = scene.environment.items(&scene.environment.tables().ephemeral).await;
    let breaker = items.iter().find(|item| item["pk"].as_s().unwrap().starts_with("ai_breaker#"))?;
    breaker.get(name).map(|number| number.as_n().unwrap().parse().unwrap())
}

#[tokio::test]
async fn a_breaker_that_one_process_opens_stops_every_other() {
    let scene = opened().await;
    let before = scene.ledger().await.len();
    scene.calls();
    let refused =
        scene.complete_by(&scene.other_process(), &scene.context(5), &ask(SONNET)).await.unwrap_err();
    let wait = retry_after(refused);
    // Time passes while requests are made, so a slow machine opens the breaker a little later.
    assert!(wait <= Duration::from_secs(29) && wait > Duration::from_secs(20), "{wait:?}");
    assert_eq!(scene.model.calls().len(), 20);
    // Nothing was reserved and nothing was recorded.
    assert_eq!(scene.calls(), ["BatchGetItem", "UpdateItem", "UpdateItem"]);
    assert_eq!(scene.ledger().await.len(), before);
    assert_eq!(scene.settled().await, 0);
}

#[tokio::test]
async fn the_next_model_is_asked_while_the_first_is_left_alone() {
    let scene = opened().await;
    scene.model.always("Paris");
    let answer = scene.complete_in(&scene.context(5), &ask(&format!("{SONNET},{NOVA}"))).await.unwrap();
    assert_eq!((answer.head.model.as_str(), answer.head.attempts), (NOVA, 1));
    // It gets the time of both models.
    assert!(scene.model.calls().last().unwrap().time_left > Duration::from_secs(20));
}

#[tokio::test]
async fn money_is_set_aside_for_the_model_that_is_asked() {
    let probe = Scene::start();
    probe.model.hold();
    let making = probe.begin(ask(NOVA));
    until(|| !probe.model.calls().is_empty()).await;
    let bound = probe.spent().await.committed;
    making.abort();
    // The budget is too small for the first model, which is not called.
    let scene = opened().await;
    scene.set_limits(limits(bound)).await;
    scene.model.always("Paris");
    scene.complete_in(&scene.context(5), &ask(&format!("{SONNET},{NOVA}"))).await.unwrap();
    assert_eq!(scene.model.asked().last().unwrap(), NOVA);
}

#[tokio::test]
async fn one_of_fifty_may_try_and_its_success_closes_the_breaker() {
    let scene = Arc::new(opened().await);
    let before = scene.model.calls().len();
    scene.model.always("Paris");
    scene.model.hold();
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let scene = Arc::clone(&scene);
            tokio::spawn(async move {
                scene.complete_by(&scene.other_process(), &scene.context(40), &ask(SONNET)).await
            })
        })
        .collect();
    until(|| requests.iter().filter(|request| request.is_finished()).count() == 49).await;
    assert_eq!(scene.model.calls().len(), before + 1);
    scene.model.let_go(100);
    let ended: Vec<_> = join_all(requests).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 1);
    // One minute from the start of the probe, which on a slow machine is later than the other requests.
    assert!(
        ended.into_iter().filter_map(Result::err).all(|error| retry_after(error) <= Duration::from_secs(80))
    );
    scene.settled().await;
    // The breaker is closed: all models are called.
    let closed = join_all((0..10).map(|_| async {
        scene.complete_by(&scene.other_process(), &scene.context(41), &ask(SONNET)).await.unwrap()
    }));
    closed.await;
    assert_eq!(scene.model.calls().len(), before + 11);
}

#[tokio::test]
async fn a_try_that_fails_opens_the_breaker_again_and_is_not_repeated() {
    let scene = opened().await;
    let before = scene.model.calls().len();
    scene.model.fail(ModelError::Throttled { retry_after: Some(Duration::from_secs(40)) });
    scene.complete_in(&scene.context(40), &ask(SONNET)).await.unwrap_err();
    assert_eq!(scene.model.calls().len(), before + 1);
    scene.model.always("Paris");
    // 40 seconds from then on.
    let refused = scene.complete_in(&scene.context(79), &ask(SONNET)).await.unwrap_err();
    assert!(retry_after(refused) <= Duration::from_secs(5));
    scene.complete_in(&scene.context(90), &ask(SONNET)).await.unwrap();
    assert_eq!(scene.model.calls().len(), before + 2);
    scene.settled().await;
}

#[tokio::test]
async fn a_model_that_fails_and_says_how_long_is_left_alone_so_long() {
    let scene = opened().await;
    scene.model.fail(ModelError::Resting { retry_after: Duration::from_secs(50), source: "503".into() });
    scene.complete_in(&scene.context(40), &ask(SONNET)).await.unwrap_err();
    let refused = scene.complete_in(&scene.context(85), &ask(SONNET)).await.unwrap_err();
    assert!(retry_after(refused) <= Duration::from_secs(6));
    // Its failures count like others. While its breaker is open, requests with no other model still call it.
    let scene = Scene::start();
    for _ in 0..7 {
        (0..3).for_each(|_| {
            scene
                .model
                .fail(ModelError::Resting { retry_after: Duration::from_secs(1), source: "503".into() });
        });
        scene.complete(&ask(SONNET)).await.unwrap_err();
    }
    let before = scene.model.calls().len();
    scene.complete(&ask(SONNET)).await.unwrap_err();
    assert_eq!(scene.model.calls().len(), before);
}

#[tokio::test]
async fn a_request_that_can_t_pay_does_not_take_the_right_to_try() {
    let probe = Scene::start();
    probe.model.hold();
    let making = probe.begin(ask(NOVA));
    until(|| !probe.model.calls().is_empty()).await;
    let bound = probe.spent().await.committed;
    making.abort();
    let scene = opened().await;
    scene.set_limits(limits(bound)).await;
    scene.model.fail(ModelError::NoSuchModel);
    let refused = scene.complete_in(&scene.context(40), &ask(&format!("{NOVA},{SONNET}"))).await.unwrap_err();
    assert!(matches!(refused, Error::OverBudget(_)), "{refused:?}");
    // Another process, for a tenant with a large enough budget.
    let rich = Scene { tenant: domain::id::new_id(crate::support::NOW, &[9; 10]), ..scene };
    rich.model.always("Paris");
    let answer = rich.complete_in(&rich.context(41), &ask(SONNET)).await.unwrap();
    assert_eq!(answer.head.model, SONNET);
}

#[tokio::test]
async fn an_answer_that_is_repaired_after_a_try_is_an_ordinary_call() {
    let scene = opened().await;
    scene.model.answer("bad");
    scene.model.fail(down());
    scene.model.answer("good");
    let ask = super::scene::judged(ask(SONNET));
    // The probe closed the breaker, so the repair that failed once is retried.
    assert_eq!(scene.complete_in(&scene.context(40), &ask).await.unwrap().text, "good");
}

#[tokio::test]
async fn what_a_request_causes_opens_no_breaker() {
    let causes: [fn() -> ModelError; 4] = [
        || ModelError::Refused("400".into()),
        || ModelError::ContextLength,
        || ModelError::MalformedAnswer("424".into()),
        || ModelError::NoSuchModel,
    ];
    for cause in causes {
        let scene = Scene::start();
        for _ in 0..25 {
            scene.model.fail(cause());
            scene.model.fail(cause());
            drop(scene.complete(&ask(SONNET)).await);
        }
        let asked = scene.model.calls().len();
        scene.model.always("Paris");
        for _ in 0..25 {
            drop(scene.complete(&ask(SONNET)).await);
        }
        scene.complete(&ask(SONNET)).await.unwrap();
        assert!(scene.model.calls().len() > asked, "{:?}", cause());
        assert!(number(&scene, "failures").await.unwrap_or_default() == 0, "{:?}", cause());
    }
}

#[tokio::test]
async fn what_a_request_causes_neither_closes_nor_keeps_a_breaker() {
    let scene = opened().await;
    scene.model.fail(ModelError::MalformedAnswer("424".into()));
    scene.complete_in(&scene.context(40), &ask(SONNET)).await.unwrap_err();
    assert!(number(&scene, "open_until").await.is_some(), "it says nothing about the provider");
    // The next request may probe at once.
    scene.model.always("Paris");
    scene.complete_in(&scene.context(41), &ask(SONNET)).await.unwrap();
    assert_eq!(number(&scene, "open_until").await, None);
}

/// A prompt whose answer has at most this many tokens.
fn of_tokens(most: u32) -> application_ai::GatewayRequest {
    let mut ask = ask(NOVA);
    ask.conversation.max_output_tokens = most;
    ask
}

#[tokio::test]
async fn our_time_closes_no_model_to_others_when_it_was_too_short_for_what_was_asked() {
    for (most, closed) in [(100, false), (1000, true), (10_000, true)] {
        let scene = Scene::start();
        (0..30).for_each(|_| scene.model.fail(ModelError::TimedOut));
        for _ in 0..10 {
            scene.complete(&of_tokens(most)).await.unwrap_err();
        }
        assert_eq!(scene.model.calls().len() == 30, closed, "{most}");
        scene.model.always("Paris");
        assert_eq!(scene.complete(&of_tokens(most)).await.is_ok(), closed, "{most}");
    }
}

#[tokio::test]
async fn what_the_provider_says_or_loses_counts_however_long_the_answer() {
    for error in [|| ModelError::ProviderTimedOut, || ModelError::Lost("reset".into())] {
        let scene = Scene::start();
        (0..30).for_each(|_| scene.model.fail(error()));
        for _ in 0..10 {
            scene.complete(&of_tokens(10_000)).await.unwrap_err();
        }
        assert_eq!(scene.model.calls().len(), 20);
    }
}

#[tokio::test]
async fn a_try_that_tells_nothing_is_left_to_the_next() {
    let scene = opened().await;
    let before = scene.model.calls().len();
    scene.model.fail(ModelError::TimedOut);
    scene.model.always("Paris");
    scene.complete_in(&scene.context(40), &ask(SONNET)).await.unwrap_err();
    assert_eq!(scene.model.calls().len(), before + 1);
    // The breaker is neither closed nor open for another thirty seconds.
    scene.complete_in(&scene.context(41), &ask(SONNET)).await.unwrap();
    scene.settled().await;
}

#[tokio::test]
async fn a_provider_that_wants_to_be_left_alone_is_by_the_fleet() {
    let scene = Scene::start();
    scene.model.fail(ModelError::Throttled { retry_after: Some(Duration::from_secs(30)) });
    scene.model.always("Paris");
    // The pause is longer than the remaining time.
    scene.complete(&ask(SONNET)).await.unwrap_err();
    let refused =
        scene.complete_by(&scene.other_process(), &scene.context(5), &ask(SONNET)).await.unwrap_err();
    let wait = retry_after(refused);
    assert!(wait <= Duration::from_secs(26) && wait > Duration::from_secs(20), "{wait:?}");
    assert_eq!(scene.model.calls().len(), 1);
    // After that any request may call the model, without a probe.
    scene.complete_in(&scene.context(31), &ask(SONNET)).await.unwrap();
    assert_eq!(scene.model.calls().len(), 2);
}

#[tokio::test]
async fn a_breaker_that_somebody_else_closed_meanwhile_keeps_nobody() {
    use testkit::Fault;
    let scene = Arc::new(opened().await);
    scene.model.always("Paris");
    // The look-up has seen it half-open; the writes of the limiter and of the probe are delayed.
    scene.environment.wire().fail_next("UpdateItem", Fault::Delay(Duration::ZERO));
    scene.environment.wire().fail_next("UpdateItem", Fault::Delay(Duration::from_millis(500)));
    let late = {
        let scene = Arc::clone(&scene);
        tokio::spawn(async move { scene.complete_in(&scene.context(40), &ask(SONNET)).await })
    };
    until(|| scene.environment.wire().faults_left() == 0).await;
    scene.complete_by(&scene.other_process(), &scene.context(40), &ask(SONNET)).await.unwrap();
    late.await.unwrap().unwrap();
}
