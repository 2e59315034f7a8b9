//! Streams that break off after any number of parts. The caller gets exactly the parts that arrived and then the error,
//! and the request is settled once: as far as its usage is known, and otherwise at its most.

use super::scene::{NOVA, SONNET, Scene, ask, limits, rest};
use super::tools::with_tools;
use application_ai::GatewayRequest;
use application_ai::gateway::{StreamEnd, StreamEvent};
use domain::ai::Limits;
use ports::{Delta, ModelError, ReasoningEffort, StopReason, ToolChoice};

/// The failure of a stream; none where it ends without one.
type Failure = fn() -> Option<ModelError>;

/// The price of a token of Nova's answers, in nano-dollars, and the most tokens of an answer.
const TOKEN: u64 = 3_200;
const LONGEST: u64 = 1_000;
/// The price of a token of Sonnet's answers.
const SONNET_TOKEN: u64 = 16_500;

/// The parts of a stream, each with the bytes of the answer that it has.
fn parts() -> Vec<(Delta, u64)> {
    let text = |text: &str| Delta::Text(text.to_owned());
    let begun = |id: &str| Delta::ToolCall { id: id.to_owned(), name: "look".to_owned() };
    let arguments = |json: &str| Delta::Arguments(json.to_owned());
    vec![
        (Delta::Reasoning("Hm.".to_owned()), 3),
        (text("I "), 2),
        (text("look."), 5),
        (begun("c1"), 4),
        (arguments("{\"city\""), 7),
        (arguments(":1}"), 3),
        (begun("c2"), 4),
        (arguments("{}"), 2),
        (text("Done."), 5),
    ]
}

fn event(part: &Delta) -> StreamEvent {
    match part.clone() {
        Delta::Text(text) => StreamEvent::Text(text),
        Delta::Reasoning(text) => StreamEvent::Reasoning(text),
        Delta::ToolCall { id, name } => StreamEvent::ToolCall { id, name },
        Delta::Arguments(json) => StreamEvent::Arguments(json),
        Delta::ReasoningSignature(_) | Delta::RedactedReasoning(_) | Delta::End { .. } => {
            panic!("the parts have no signature and no end")
        }
    }
}

fn question() -> GatewayRequest {
    with_tools(ask(NOVA), ToolChoice::Auto)
}

/// A stream of the first parts that then fails, or ends without its end.
struct BrokenStream {
    events: Vec<StreamEvent>,
    /// What was set aside and what was charged, in nano-dollars.
    set_aside: u64,
    charged: u64,
}

impl BrokenStream {
    async fn of(scene: &Scene, count: usize, failure: Option<ModelError>) -> Self {
        let before = scene.settled().await;
        let arrived = parts().into_iter().take(count).map(|(part, _)| Ok(part));
        scene.model.stream(arrived.chain(failure.map(Err)));
        let streamed = scene.stream(&question()).await.unwrap();
        let set_aside = scene.spent().await.committed - before;
        let events = rest(streamed).await;
        Self { events, set_aside, charged: scene.settled().await - before }
    }
}

/// The bytes of the first parts.
fn bytes(count: usize) -> u64 {
    parts().iter().take(count).map(|(_, bytes)| bytes).sum()
}

#[tokio::test]
async fn a_stream_that_breaks_after_any_part_is_passed_on_so_far_and_settled_once() {
    // Whether the provider told that it ended the call. Otherwise it may have written and billed more.
    let failures: [(Failure, bool); 6] = [
        (|| Some(ModelError::Unavailable("503".into())), true),
        (|| Some(ModelError::ProviderTimedOut), true),
        (|| Some(ModelError::Throttled { retry_after: None }), true),
        (|| Some(ModelError::MalformedAnswer("424".into())), true),
        (|| Some(ModelError::Lost("reset".into())), false),
        (|| None, false),
    ];
    for (failure, is_told) in failures {
        let scene = Scene::start();
        for count in 1..=parts().len() {
            let what = format!("{:?} after {count} parts", failure());
            let broken = BrokenStream::of(&scene, count, failure()).await;
            let mut expected: Vec<StreamEvent> =
                parts().iter().take(count).map(|(part, _)| event(part)).collect();
            expected.push(StreamEvent::Broken);
            assert_eq!(broken.events, expected, "{what}");
            let saved = if is_told { (LONGEST - bytes(count)) * TOKEN } else { 0 };
            assert_eq!(broken.charged, broken.set_aside - saved, "{what}");
            let ledger = scene.ledger().await;
            assert_eq!(ledger.len(), count, "{what}");
            assert!(ledger.iter().all(|metered| metered.outcome == "cut"), "{what}");
        }
        assert_eq!(scene.sweep().await, 0, "nothing is left to the sweeper");
        assert_eq!(scene.ledger().await.len(), parts().len());
        // Such charges are told apart from those that a provider counted.
        let charged: u64 = scene.unmetered().await.iter().sum();
        assert_eq!(charged, scene.settled().await);
    }
}

