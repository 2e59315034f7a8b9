//! The bytes of streams, compared with recorded ones. The types of OpenAI's Python library (`openai.types.responses`,
//! version 3.57.0) accept the recorded streams.

use super::*;
use application_core::limits::AI_CALLS;
use application_core::model_answer::{AnswerCost, AnswerHead};
use contracts::openai::responses::ResponseRequest;
use domain::Timestamp;
use domain::ai::{CacheUse, TokenCounts};
use domain::id::new_id;
use futures_util::FutureExt;
use ports::{LimitDecision, StopReason};
use serde_json::json;

fn head() -> AnswerHead {
    AnswerHead {
        request_id: new_id(Timestamp::from_millis(1_795_170_000_000), &[7; 10]),
        model: "amazon.nova-pro-v1:0".to_owned(),
        provider: "bedrock".to_owned(),
        cache: CacheUse::Miss,
        attempts: 1,
        limit: LimitDecision {
            limit: AI_CALLS,
            allowed: true,
            remaining: 59,
            retry_after_seconds: 0,
            reset_seconds: 1,
        },
        overhead_ms: 1,
    }
}

/// What a client gets of these parts.
fn sent(parts: Vec<StreamEvent>) -> String {
    let body = json!({
        "model": "auto", "input": "How is the weather in Bonn?", "instructions": "Be short.", "temperature": 0.1,
        "metadata": {"a": "b"}, "stream": true,
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "reasoning": {"effort": "low"}, "tool_choice": {"type": "function", "name": "get_weather"},
        "tools": [{"type": "function", "name": "get_weather", "parameters": {"type": "object"}, "strict": true}],
    });
    let body: ResponseRequest = serde_json::from_value(body).unwrap();
    let answer = Streamed { head: head(), events: stream::iter(parts).boxed() };
    let pieces: Vec<_> = events(&EchoedFields::of(&body), CustomTools::default(), answer, 1_795_170_000)
        .collect()
        .now_or_never()
        .unwrap();
    pieces.into_iter().map(|piece| String::from_utf8(piece.unwrap()).unwrap()).collect()
}

fn text(text: &str) -> StreamEvent {
    StreamEvent::Text(text.to_owned())
}

fn end(stop: StopReason) -> StreamEvent {
    let tokens = TokenCounts { input: 80, output: 7, cache_read: 10, cache_write: 5 };
    StreamEvent::End(StreamEnd {
        stop,
        tokens,
        reasoning_tokens: 3,
        cost: AnswerCost { tokens, nano_usd: 1 },
    })
}

#[test]
fn a_text_and_two_calls() {
    let call = |id: &str| StreamEvent::ToolCall { id: id.to_owned(), name: "get_weather".to_owned() };
    let arguments = |json: &str| StreamEvent::Arguments(json.to_owned());
    let parts = vec![
        text("Let me "),
        text("look.\n"),
        call("call_0"),
        arguments(r#"{"city": "#),
        arguments(r#""Bonn"}"#),
        call("call_1"),
        arguments("{}"),
        end(StopReason::ToolCalls),
    ];
    assert_eq!(sent(parts), include_str!("recorded/calls.txt"));
}

#[test]
fn a_cut_text() {
    assert_eq!(sent(vec![text("A wr"), end(StopReason::MaxTokens)]), include_str!("recorded/cut.txt"));
}

#[test]
fn no_text_at_all() {
    assert_eq!(sent(vec![end(StopReason::EndTurn)]), include_str!("recorded/empty.txt"));
}

#[test]
fn a_text_that_breaks_off() {
    assert_eq!(sent(vec![text("A wr"), StreamEvent::Broken]), include_str!("recorded/broken.txt"));
}
