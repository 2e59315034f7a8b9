//! Breakers are the fleet's: what one process learns stops them all.

use super::scene::{NOVA, SONNET, Scene, ask, limits, until};
use application::ports::ModelError;
use application::{Context, Error};
use domain::Timestamp;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;

fn down() -> ModelError {
    ModelError::Unavailable("503".into())
}

/// A scene in which Sonnet failed until its breaker opened, for 30 seconds from the first.
async fn opened() -> Scene {
    let scene = Scene::start();
    (0..20).for_each(|_| scene.model.fail(down()));
    for request in 0..7 {
        scene.complete(&ask(SONNET)).await.unwrap_err();
        // The twentieth call opens it, and no pause follows.
        let expected = if request == 6 { 20 } else { 3 * (request + 1) };
        assert_eq!(scene.model.calls().len(), expected);
    }
    scene.calls();
    scene
}

fn retry_after(error: Error) -> Duration {
    let Error::ModelsUnavailable { retry_after: Some(retry_after) } = error else { panic!("{error:?}") };
    retry_after
}

#[tokio::test]
async fn a_breaker_that_one_process_opens_stops_every_other() {
    let scene = opened().await;
    let before = scene.ledger().await.len();
    scene.calls();
    let refused =
        scene.complete_by(&scene.other_process(), &scene.context(5), &ask(SONNET)).await.unwrap_err();
    let wait = retry_after(refused);
    // The clock goes on while requests are made, so that a slow machine opens it a little later.
    assert!(wait <= Duration::from_secs(29) && wait > Duration::from_secs(20), "{wait:?}");
    assert_eq!(scene.model.calls().len(), 20);
    // Nothing was set aside, and nothing recorded.
    assert_eq!(scene.calls(), ["BatchGetItem", "UpdateItem"]);
    assert_eq!(scene.ledger().await.len(), before);
    assert_eq!(scene.settled().await, 0);
}

#[tokio::test]
async fn the_next_model_is_asked_while_the_first_is_left_alone() {
    let scene = opened().await;
    scene.model.always("Paris");
    let answer = scene.complete_in(&scene.context(5), &ask(&format!("{SONNET},{NOVA}"))).await.unwrap();
    assert_eq!((answer.head.model.as_str(), answer.head.attempts), (NOVA, 1));
    // It has the time of both.
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
    // The budget has no room for the first, which is left alone.
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
    // A minute from when the one took its right, which on a slow machine is later than when others look.
    assert!(
        ended.into_iter().filter_map(Result::err).all(|error| retry_after(error) <= Duration::from_secs(80))
    );
    scene.settled().await;
    // It is closed: all of them are asked.
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
    // Its failures count like others.
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
    // Another process, of a tenant that can.
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
    // The try closed the breaker, so the repair that failed once is asked for again.
    assert_eq!(scene.complete_in(&scene.context(40), &ask).await.unwrap().text, "good");
}

#[tokio::test]
async fn wrong_requests_open_no_breaker() {
    let scene = Scene::start();
    for _ in 0..25 {
        scene.model.fail(ModelError::Refused("no".into()));
        scene.complete(&ask(SONNET)).await.unwrap_err();
    }
    scene.model.answer("Paris");
    scene.complete(&ask(SONNET)).await.unwrap();
}

#[tokio::test]
async fn every_tenth_answer_is_told_and_no_other() {
    let scene = Scene::start();
    scene.model.always("Paris");
    for request in 1..=20 {
        scene.complete(&ask(SONNET)).await.unwrap();
        let updates = scene.calls().iter().filter(|call| *call == "UpdateItem").count();
        // The first to tell begins a window, which is one write more.
        let expected = match request {
            10 => 3,
            20 => 2,
            _ => 1,
        };
        assert_eq!(updates, expected, "{request}");
    }
}

/// A number of the only breaker that there is.
async fn number(scene: &Scene, name: &str) -> Option<u64> {
    let items = scene.environment.items(&scene.environment.tables().ephemeral).await;
    let breaker = items.iter().find(|item| item["pk"].as_s().unwrap().starts_with("ai_breaker#"))?;
    breaker.get(name).map(|number| number.as_n().unwrap().parse().unwrap())
}

/// Calls and failures of its window.
async fn window(scene: &Scene) -> (u64, u64) {
    let calls = number(scene, "calls").await.unwrap_or_default();
    (calls, number(scene, "failures").await.unwrap_or_default())
}