/// A call whose arguments have not arrived has none: the caller must not carry it out.
#[tokio::test]
async fn a_call_that_is_cut_before_its_arguments_gets_none() {
    let scene = Scene::start();
    let broken = BrokenStream::of(&scene, 4, Some(ModelError::Lost("reset".into()))).await;
    assert!(!broken.events.iter().any(|event| matches!(event, StreamEvent::Arguments(_))));
    scene
        .model
        .stream([Ok(parts()[3].0.clone()), Ok(Delta::End { stop: StopReason::Malformed, usage: None })]);
    let events = rest(scene.stream(&question()).await.unwrap()).await;
    assert_eq!(events, [event(&parts()[3].0), StreamEvent::Broken]);
}

/// When the gateway's own time ends, the parts so far are an answer that is too long.
#[tokio::test]
async fn a_stream_that_our_time_cuts_after_any_part_is_settled_once() {
    let scene = Scene::start();
    for count in 1..=parts().len() {
        let broken = BrokenStream::of(&scene, count, Some(ModelError::TimedOut)).await;
        let Some(StreamEvent::End(StreamEnd { stop: StopReason::MaxTokens, tokens, cost, .. })) =
            broken.events.last()
        else {
            panic!("{:?}", broken.events)
        };
        assert_eq!((tokens.output, cost.nano_usd), (bytes(count), broken.charged), "after {count} parts");
        assert_eq!(broken.charged, broken.set_aside - (LONGEST - bytes(count)) * TOKEN);
    }
    assert_eq!((scene.sweep().await, scene.ledger().await.len()), (0, parts().len()));
}

/// Providers stream a summary of the reasoning and bill the whole of it. A broken stream of a model that may reason is
/// therefore charged as if the model had written all that it was allowed.
#[tokio::test]
async fn a_stream_of_a_model_that_may_reason_is_charged_at_its_most() {
    for (effort, is_most) in [(Some(ReasoningEffort::Low), true), (None, false)] {
        for end in [Err(ModelError::Unavailable("503".into())), Ok(whole_without_counts())] {
            let scene = Scene::start();
            let mut question = ask(SONNET);
            question.conversation.reasoning_effort = effort;
            scene.model.stream([Ok(Delta::Text("Par".to_owned())), end]);
            let streamed = scene.stream(&question).await.unwrap();
            let set_aside = scene.spent().await.committed;
            rest(streamed).await;
            let output = u64::from(is_most) * LONGEST + u64::from(!is_most);
            // Of the end without counts, the prompt is charged by its length, which is less than its bound.
            let settled = scene.settled().await;
            assert!(
                settled <= set_aside && settled >= output * SONNET_TOKEN,
                "{effort:?}: {settled} of {set_aside}"
            );
            assert_eq!(settled >= LONGEST * SONNET_TOKEN, is_most, "{effort:?}");
        }
    }
}

fn whole_without_counts() -> Delta {
    Delta::End { stop: StopReason::EndTurn, usage: None }
}

/// A placeholder that is cut is passed on as far as it arrived, and the value that it stands for is not.
#[tokio::test]
async fn a_masked_stream_that_breaks_within_a_placeholder_tells_no_value() {
    let scene = Scene::start();
    scene.set_limits(Limits { mask_personal_data: true, ..limits(1_000_000_000_000) }).await;
    let text = |text: &str| Ok(Delta::Text(text.to_owned()));
    scene.model.stream([text("Write to [email_1] or [ema"), Err(ModelError::Lost("reset".into()))]);
    let events = rest(scene.stream(&question()).await.unwrap()).await;
    let told: String = events
        .iter()
        .filter_map(|event| match event {
            StreamEvent::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, "Write to ada@x.example or [ema");
    assert_eq!(events.last(), Some(&StreamEvent::Broken));
}
