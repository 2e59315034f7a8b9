//! How often a model is called, how long the gateway waits, and which model is next.

use super::scene::{HAIKU, NOVA, NOVA_COST, SONNET, SONNET_COST, Scene, ask, bound_of, limits};
use application_core::Error;
use ports::ModelError;
use std::time::Duration;

const ALL: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0,amazon.nova-pro-v1:0";

fn throttled(seconds: Option<u64>) -> ModelError {
    ModelError::Throttled { retry_after: seconds.map(Duration::from_secs) }
}

fn resting(seconds: u64) -> ModelError {
    ModelError::Resting { retry_after: Duration::from_secs(seconds), source: "503".into() }
}

fn down() -> ModelError {
    ModelError::Unavailable("503".into())
}

fn retry_after(error: Error) -> Option<Duration> {
    let Error::ModelsUnavailable { retry_after } = error else { panic!("{error:?}") };
    retry_after
}

#[tokio::test]
async fn a_model_that_throttles_is_asked_again_when_it_says() {
    let scene = Scene::start();
    scene.model.fail(throttled(Some(3)));
    scene.model.fail(throttled(Some(7)));
    scene.model.answer("Paris");
    let answer = scene.complete(&ask(ALL)).await.unwrap();
    assert_eq!(scene.timer.pauses(), [3, 7].map(Duration::from_secs));
    assert_eq!(scene.model.asked(), [SONNET; 3]);
    assert_eq!((answer.head.attempts, answer.cost.nano_usd), (3, SONNET_COST));
    assert_eq!(scene.ledger().await[0].attempts, 3);
    scene.settled().await;
}

#[tokio::test]
async fn a_caller_is_told_an_hour_at_most() {
    let scene = Scene::start();
    scene.model.fail(throttled(Some(u64::from(u32::MAX))));
    let refused = scene.complete(&ask(SONNET)).await.unwrap_err();
    assert_eq!(retry_after(refused), Some(Duration::from_secs(3600)));
    scene.settled().await;
}

#[tokio::test]
async fn a_model_that_wants_longer_than_a_minute_is_left_to_the_next() {
    for (seconds, asked) in [(60, vec![SONNET, SONNET]), (61, vec![SONNET, NOVA])] {
        let scene = Scene::start();
        scene.model.fail(throttled(Some(seconds)));
        scene.model.answer("Paris");
        // After two seconds are kept, the first of two models gets all but five seconds of the rest.
        let context = scene.hurried(Duration::from_secs(200));
        let answer = scene.complete_in(&context, &ask(ALL)).await.unwrap();
        assert_eq!(scene.model.asked(), asked, "{seconds}");
        assert_eq!(answer.head.attempts, 2);
    }
}

#[tokio::test]
async fn pauses_double_and_are_scattered() {
    let mut first = Vec::new();
    for _ in 0..4 {
        let scene = Scene::start();
        // The first bytes of a test's randomness are always the same.
        for _ in 0..first.len() {
            scene.context(0).new_id::<domain::id::AiRequestTag>().unwrap();
        }
        for error in [down(), ModelError::TimedOut, throttled(None)] {
            scene.model.fail(error);
        }
        scene.model.answer("Paris");
        scene.complete(&ask(ALL)).await.unwrap();
        let pauses = scene.timer.pauses();
        assert_eq!(scene.model.asked(), [SONNET, SONNET, SONNET, NOVA]);
        let [one, two] = pauses[..] else { panic!("{pauses:?}") };
        assert!((500..=625).contains(&one.as_millis()), "{one:?}");
        assert!((1000..=1250).contains(&two.as_millis()), "{two:?}");
        first.push(one);
    }
    first.dedup();
    assert!(first.len() > 1, "never scattered: {first:?}");
}

#[tokio::test]
async fn a_model_is_asked_three_times_and_then_the_next() {
    let scene = Scene::start();
    (0..9).for_each(|_| scene.model.fail(down()));
    let error = scene.complete(&ask(&format!("{SONNET},{NOVA},{HAIKU}"))).await.unwrap_err();
    assert_eq!(retry_after(error), None);
    assert_eq!(scene.model.asked(), [[SONNET; 3], [NOVA; 3], [HAIKU; 3]].concat());
    let ledger = scene.ledger().await;
    assert_eq!((ledger[0].attempts, ledger[0].outcome.as_str(), ledger[0].cost), (9, "failed", 0));
    // The last called model is recorded.
    assert_eq!(ledger[0].model, HAIKU);
    assert_eq!(scene.settled().await, 0);
}

