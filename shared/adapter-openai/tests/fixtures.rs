//! Answers and errors that servers document, read by the gateway: see `fixtures/README.md`.

use std::time::Duration;

use crate::support::{
    answer, call, embedding, events, everything_said, gateway, json, name, parts, read, server,
};
use adapter_openai::ProviderFailure;
use ports::{Delta, EmbeddingGateway, ModelError, ModelGateway, StopReason, StreamingModelGateway, Usage};
use serde_json::Value;

fn usage(input: u64, output: u64, read: u64) -> Usage {
    Usage { input_tokens: input, output_tokens: output, cache_read_tokens: read, ..Usage::default() }
}

#[tokio::test]
async fn completions() {
    for (body, text, stop, counted) in [
        (
            include_str!("fixtures/chat-text.json"),
            "Hello! How can I assist you today?",
            StopReason::EndTurn,
            usage(19, 10, 0),
        ),
        (
            include_str!("fixtures/chat-structured-cached.json"),
            r#"{"score":81,"reasons":["has a budget"]}"#,
            StopReason::EndTurn,
            usage(86, 300, 1920),
        ),
        (
            include_str!("fixtures/chat-length-reasoning.json"),
            "",
            StopReason::MaxTokens,
            Usage { reasoning_tokens: 256, ..usage(30, 256, 0) },
        ),
        (
            include_str!("fixtures/chat-refusal.json"),
            "I'm sorry, I cannot assist with that request.",
            StopReason::Filtered,
            usage(81, 11, 0),
        ),
        (include_str!("fixtures/chat-tool-calls.json"), "", StopReason::ToolCalls, usage(82, 17, 0)),
        (
            include_str!("fixtures/ollama-chat.json"),
            "Hello! How can I assist you today?",
            StopReason::EndTurn,
            usage(26, 10, 0),
        ),
        // The thoughts are not passed on.
        (
            include_str!("fixtures/mistral-chat-reasoning.json"),
            "Hello! How can I assist you today?",
            StopReason::EndTurn,
            usage(19, 23, 0),
        ),
    ] {
        let (url, _) = server(vec![json(body)]);
        let answer = gateway(&url).converse(&call()).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.stop, answer.usage), (text, stop, Some(counted)));
    }
}

#[tokio::test]
async fn streams() {
    for (wire, said, stop, counted) in [
        (
            include_str!("fixtures/stream-text.sse"),
            vec!["Hello", " \u{2013} world"],
            StopReason::EndTurn,
            usage(99, 10, 1920),
        ),
        (
            include_str!("fixtures/stream-refusal.sse"),
            vec!["I'm sorry, ", "I can't."],
            StopReason::Filtered,
            usage(81, 8, 0),
        ),
        (
            include_str!("fixtures/stream-structured.sse"),
            vec!["{\"score\":8", "1,\"reasons\":[\"has a ", "budget\"]}"],
            StopReason::EndTurn,
            usage(86, 19, 0),
        ),
        (include_str!("fixtures/ollama-stream.sse"), vec!["Hel", "lo"], StopReason::EndTurn, usage(26, 3, 0)),
        (
            include_str!("fixtures/llama-cpp-stream.sse"),
            vec!["Hel", "lo"],
            StopReason::MaxTokens,
            usage(11, 2, 0),
        ),
        (
            include_str!("fixtures/mistral-stream-reasoning.sse"),
            vec!["Hel", "lo"],
            StopReason::EndTurn,
            usage(19, 23, 0),
        ),
        (include_str!("fixtures/groq-stream.sse"), vec!["Hel", "lo"], StopReason::EndTurn, usage(23, 19, 0)),
        (
            include_str!("fixtures/openrouter-stream.sse"),
            vec!["Hel", "lo"],
            StopReason::EndTurn,
            Usage { reasoning_tokens: 66, ..usage(12, 70, 0) },
        ),
    ] {
        for wire in [wire.to_owned(), wire.replace('\n', "\r\n")] {
            let (url, _) = server(vec![events(&wire)]);
            let stream = gateway(&url).converse_stream(&call()).await.unwrap();
            let (got, end) = read(stream).await;
            let said: Vec<String> = said.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!((got, end.unwrap()), (said, (stop, Some(counted))));
        }
    }
}

/// The calls of a stream, the text before them, and the counts of the end, which waits for the results of the calls.
async fn streamed_calls(wire: &str) -> (String, Vec<(String, String, String)>, Option<Usage>) {
    let (url, _) = server(vec![events(wire)]);
    let (mut text, mut calls, mut usage) = (String::new(), Vec::new(), None);
    for part in parts(gateway(&url).converse_stream(&call()).await.unwrap()).await {
        match part.unwrap() {
            Delta::Text(more) => text.push_str(&more),
            Delta::ToolCall { id, name } => calls.push((id, name, String::new())),
            part @ (Delta::Reasoning(_) | Delta::ReasoningSignature(_) | Delta::RedactedReasoning(_)) => {
                panic!("{part:?}")
            }
            Delta::Arguments(json) => calls.last_mut().unwrap().2.push_str(&json),
            Delta::End { stop, usage: counted } => {
                assert_eq!(stop, StopReason::ToolCalls);
                usage = counted;
            }
        }
    }
    (text, calls, usage)
}