#[tokio::test]
async fn a_breaker_that_ends_while_another_model_is_asked_is_tried_and_closed() {
    let scene = opened().await;
    let until_then = i64::try_from(number(&scene, "open_until").await.unwrap()).unwrap();
    let now = Timestamp::from_millis(until_then - 300);
    // Sonnet is left alone when the request begins, and no longer when Nova has failed.
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
    // Four tens; the five that are left wait for others, or for a failure.
    assert_eq!(window(&scene).await, (40, 0));
    scene.model.fail(down());
    scene.complete(&ask(SONNET)).await.unwrap();
    assert_eq!(window(&scene).await, (46, 1));
    // The answer after the failure is the first of the next ten.
    for request in 2..=10 {
        scene.complete(&ask(SONNET)).await.unwrap();
        assert_eq!(window(&scene).await, (if request == 10 { 56 } else { 46 }, 1));
    }
}

#[tokio::test]
async fn processes_count_for_themselves_and_the_fleet_sums_up() {
    let scene = Scene::start();
    scene.model.always("Paris");
    let fleet: Vec<_> = (0..5).map(|_| scene.other_process()).collect();
    let asked = fleet.iter().flat_map(|process| (0..19).map(move |_| process));
    let (context, question) = (scene.context(0), ask(SONNET));
    for ended in join_all(asked.map(|process| scene.complete_by(process, &context, &question))).await {
        ended.unwrap();
    }
    assert_eq!(window(&scene).await, (5 * 10, 0));
    // Other models have numbers of their own.
    scene.complete_by(&fleet[0], &context, &ask(NOVA)).await.unwrap();
    assert_eq!(window(&scene).await, (50, 0));
    // Two of them die, and with them what they did not tell: never a failure, and fewer than ten answers each.
    for process in &fleet[2..] {
        scene.model.fail(down());
        scene.complete_by(process, &context, &question).await.unwrap();
    }
    assert_eq!(window(&scene).await, (50 + 3 * (9 + 1), 3));
}

#[tokio::test]
async fn failures_are_told_at_once_so_that_a_process_that_dies_hides_none() {
    let scene = Scene::start();
    // Each process fails once and dies before it asks again, as when every one is new.
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
    // Whoever opened it is told when to come back, as everyone after.
    assert!(retry_after(refused) > Duration::from_secs(20));
    // What was set aside for the others is swept.
    assert_eq!(scene.sweep().await, 19);
    scene.settled().await;
}

#[tokio::test]
async fn answers_that_were_told_late_do_not_hide_a_model_that_is_down() {
    let scene = Scene::start();
    scene.model.always("Paris");
    let fleet: Vec<_> = (0..20).map(|_| scene.other_process()).collect();
    for process in &fleet {
        for _ in 0..9 {
            scene.complete_by(process, &scene.context(0), &ask(NOVA)).await.unwrap();
        }
    }
    // An hour later the model is down, and each process tells its nine of before along with its first failure. A request
    // fails three times, which is more than one in ten all the same.
    let asked = scene.model.calls().len();
    (0..60).for_each(|_| scene.model.fail(down()));
    for process in &fleet {
        scene.complete_by(process, &scene.context(3600), &ask(NOVA)).await.unwrap_err();
    }
    let failed = scene.model.calls().len() - asked;
    assert!(failed <= 6, "{failed}: two requests are enough to know");
}

/// A question whose answer has so many tokens at the most.
fn of_tokens(most: u32) -> application::ai::Ask {
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
    // Neither closed, nor open for another thirty seconds.
    scene.complete_in(&scene.context(41), &ask(SONNET)).await.unwrap();
    scene.settled().await;
}

#[tokio::test]
async fn a_provider_that_wants_to_be_left_alone_is_by_the_fleet() {
    let scene = Scene::start();
    scene.model.fail(ModelError::Throttled { retry_after: Some(Duration::from_secs(30)) });
    scene.model.always("Paris");
    // Longer than there is time.
    scene.complete(&ask(SONNET)).await.unwrap_err();
    let refused =
        scene.complete_by(&scene.other_process(), &scene.context(5), &ask(SONNET)).await.unwrap_err();
    let wait = retry_after(refused);
    assert!(wait <= Duration::from_secs(26) && wait > Duration::from_secs(20), "{wait:?}");
    assert_eq!(scene.model.calls().len(), 1);
    // After that it may be asked by all, and nobody need try.
    scene.complete_in(&scene.context(31), &ask(SONNET)).await.unwrap();
    assert_eq!(scene.model.calls().len(), 2);
}

#[tokio::test]
async fn a_breaker_that_somebody_else_closed_meanwhile_keeps_nobody() {
    use testkit::Fault;
    let scene = Arc::new(opened().await);
    scene.model.always("Paris");
    // The look has seen it half-open; the limiter's write, and the try's, which comes late.
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
