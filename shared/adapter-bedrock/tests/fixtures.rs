//! Answers and errors that Bedrock documents, read by the gateway: see `fixtures/README.md`.

use crate::support::{answers, answers_with, call, config, everything_said, frames, parts, read};
use adapter_bedrock::BedrockGateway;
use ports::{
    Delta, EmbeddingCall, EmbeddingGateway, InputType, ModelCall, ModelError, ModelGateway, ReasoningContent,
    StopReason, StreamingModelGateway, Usage,
};
use serde_json::{Value, json};
use std::time::Duration;

const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

fn usage(input: u64, output: u64, read: u64, write: u64) -> Usage {
    Usage {
        input_tokens: input,
        output_tokens: output,
        cache_read_tokens: read,
        cache_write_tokens: write,
        ..Usage::default()
    }
}

fn structured() -> ModelCall {
    ModelCall { output_schema: Some(json!({"type": "object", "required": ["score"]})), ..call() }
}

#[tokio::test]
async fn answers_of_claude_and_nova() {
    for (body, text, stop, counted) in [
        (
            include_str!("fixtures/claude-text.json"),
            "Here are 3 pop songs by artists from the United Kingdom.",
            StopReason::EndTurn,
            usage(125, 60, 0, 0),
        ),
        (
            include_str!("fixtures/claude-tool.json"),
            // As the model wrote it.
            r#"{
              "score": 81,
              "reasons": [
                "has a budget"
              ]
            }"#,
            StopReason::EndTurn,
            usage(97, 54, 1840, 12),
        ),
        (
            include_str!("fixtures/nova-text.json"),
            "Acme asked for a demo.",
            StopReason::MaxTokens,
            usage(413, 300, 0, 0),
        ),
        (
            include_str!("fixtures/nova-guardrail.json"),
            "Sorry, I can't answer questions about heavy metal music.",
            StopReason::Filtered,
            usage(0, 0, 0, 0),
        ),
    ] {
        let gateway = BedrockGateway::new(&config(&answers_with("application/json", body)));
        let answer = gateway.converse(&structured()).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.stop, answer.usage), (text, stop, Some(counted)));
    }
}

#[tokio::test]
async fn streams_of_claude_and_nova() {
    for (events, call, said, counted) in [
        (
            include_str!("fixtures/stream-claude-text.jsonl"),
            call(),
            vec!["Here are", " 3 pop songs", " \u{2013} enjoy."],
            usage(47, 20, 0, 0),
        ),
        (
            include_str!("fixtures/stream-claude-tool.jsonl"),
            structured(),
            vec!["{\"score\": 8", "1, \"reasons\": [\"has a budget\"]}"],
            usage(519, 46, 1840, 0),
        ),
        (
            include_str!("fixtures/stream-nova-tool.jsonl"),
            structured(),
            vec!["{\"score\":81}"],
            usage(433, 88, 0, 0),
        ),
    ] {
        let url = answers_with(EVENT_STREAM, frames(events).concat());
        let stream = BedrockGateway::new(&config(&url)).converse_stream(&call).await.unwrap();
        let (got, end) = read(stream).await;
        assert_eq!(
            (got, end.unwrap()),
            (said.into_iter().map(str::to_owned).collect(), (StopReason::EndTurn, Some(counted)))
        );
    }
}

/// Reasoning comes with its signature, and hidden reasoning whole, streamed or not.
#[tokio::test]
async fn reasoning_before_calls_of_tools() {
    let url = answers_with(
        EVENT_STREAM,
        frames(include_str!("fixtures/stream-claude-reasoning-tools.jsonl")).concat(),
    );
    let stream = BedrockGateway::new(&config(&url)).converse_stream(&call()).await.unwrap();
    let text = |text: &str| Ok(Delta::Text(text.to_owned()));
    let begun = |id: &str| Ok(Delta::ToolCall { id: id.to_owned(), name: "get_weather".to_owned() });
    let arguments = |json: &str| Ok(Delta::Arguments(json.to_owned()));
    let signature = "EqMBCkgIChABGAIiQL2UoU0b1oU=".to_owned();
    let expected = [
        Ok(Delta::Reasoning("Two cities,".to_owned())),
        Ok(Delta::Reasoning(" so two calls.".to_owned())),
        Ok(Delta::ReasoningSignature(signature.clone())),
        text("I look at "),
        text("both."),
        begun("tooluse_kZJMlvQmRJ6eAyJE5GIl7Q"),
        arguments("{\"city\": \"K\u{f6}"),
        arguments("ln\"}"),
        begun("tooluse_9xJMlvQmRJ6eAyJE5GIl7R"),
        arguments("{\"city\": \"Bonn\"}"),
        Ok(Delta::End { stop: StopReason::ToolCalls, usage: Some(usage(412, 118, 1840, 0)) }),
    ];
    assert_eq!(parts(stream).await, expected);
    let body = include_str!("fixtures/claude-reasoning-tools.json");
    let gateway = BedrockGateway::new(&config(&answers_with("application/json", body)));
    let answer = gateway.converse(&call()).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.stop), ("I look at both.", StopReason::ToolCalls));
    let shown =
        ReasoningContent::Text { text: "Two cities, so two calls.".to_owned(), signature: Some(signature) };
    let hidden = ReasoningContent::Redacted("RXJvd0NrZ0lDaEFCR0FJaVFMMlU=".to_owned());
    assert!(answer.reasoning == [shown, hidden]);
    assert_eq!(
        answer.tool_calls.iter().map(|call| (call.id.as_str(), call.name.as_str())).collect::<Vec<_>>(),
        [
            ("tooluse_kZJMlvQmRJ6eAyJE5GIl7Q", "get_weather"),
            ("tooluse_9xJMlvQmRJ6eAyJE5GIl7R", "get_weather")
        ]
    );
}