#[tokio::test]
async fn streams_with_calls_of_tools() {
    let made = |id: &str, name: &str, arguments: &str| -> (String, String, String) {
        [id, name, arguments].map(str::to_owned).into()
    };
    for (wire, text, calls, counted) in [
        (
            include_str!("fixtures/stream-tools.sse"),
            "",
            vec![
                made("call_TMbEoYn9q0ZKtoxav5LpD9Ts", "get_weather", "{\"city\":\"K\u{f6}ln\"}"),
                made("call_9kUoYn9q0ZKtoxav5LpD9Tz", "get_weather", "{\"city\":\"Bonn\"}"),
            ],
            Usage { reasoning_tokens: 20, ..usage(140, 61, 0) },
        ),
        (
            include_str!("fixtures/azure-stream-tools.sse"),
            "",
            vec![made("call_TMbEoYn9q0ZKtoxav5LpD9Ts", "get_weather", "{\"city\":\"Tokyo\"}")],
            usage(151, 22, 0),
        ),
        // Its reasoning is not passed on.
        (
            include_str!("fixtures/vllm-stream-reasoning-tools.sse"),
            "I look.\n",
            vec![made("chatcmpl-tool-6c2b5ab4", "get_weather", "{\"city\": \"Bonn\"}")],
            usage(172, 68, 0),
        ),
        // Each call has the index 0.
        (
            include_str!("fixtures/ollama-stream-tools.sse"),
            "",
            vec![
                made("call_ejieksiz", "get_weather", "{\"city\":\"Bonn\"}"),
                made("call_wqj2mdkf", "get_time", "{\"city\":\"Rome\"}"),
            ],
            usage(169, 40, 0),
        ),
        (
            include_str!("fixtures/moonshot-stream-tools.sse"),
            "",
            vec![made("functions.get_weather:0", "get_weather", "{\"city\":\"Bonn\"}")],
            usage(61, 18, 0),
        ),
    ] {
        assert_eq!(streamed_calls(wire).await, (text.to_owned(), calls, Some(counted)));
    }
}

#[tokio::test]
async fn an_empty_finish_reason_is_none() {
    let chunk = |text: &str, reason: &str| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":\"{reason}\"}}]}}\n\n"
        )
    };
    let cut = chunk("Hel", "") + &chunk("lo", "");
    for (wire, is_whole) in [(cut.clone(), false), (cut + &chunk("!", "stop"), true)] {
        let (url, _) = server(vec![events(&wire)]);
        let (_, end) = read(gateway(&url).converse_stream(&call()).await.unwrap()).await;
        assert_eq!(end.is_ok(), is_whole, "{end:?}");
    }
}

