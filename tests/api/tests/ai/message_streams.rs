//! Streamed messages in Anthropic's format: the events in their order, the counts at the end, and a stream that breaks.

use super::{NOVA, Scene};
use ports::{Delta, ModelError, StopReason, Usage};
use serde_json::{Value, json};

fn question() -> Value {
    json!({
        "model": NOVA, "max_tokens": 100, "stream": true, "stop_sequences": ["END"],
        "messages": [{"role": "user", "content": "How is the weather?"}],
        "tools": [{"name": "get_weather", "input_schema": {"type": "object"}}],
    })
}

impl Scene {
    /// The events of a stream of these parts, each as its name and its data.
    async fn streamed(&self, parts: Vec<Result<Delta, ModelError>>) -> Vec<(String, Value)> {
        self.world.model().script.stream(parts);
        let answer = self.ask("createMessage", &question()).await.expect(200);
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        let events = answer.body.split_terminator("\n\n").map(|event| {
            let (name, data) = event.split_once('\n').unwrap();
            let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            (name.strip_prefix("event: ").unwrap().to_owned(), data)
        });
        events.collect()
    }
}

fn text(text: &str) -> Result<Delta, ModelError> {
    Ok(Delta::Text(text.to_owned()))
}

fn call(id: &str) -> Result<Delta, ModelError> {
    Ok(Delta::ToolCall { id: id.to_owned(), name: "get_weather".to_owned() })
}

fn arguments(json: &str) -> Result<Delta, ModelError> {
    Ok(Delta::Arguments(json.to_owned()))
}

fn end(stop: StopReason) -> Result<Delta, ModelError> {
    let usage = Usage { input_tokens: 90, output_tokens: 7, cache_read_tokens: 10, ..Usage::default() };
    Ok(Delta::End { stop, usage: Some(usage) })
}

#[tokio::test]
async fn a_stream_has_the_events_of_anthropic_in_their_order() {
    let scene = Scene::start().await;
    let parts = vec![
        text("I "),
        text("look."),
        call("a"),
        arguments(r#"{"city": "#),
        arguments(r#""Bonn"}"#),
        call("b"),
        text("Wait."),
        end(StopReason::ToolCalls),
    ];
    let mut events = scene.streamed(parts).await;
    for (name, data) in &events {
        assert_eq!(data["type"], name.as_str());
    }
    let id = events[0].1["message"]["id"].take();
    assert!(id.as_str().unwrap().starts_with("msg_"), "{id}");
    let usage = |input: u64, read: u64, output: u64| {
        json!({
            "input_tokens": input, "cache_creation_input_tokens": 0, "cache_read_input_tokens": read,
            "output_tokens": output, "output_tokens_details": {"thinking_tokens": 0},
        })
    };
    let start = |index: u64, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta =
        |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let stop = |index: u64| json!({"type": "content_block_stop", "index": index});
    let words = |text: &str| json!({"type": "text_delta", "text": text});
    let part = |json: &str| json!({"type": "input_json_delta", "partial_json": json});
    let tool = |id: &str| json!({"type": "tool_use", "id": id, "name": "get_weather", "input": {}});
    let message = json!({
        "id": null, "type": "message", "role": "assistant", "model": NOVA, "content": [], "stop_reason": null,
        "stop_sequence": null, "usage": usage(0, 0, 0),
    });
    let expected = [
        json!({"type": "message_start", "message": message}),
        start(0, json!({"type": "text", "text": ""})),
        delta(0, words("I ")),
        delta(0, words("look.")),
        stop(0),
        start(1, tool("a")),
        delta(1, part(r#"{"city": "#)),
        delta(1, part(r#""Bonn"}"#)),
        stop(1),
        start(2, tool("b")),
        delta(2, part("{}")),
        stop(2),
        start(3, json!({"type": "text", "text": ""})),
        delta(3, words("Wait.")),
        stop(3),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": usage(90, 10, 7)}),
        json!({"type": "message_stop"}),
    ];
    let events: Vec<Value> = events.into_iter().map(|(_, data)| data).collect();
    assert_eq!(events, expected);
}

#[tokio::test]
async fn a_stream_says_why_it_ended_also_without_content() {
    let scene = Scene::start().await;
    for (stop, reason, ended_by) in [
        (StopReason::EndTurn, "end_turn", Value::Null),
        (StopReason::MaxTokens, "max_tokens", Value::Null),
        (StopReason::StopSequence, "stop_sequence", json!("END")),
        (StopReason::Filtered, "refusal", Value::Null),
    ] {
        let events = scene.streamed(vec![end(stop)]).await;
        let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["message_start", "message_delta", "message_stop"]);
        assert_eq!(events[1].1["delta"], json!({"stop_reason": reason, "stop_sequence": ended_by}));
    }
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_an_error() {
    let scene = Scene::start().await;
    let broken = Err(ModelError::Unavailable("the connection broke".into()));
    let events = scene.streamed(vec![text("A wren"), broken]).await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["message_start", "content_block_start", "content_block_delta", "error"]);
    let error = json!({
        "type": "error",
        "error": {
            "type": "api_error", "message": "The answer broke off.", "details": {"error_code": "models_unavailable"},
        },
    });
    assert_eq!(events[3].1, error);
    assert_eq!(scene.world.events("ai_request_metered").await.len(), 1);
}