#[tokio::test]
async fn hidden_reasoning_comes_whole() {
    let events = include_str!("fixtures/stream-claude-redacted-reasoning.jsonl");
    let url = answers_with(EVENT_STREAM, frames(events).concat());
    let stream = BedrockGateway::new(&config(&url)).converse_stream(&call()).await.unwrap();
    let expected = [
        Ok(Delta::RedactedReasoning("RXJvd0NrZ0lDaEFCR0FJaVFMMlU=".to_owned())),
        Ok(Delta::Text("9 C.".to_owned())),
        Ok(Delta::End { stop: StopReason::EndTurn, usage: Some(usage(40, 31, 0, 0)) }),
    ];
    assert_eq!(parts(stream).await, expected);
}

/// A call that the model could not write is no end of an answer, and what a guardrail says is no answer of the model.
#[tokio::test]
async fn ends_that_are_no_ordinary_ones() {
    for (events, stop, counted) in [
        (
            include_str!("fixtures/stream-nova-malformed-tool-use.jsonl"),
            StopReason::Malformed,
            usage(433, 88, 0, 0),
        ),
        (include_str!("fixtures/stream-guardrail.jsonl"), StopReason::Filtered, usage(0, 0, 0, 0)),
    ] {
        let url = answers_with(EVENT_STREAM, frames(events).concat());
        let stream = BedrockGateway::new(&config(&url)).converse_stream(&call()).await.unwrap();
        let end = Ok(Delta::End { stop, usage: Some(counted) });
        assert_eq!(parts(stream).await.last(), Some(&end));
    }
    let body = include_str!("fixtures/nova-malformed-tool-use.json");
    let gateway = BedrockGateway::new(&config(&answers_with("application/json", body)));
    let answer = gateway.converse(&call()).await.unwrap();
    assert_eq!((answer.stop, answer.usage), (StopReason::Malformed, Some(usage(433, 88, 0, 0))));
}

fn name(error: &ModelError) -> &'static str {
    match error {
        ModelError::Throttled { .. } => "Throttled",
        ModelError::Unavailable(_) | ModelError::Resting { .. } => "Unavailable",
        ModelError::Lost(_) => "Lost",
        ModelError::TimedOut => "TimedOut",
        ModelError::ProviderTimedOut => "ProviderTimedOut",
        ModelError::ContextLength => "ContextLength",
        ModelError::NoSuchModel => "NoSuchModel",
        ModelError::Refused(_) => "Refused",
        ModelError::MalformedAnswer(_) => "MalformedAnswer",
    }
}

#[tokio::test]
async fn errors_mean_the_same_whatever_was_called() {
    let errors: Vec<Value> = serde_json::from_str(include_str!("fixtures/errors.json")).unwrap();
    for error in errors {
        let status = u16::try_from(error["status"].as_u64().unwrap()).unwrap();
        let server = || {
            let head =
                [("x-amzn-errortype", error["type"].as_str().unwrap()), ("Content-Type", "application/json")];
            BedrockGateway::new(&config(&answers(status, &head, error["body"].to_string())))
        };
        let embedding = EmbeddingCall {
            model: "amazon.titan-embed-text-v2:0".to_owned(),
            texts: vec!["x".to_owned()],
            dimensions: None,
            input_type: InputType::Document,
            time_left: Duration::from_secs(10),
        };
        let got = [
            server().converse(&call()).await.map(|_| ()).unwrap_err(),
            server().converse_stream(&call()).await.map(|_| ()).unwrap_err(),
            server().embed(&embedding).await.unwrap_err().error,
        ];
        for got in got {
            assert_eq!(name(&got), error["means"], "{error}");
            let message = error["body"]["message"].as_str().unwrap();
            assert!(!everything_said(&got).contains(message), "{got:?}");
        }
    }
}

#[tokio::test]
async fn vectors_of_titan_and_cohere() {
    let first = vec![0.6, 0.0, -0.8];
    let second = vec![0.0, 1.0, 0.0];
    for (model, body, texts, vectors, tokens) in [
        (
            "amazon.titan-embed-text-v2:0",
            include_str!("fixtures/titan-embedding.json"),
            1,
            vec![first.clone()],
            7,
        ),
        (
            "cohere.embed-english-v3",
            include_str!("fixtures/cohere-v3-embeddings.json"),
            2,
            vec![first.clone(), second.clone()],
            6,
        ),
        (
            "cohere.embed-v4:0",
            include_str!("fixtures/cohere-v4-embeddings.json"),
            2,
            vec![first.clone(), second.clone()],
            6,
        ),
    ] {
        let head = [("Content-Type", "application/json"), ("X-Amzn-Bedrock-Input-Token-Count", "6")];
        let gateway = BedrockGateway::new(&config(&answers(200, &head, body)));
        let call = EmbeddingCall {
            model: model.to_owned(),
            texts: vec!["hello world".to_owned(); texts],
            dimensions: None,
            input_type: InputType::Document,
            time_left: Duration::from_secs(10),
        };
        let got = gateway.embed(&call).await.unwrap();
        assert_eq!((got.vectors, got.input_tokens), (vectors, Some(tokens)), "{model}");
    }
}
