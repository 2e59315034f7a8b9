//! Streams that break off after any number of parts, in each wire format: the caller gets the parts that arrived, the
//! format's error and no mark of a whole answer, and the request is settled once.

use super::Scene;
use super::wires::{Format, Prompt, STREAMED, StreamEnding, Told, Wire};
use futures_util::future::join_all;
use ports::{AiState, Delta, ModelError, StopReason, Usage};
use serde_json::Value;
use std::time::Duration;

const BROKEN: StreamEnding = StreamEnding { looks_whole: false, is_error: true };

fn parts() -> Vec<Delta> {
    let text = |text: &str| Delta::Text(text.to_owned());
    let begun = |id: &str| Delta::ToolCall { id: id.to_owned(), name: "get_weather".to_owned() };
    let arguments = |json: &str| Delta::Arguments(json.to_owned());
    vec![
        Delta::Reasoning("Hm.".to_owned()),
        text("I "),
        text("look."),
        begun("a"),
        arguments("{\"city\""),
        arguments(":\"Bonn\"}"),
        begun("b"),
        arguments("{\"city\":\"Rome\"}"),
    ]
}

/// What these parts tell.
fn expected(parts: &[Delta]) -> Told {
    let mut told = Told::default();
    for part in parts {
        match part {
            Delta::Text(text) => told.text.push_str(text),
            Delta::ToolCall { name, .. } => told.calls.push((name.clone(), String::new())),
            Delta::Arguments(json) => told.calls.last_mut().unwrap().1.push_str(json),
            // Not every format tells it in the same place.
            Delta::Reasoning(_) | Delta::ReasoningSignature(_) | Delta::RedactedReasoning(_) => {}
            Delta::End { .. } => {}
        }
    }
    told
}

fn end() -> Delta {
    let usage = Usage { input_tokens: 90, output_tokens: 7, ..Usage::default() };
    Delta::End { stop: StopReason::ToolCalls, usage: Some(usage) }
}

impl Scene {
    /// The body of a stream in which the provider sends these parts and then fails, or falls silent.
    async fn broken(&self, wire: Wire, parts: &[Delta], failure: Option<ModelError>) -> String {
        self.world.pass(100);
        self.world.model().script.stream(parts.iter().cloned().map(Ok).chain(failure.map(Err)));
        wire.ask(&self.world, &self.person, &Prompt::WEATHER).await.expect(200).body
    }

    /// The outcomes of the requests in the ledger; fails unless every reservation is settled.
    async fn outcomes(&self) -> Vec<Value> {
        let (state, person) = (self.world.environment().ai_state(), &self.person);
        let spent = state.spent(person.tenant, person.account, self.world.now()).await.unwrap().tenant_month;
        assert_eq!(spent.committed, spent.settled, "money that nobody settled");
        let events = self.world.events("ai_request_metered").await;
        events.into_iter().map(|event| event["data"]["M"]["outcome"]["S"].clone()).collect()
    }
}

#[tokio::test]
async fn a_stream_that_breaks_after_any_part_ends_with_the_formats_error() {
    let failures: [fn() -> Option<ModelError>; 3] = [
        || Some(ModelError::Lost("the connection broke".into())),
        || Some(ModelError::Unavailable("503".into())),
        || None,
    ];
    for wire in STREAMED {
        let scene = Scene::start().await;
        let mut requests = 0;
        for count in 1..=parts().len() {
            for failure in failures {
                let body = scene.broken(wire, &parts()[..count], failure()).await;
                let what = format!("{wire:?} after {count} parts: {body}");
                assert_eq!(wire.told_in_parts(&body), expected(&parts()[..count]), "{what}");
                assert_eq!(wire.ending(&body), BROKEN, "{what}");
                let failed = body.contains("event: response.failed");
                assert_eq!(failed, wire.format == Format::Responses, "{what}");
                requests += 1;
            }
        }
        // The same stream with its end has no error.
        let whole = [parts(), vec![end()]].concat();
        let body = scene.broken(wire, &whole, None).await;
        assert_eq!(wire.told_in_parts(&body), expected(&whole), "{wire:?}");
        assert_eq!(wire.ending(&body), StreamEnding { looks_whole: true, is_error: false }, "{wire:?}");
        scene.world.pass(7200);
        scene.world.settle_ai_usage().await;
        let outcomes = scene.outcomes().await;
        let cut = outcomes.iter().filter(|outcome| *outcome == "cut").count();
        assert_eq!((outcomes.len(), cut), (requests + 1, requests), "{wire:?}");
    }
}

/// The process of a function may be killed between any two pieces of a body, and nothing of it goes on.
#[tokio::test]
async fn a_process_that_dies_after_any_piece_of_a_stream_is_charged_once() {
    for wire in STREAMED {
        let scene = Scene::start().await;
        for pieces in 0.. {
            scene.world.pass(100);
            scene.world.model().script.stream([parts(), vec![end()]].concat().into_iter().map(Ok));
            let body = wire.call(&scene.world, &scene.person, &Prompt::WEATHER).killed_after(pieces).await;
            let is_whole = wire.ending(&body).looks_whole;
            scene.world.pass(100);
            scene.world.settle_ai_usage().await;
            scene.world.settle_ai_usage().await;
            let outcomes = scene.outcomes().await;
            assert_eq!(outcomes.len(), pieces + 1, "{wire:?} after {pieces} pieces");
            // The end may have been settled before its piece was taken.
            let ended = |outcome: &Value| *outcome == "presumed" || *outcome == "answered";
            assert!(outcomes.iter().all(ended), "{wire:?} after {pieces} pieces: {outcomes:?}");
            let presumed = outcomes.iter().filter(|outcome| *outcome == "presumed").count();
            if is_whole {
                assert!(presumed >= parts().len() && presumed < outcomes.len(), "{wire:?}: {outcomes:?}");
                break;
            }
        }
    }
}

/// The time of a function ends while its body is made, because a provider's adapter does not end its call in time: HTTP
/// ends such a body like a whole one, so it says itself that it is not.
#[tokio::test]
async fn a_body_that_reaches_the_deadline_ends_with_the_formats_error() {
    let late = STREAMED.map(async |wire| {
        let scene = Scene::start().await;
        let model = scene.world.model();
        model.script.stream([parts(), vec![end()]].concat().into_iter().map(Ok));
        model.script.hold();
        model.script.let_go(2);
        let call = wire.call(&scene.world, &scene.person, &Prompt::WEATHER);
        let body = call.within(Duration::from_millis(3_500)).send().await.expect(200).body;
        assert_eq!(wire.ending(&body), BROKEN, "{wire:?}: {body}");
        assert_eq!(wire.told_in_parts(&body), expected(&parts()[..2]), "{wire:?}");
        scene.world.pass(100);
        scene.world.settle_ai_usage().await;
        assert_eq!(scene.outcomes().await, ["presumed"], "{wire:?}");
    });
    join_all(late).await;
}