#[tokio::test]
async fn when_all_fail_the_soonest_is_told() {
    let scene = Scene::start();
    for seconds in [300, 90, 120] {
        scene.model.fail(throttled(Some(seconds)));
    }
    let error = scene.complete(&ask(&format!("{SONNET},{NOVA},{HAIKU}"))).await.unwrap_err();
    assert_eq!(retry_after(error), Some(Duration::from_secs(90)));
    assert_eq!(scene.model.asked(), [SONNET, NOVA, HAIKU]);
    assert!(scene.timer.pauses().is_empty());
    assert_eq!(scene.settled().await, 0);
}

#[tokio::test]
async fn nothing_is_waited_for_past_the_time() {
    let scene = Scene::start();
    scene.model.fail(throttled(Some(9)));
    let context = scene.hurried(Duration::from_secs(10));
    let error = scene.complete_in(&context, &ask(SONNET)).await.unwrap_err();
    assert_eq!(retry_after(error), Some(Duration::from_secs(9)));
    assert!(scene.timer.pauses().is_empty());
    // The first of two models has six of eight seconds, so a pause of six is too long for it, but the second model has
    // its own time.
    let scene = Scene::start();
    scene.model.fail(throttled(Some(6)));
    scene.model.answer("Paris");
    let context = scene.hurried(Duration::from_secs(10));
    scene.complete_in(&context, &ask(ALL)).await.unwrap();
    assert_eq!(scene.model.asked(), [SONNET, NOVA]);
    let left: Vec<_> = scene.model.calls().into_iter().map(|call| call.time_left).collect();
    assert!(left[0] <= Duration::from_secs(6) && left[0] > Duration::from_secs(3), "{left:?}");
    assert!(left[1] <= Duration::from_secs(8) && left[1] > Duration::from_secs(4), "{left:?}");
}

#[tokio::test]
async fn the_first_of_a_chain_has_most_of_the_time() {
    for (chain, least, most) in [
        (SONNET.to_owned(), 24, 27),
        (format!("{SONNET},{NOVA}"), 19, 22),
        (format!("{SONNET},{NOVA},{HAIKU}"), 15, 18),
    ] {
        let scene = Scene::start();
        scene.model.answer("Paris");
        let context = scene.hurried(Duration::from_secs(29));
        scene.complete_in(&context, &ask(&chain)).await.unwrap();
        let had = scene.model.calls()[0].time_left;
        let expected = Duration::from_secs(least)..=Duration::from_secs(most);
        assert!(expected.contains(&had), "{chain}: {had:?}");
    }
}

#[tokio::test]
async fn without_time_nobody_is_asked_and_with_little_the_first_is() {
    for (millis, asked) in [(0, 0), (2000, 0), (2400, 0), (3400, 1)] {
        let scene = Scene::start();
        scene.model.answer("Paris");
        let context = scene.hurried(Duration::from_millis(millis));
        let answer = scene.complete_in(&context, &ask(&format!("{SONNET},{NOVA},{HAIKU}"))).await;
        assert_eq!((answer.is_ok(), scene.model.calls().len()), (asked == 1, asked), "{millis}");
        scene.settled().await;
    }
}

#[tokio::test]
async fn a_wrong_request_is_neither_repeated_nor_passed_on() {
    let scene = Scene::start();
    scene.model.fail(ModelError::Refused("no".into()));
    assert!(matches!(scene.complete(&ask(ALL)).await.unwrap_err(), Error::ModelRefused));
    scene.model.fail(ModelError::ContextLength);
    assert!(matches!(scene.complete(&ask(ALL)).await.unwrap_err(), Error::ContextLength));
    assert_eq!(scene.model.asked(), [SONNET; 2]);
    assert!(scene.timer.pauses().is_empty());
    assert_eq!((scene.settled().await, scene.ledger().await.len()), (0, 2));
}

#[tokio::test]
async fn a_model_that_does_not_exist_is_left_to_the_next_at_once() {
    let scene = Scene::start();
    scene.model.fail(ModelError::NoSuchModel);
    scene.model.answer("Paris");
    let answer = scene.complete(&ask(ALL)).await.unwrap();
    assert_eq!(scene.model.asked(), [SONNET, NOVA]);
    assert_eq!((answer.head.model.as_str(), answer.head.attempts), (NOVA, 2));
    assert!(scene.timer.pauses().is_empty());
    assert_eq!(scene.settled().await, NOVA_COST);
}