#[tokio::test]
async fn an_answer_without_counts_is_an_answer() {
    let silent = include_str!("fixtures/ollama-stream-without-usage.sse").to_owned();
    let zeros =
        include_str!("fixtures/ollama-stream.sse").replace("\"prompt_tokens\":26", "\"prompt_tokens\":0");
    for wire in [silent, zeros] {
        let (url, _) = server(vec![events(&wire)]);
        let (said, end) = read(gateway(&url).converse_stream(&call()).await.unwrap()).await;
        assert_eq!(said, ["Hel", "lo"]);
        assert_eq!(end.unwrap(), (StopReason::EndTurn, None));
    }
    let whole: Value = serde_json::from_str(include_str!("fixtures/chat-text.json")).unwrap();
    for usage in ["null", "{}", r#"{"prompt_tokens": 0, "completion_tokens": 0}"#, r#"{"prompt_tokens": 19}"#]
    {
        let mut body = whole.clone();
        body["usage"] = serde_json::from_str(usage).unwrap();
        let (url, _) = server(vec![json(&body.to_string())]);
        assert_eq!(gateway(&url).converse(&call()).await.unwrap().usage, None, "{usage}");
    }
}

#[tokio::test]
async fn an_answer_without_choices_is_a_failure() {
    let (url, _) = server(vec![json(r#"{"usage": {"prompt_tokens": 1, "completion_tokens": 1}}"#)]);
    let error = gateway(&url).converse(&call()).await.unwrap_err();
    let ModelError::Lost(source) = error else { panic!("{error:?}") };
    let failure = *source.downcast::<ProviderFailure>().unwrap();
    assert!(matches!(failure, ProviderFailure::Incomplete("choice")), "{failure:?}");
}

/// OpenRouter says success in the head before it knows what the model behind it does.
#[tokio::test]
async fn an_error_in_the_place_of_an_answer_is_that_error() {
    for (code, means) in [(429, "Throttled"), (502, "Unavailable"), (400, "Refused")] {
        let body =
            format!(r#"{{"error": {{"code": {code}, "message": "the secret prompt"}}, "user_id": "u"}}"#);
        let (url, _) = server(vec![json(&body)]);
        let error = gateway(&url).converse(&call()).await.unwrap_err();
        assert_eq!(name(&error), means, "{error:?}");
        assert!(!everything_said(&error).contains("secret"));
    }
}

#[tokio::test]
async fn milliseconds_until_the_next_call_are_more_exact_than_seconds() {
    for (head, wait) in [
        (vec![("retry-after-ms", "250"), ("Retry-After", "1")], Duration::from_millis(250)),
        (vec![("x-ms-retry-after-ms", "1250.5")], Duration::from_micros(1_250_500)),
        (vec![("retry-after-ms", "soon"), ("Retry-After", "1.5")], Duration::from_millis(1_500)),
    ] {
        let (url, _) = server(vec![answer(429, &head, "{}")]);
        let error = gateway(&url).converse(&call()).await.unwrap_err();
        let ModelError::Throttled { retry_after } = error else { panic!("{error:?}") };
        assert_eq!(retry_after, Some(wait), "{head:?}");
    }
}

#[tokio::test]
async fn errors_mean_the_same_whatever_was_called() {
    let errors: Vec<Value> = serde_json::from_str(include_str!("fixtures/errors.json")).unwrap();
    for error in errors {
        let status = u16::try_from(error["status"].as_u64().unwrap()).unwrap();
        let body = match &error["body"] {
            Value::String(text) => text.clone(),
            body => body.to_string(),
        };
        let server = || {
            let head =
                [("Content-Type", "application/json"), ("Retry-After", "7"), ("x-request-id", "req_123")];
            gateway(&server(vec![answer(status, &head, &body)]).0)
        };
        let got = [
            server().converse(&call()).await.map(|_| ()).unwrap_err(),
            server().converse_stream(&call()).await.map(|_| ()).unwrap_err(),
            server().embed(&embedding(1, None)).await.unwrap_err().error,
        ];
        for got in got {
            assert_eq!(name(&got), error["means"], "{error}");
            if let ModelError::Throttled { retry_after } = &got {
                assert_eq!(*retry_after, Some(Duration::from_secs(7)));
            }
            // A failure with `Retry-After` is returned with that time.
            if let ModelError::Resting { retry_after, .. } = &got {
                assert_eq!((*retry_after, status >= 300), (Duration::from_secs(7), true));
            }
            let message = error["body"].pointer("/error/message").and_then(Value::as_str);
            assert!(message.is_none_or(|message| !everything_said(&got).contains(message)), "{got:?}");
        }
    }
}

#[tokio::test]
async fn an_error_keeps_its_code_and_its_request() {
    let body = r#"{"error": {"message": "no", "type": "server_error", "param": null, "code": null}}"#;
    let (url, _) = server(vec![answer(500, &[("x-request-id", "req_123")], body)]);
    let error = gateway(&url).converse(&call()).await.unwrap_err();
    let said = everything_said(&error);
    assert!(said.contains("HTTP 500, server_error (request req_123)"), "{said}");
}

#[tokio::test]
async fn vectors() {
    let (url, _) = server(vec![json(include_str!("fixtures/embeddings.json"))]);
    let got = gateway(&url).embed(&embedding(2, Some(3))).await.unwrap();
    // In the order of the texts, whatever the order of the answer.
    assert_eq!(got.vectors, [vec![0.002_306_425_5, -0.009_327_292, -0.002_884_222_2], vec![0.0, 1.0, 0.0]]);
    assert_eq!(got.input_tokens, Some(8));

    let (url, _) = server(vec![json(include_str!("fixtures/ollama-embeddings.json"))]);
    assert_eq!(gateway(&url).embed(&embedding(2, None)).await.unwrap().vectors.len(), 2);

    // A server that numbers no vectors has them in the order of the texts.
    let (url, _) = server(vec![json(r#"{"data": [{"embedding": [1.0]}, {"embedding": [2.0]}]}"#)]);
    assert_eq!(gateway(&url).embed(&embedding(2, None)).await.unwrap().vectors, [[1.0], [2.0]]);

    // A vector is missing.
    let (url, _) = server(vec![json(r#"{"data": [{"embedding": [1.0]}]}"#)]);
    assert!(gateway(&url).embed(&embedding(2, None)).await.is_err());
    let (url, _) = server(vec![json(include_str!("fixtures/embeddings.json"))]);
    let error = gateway(&url).embed(&embedding(3, None)).await.unwrap_err().error;
    assert!(matches!(error, ModelError::Lost(_)), "{error:?}");
}

#[tokio::test]
async fn vectors_without_counts_are_vectors() {
    let body = include_str!("fixtures/embeddings.json").replace("usage", "other");
    let (url, _) = server(vec![json(&body)]);
    let got = gateway(&url).embed(&embedding(2, None)).await.unwrap();
    assert_eq!((got.vectors.len(), got.input_tokens), (2, None));
}

#[tokio::test]
async fn a_number_of_dimensions_that_a_server_ignores_is_the_callers_and_is_paid_for() {
    let (url, _) = server(vec![json(include_str!("fixtures/embeddings.json"))]);
    let failure = gateway(&url).embed(&embedding(2, Some(512))).await.unwrap_err();
    assert!(matches!(failure.error, ModelError::Refused(_)), "{:?}", failure.error);
    assert_eq!((failure.input_tokens, failure.vectors), (Some(8), vec![None, None]));
}