#[tokio::test]
async fn a_call_that_may_be_billed_costs_all_that_it_may_and_any_other_nothing() {
    let bound = bound_of(ask(SONNET)).await;
    for (failed, cost) in [
        (ModelError::TimedOut, bound),
        (ModelError::ProviderTimedOut, bound),
        (ModelError::Lost("reset".into()), bound),
        (down(), 0),
        (throttled(None), 0),
    ] {
        let scene = Scene::start();
        let said = format!("{failed:?}");
        scene.model.fail(failed);
        scene.model.answer("Paris");
        let answer = scene.complete(&ask(SONNET)).await.unwrap();
        assert_eq!(answer.cost.nano_usd, SONNET_COST + cost, "{said}");
        assert_eq!(scene.settled().await, answer.cost.nano_usd);
        // Without counts, the charge is presumed.
        assert_eq!(scene.unmetered().await.iter().sum::<u64>(), cost, "{said}");
    }
}

#[tokio::test]
async fn a_call_after_one_that_may_be_billed_needs_room_for_both() {
    let bound = bound_of(ask(SONNET)).await;
    let scene = Scene::start();
    scene.set_limits(limits(2 * bound - 1)).await;
    scene.model.fail(ModelError::Lost("reset".into()));
    scene.model.answer("Paris");
    let refused = scene.complete(&ask(SONNET)).await.unwrap_err();
    assert!(matches!(refused, Error::OverBudget(_)), "{refused:?}");
    assert_eq!((scene.model.calls().len(), scene.settled().await), (1, bound));
}

#[tokio::test]
async fn the_next_model_is_paid_for_before_it_is_asked() {
    // The second model is more expensive, and the budget is large enough for the first one only.
    let scene = Scene::start();
    scene.set_limits(super::scene::limits(bound_of(ask(NOVA)).await)).await;
    scene.model.fail(ModelError::NoSuchModel);
    scene.model.answer("Paris");
    let refused = scene.complete(&ask(&format!("{NOVA},{SONNET}"))).await.unwrap_err();
    assert!(matches!(refused, Error::OverBudget(_)), "{refused:?}");
    assert_eq!(scene.model.asked(), [NOVA]);
    assert_eq!((scene.settled().await, scene.ledger().await.len()), (0, 1));
}

#[tokio::test]
async fn a_model_that_the_budget_has_no_room_for_is_left_to_a_cheaper_one() {
    let (nova, haiku, sonnet) =
        (bound_of(ask(NOVA)).await, bound_of(ask(HAIKU)).await, bound_of(ask(SONNET)).await);
    assert!(nova < haiku && haiku < sonnet);
    // After the first model failed.
    let scene = Scene::start();
    scene.set_limits(super::scene::limits(haiku)).await;
    scene.model.fail(ModelError::NoSuchModel);
    scene.model.answer("Paris");
    let answer = scene.complete(&ask(&format!("{NOVA},{SONNET},{HAIKU}"))).await.unwrap();
    assert_eq!((answer.head.model.as_str(), scene.model.asked()), (HAIKU, vec![NOVA.into(), HAIKU.into()]));
    assert_eq!(scene.settled().await, answer.cost.nano_usd);

    // From the beginning.
    for (budget, model) in [(sonnet, SONNET), (sonnet - 1, HAIKU), (haiku - 1, NOVA)] {
        let scene = Scene::start();
        scene.set_limits(super::scene::limits(budget)).await;
        scene.model.answer("Paris");
        let answer = scene.complete(&ask(&format!("{SONNET},{HAIKU},{NOVA}"))).await.unwrap();
        assert_eq!((answer.head.model.as_str(), scene.model.asked().len()), (model, 1));
        assert_eq!(scene.settled().await, answer.cost.nano_usd);
    }
    let scene = Scene::start();
    scene.set_limits(super::scene::limits(nova - 1)).await;
    let refused = scene.complete(&ask(&format!("{SONNET},{NOVA}"))).await.unwrap_err();
    assert!(matches!(refused, Error::OverBudget(_)), "{refused:?}");
    assert_eq!((scene.model.calls().len(), scene.settled().await), (0, 0));
}

#[tokio::test]
async fn a_model_that_fails_and_says_how_long_is_asked_again_then() {
    let scene = Scene::start();
    scene.model.fail(resting(4));
    scene.model.answer("Paris");
    scene.complete(&ask(ALL)).await.unwrap();
    assert_eq!(
        (scene.timer.pauses(), scene.model.asked()),
        (vec![Duration::from_secs(4)], vec![SONNET.into(); 2])
    );

    let scene = Scene::start();
    scene.model.fail(resting(61));
    scene.model.fail(resting(90));
    let error = scene.complete(&ask(ALL)).await.unwrap_err();
    assert_eq!(retry_after(error), Some(Duration::from_secs(61)));
    assert_eq!(scene.model.asked(), [SONNET, NOVA]);
    assert!(scene.timer.pauses().is_empty());
}
