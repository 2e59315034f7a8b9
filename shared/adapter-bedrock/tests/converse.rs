//! The gateway against a server that speaks Bedrock's wire format: the requests it sends, and the meaning of each
//! answer and failure.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::support::{call, config, counted, everything_said};
use adapter_bedrock::{BedrockGateway, ProviderFailure};
use model_stub::{Step, Stub};
use ports::{
    FailureCause, Guardrail, Message, ModelAnswer, ModelCall, ModelError, ModelGateway, Role, StopReason,
    Usage,
};
use serde_json::json;

/// One call, with these steps for the server, and the number of requests it made.
const NOVA: &str = "amazon.nova-pro-v1:0";

async fn converse(call: &ModelCall, step: Step) -> (Result<ModelAnswer, ModelError>, usize) {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![step]).unwrap();
    let gateway = BedrockGateway::new(&config(stub.url()));
    let result = gateway.converse(call).await;
    (result, stub.calls().len())
}

async fn fails(step: Step) -> ModelError {
    let (result, requests) = converse(&call(), step).await;
    assert_eq!(requests, 1, "the application decides about retries");
    result.unwrap_err()
}

#[tokio::test]
async fn sends_everything_the_call_holds() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::tool_input(json!({"score": 81, "reasons": ["budget"]}))]).unwrap();
    let schema = json!({"type": "object", "properties": {"score": {"type": "integer", "maximum": 100}}});
    let call = ModelCall {
        // Claude takes either a temperature or a `top_p`.
        model: NOVA.to_owned(),
        messages: vec![
            Message::text(Role::User, "one".to_owned()),
            Message::text(Role::Assistant, "two".to_owned()),
            Message::text(Role::User, "three".to_owned()),
        ],
        output_schema: Some(schema.clone()),
        top_p: Some(0.75),
        stop: vec!["END".to_owned(), "\n\n".to_owned()],
        cache_instructions: true,
        guardrail: Some(Guardrail { id: "gr-1".to_owned(), version: "DRAFT".to_owned() }),
        ..call()
    };
    let answer = BedrockGateway::new(&config(stub.url())).converse(&call).await.unwrap();

    let sent = &stub.calls()[0];
    assert_eq!(sent.model_id, NOVA);
    assert_eq!(
        sent.body,
        json!({
            "system": [{"text": "You score leads."}, {"cachePoint": {"type": "default"}}],
            "messages": [
                {"role": "user", "content": [{"text": "one"}]},
                {"role": "assistant", "content": [{"text": "two"}]},
                {"role": "user", "content": [{"text": "three"}]},
            ],
            "inferenceConfig": {
                "maxTokens": 300, "temperature": 0.5, "topP": 0.75, "stopSequences": ["END", "\n\n"],
            },
            "guardrailConfig": {
                "guardrailIdentifier": "gr-1", "guardrailVersion": "DRAFT", "trace": "disabled",
            },
            "toolConfig": {
                "tools": [{"toolSpec": {
                    "name": "answer",
                    "description": "Takes the whole answer. Call it exactly once.",
                    "inputSchema": {"json": schema},
                }}],
                "toolChoice": {"tool": {"name": "answer"}},
            },
        })
    );
    let text: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(text, json!({"score": 81, "reasons": ["budget"]}));
    assert_eq!(answer.stop, StopReason::EndTurn);
}

#[tokio::test]
async fn sends_nothing_the_call_does_not_hold() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("fine")]).unwrap();
    let bare = ModelCall { system: String::new(), temperature: None, ..call() };
    BedrockGateway::new(&config(stub.url())).converse(&bare).await.unwrap();
    assert_eq!(
        stub.calls()[0].body,
        json!({
            "messages": [{"role": "user", "content": [{"text": "the secret prompt"}]}],
            "inferenceConfig": {"maxTokens": 300},
        })
    );
}

#[tokio::test]
async fn a_cache_point_and_a_guardrail_are_sent_when_asked_for() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("fine"), Step::text("fine")]).unwrap();
    let guardrail = Guardrail { id: "gr-1".to_owned(), version: "DRAFT".to_owned() };
    let guarded = ModelCall { cache_instructions: true, guardrail: Some(guardrail), ..call() };
    // Without instructions there is no block to cache.
    let without = ModelCall { cache_instructions: true, system: String::new(), ..call() };
    let gateway = BedrockGateway::new(&config(stub.url()));
    gateway.converse(&guarded).await.unwrap();
    gateway.converse(&without).await.unwrap();
    let calls = stub.calls();
    let system = json!([{"text": "You score leads."}, {"cachePoint": {"type": "default"}}]);
    assert_eq!(calls[0].body["system"], system);
    let sent = &calls[0].body["guardrailConfig"];
    assert_eq!((&sent["guardrailIdentifier"], &sent["guardrailVersion"]), (&json!("gr-1"), &json!("DRAFT")));
    assert!(calls[1].body.get("system").is_none());
    assert!(calls[1].body.get("guardrailConfig").is_none());
}

#[tokio::test]
async fn without_instructions_or_schema_neither_is_sent() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("fine")]).unwrap();
    let call = ModelCall { system: " ".to_owned(), ..call() };
    BedrockGateway::new(&config(stub.url())).converse(&call).await.unwrap();
    let body = &stub.calls()[0].body;
    assert!(body.get("system").is_none() && body.get("toolConfig").is_none(), "{body}");
}

#[tokio::test]
async fn text_stop_reason_and_every_token_arrive() {
    let usage = model_stub::Usage {
        input_tokens: 100,
        output_tokens: 20,
        cache_read_input_tokens: 900,
        cache_write_input_tokens: 50,
    };
    let step = Step::text("{\"score\": 8").with_usage(usage).with_stop_reason("max_tokens");
    let answer = converse(&call(), step).await.0.unwrap();
    assert_eq!(answer.text, "{\"score\": 8");
    assert_eq!(answer.stop, StopReason::MaxTokens);
    let expected = Usage {
        input_tokens: 100,
        output_tokens: 20,
        cache_read_tokens: 900,
        cache_write_tokens: 50,
        ..Usage::default()
    };
    assert_eq!(answer.usage, Some(expected));
}

#[tokio::test]
async fn a_schema_that_says_nothing_forces_no_tool() {
    for schema in [
        json!({"type": "object"}),
        json!({"type": "object", "title": "Answer", "additionalProperties": true}),
    ] {
        let stub = Stub::start().await.unwrap();
        stub.script(vec![Step::text(r#"{"bird": "wren"}"#)]).unwrap();
        let call = ModelCall { output_schema: Some(schema), ..call() };
        let answer = BedrockGateway::new(&config(stub.url())).converse(&call).await.unwrap();
        assert_eq!(answer.text, r#"{"bird": "wren"}"#);
        assert!(stub.calls()[0].body.get("toolConfig").is_none());
    }
}

#[tokio::test]
async fn a_model_that_does_not_call_the_tool_is_shown_as_it_spoke() {
    let call = ModelCall { output_schema: Some(json!({"type": "object", "required": ["score"]})), ..call() };
    let answer = converse(&call, Step::text("I would rather not.")).await.0.unwrap();
    assert_eq!(answer.text, "I would rather not.");
}

#[tokio::test]
async fn stop_reasons_keep_their_meaning() {
    for (reason, stop) in [
        ("end_turn", StopReason::EndTurn),
        ("content_filtered", StopReason::Filtered),
        ("guardrail_intervened", StopReason::Filtered),
        ("model_context_window_exceeded", StopReason::MaxTokens),
        ("stop_sequence", StopReason::StopSequence),
        ("tool_use", StopReason::EndTurn),
        ("invented_tomorrow", StopReason::Other),
    ] {
        let answer = converse(&call(), Step::text("x").with_stop_reason(reason)).await.0.unwrap();
        assert_eq!(answer.stop, stop, "{reason}");
    }
}

#[tokio::test]
async fn throttling_says_when_to_come_back() {
    for status in [500, 502, 503] {
        let error = fails(Step::status(status).with_retry_after(9)).await;
        assert!(matches!(error, ModelError::Resting { retry_after, .. } if retry_after.as_secs() == 9));
    }
    let error = fails(Step::status(429).with_retry_after(7)).await;
    assert!(matches!(error, ModelError::Throttled { retry_after: Some(wait) } if wait.as_secs() == 7));
    let error = fails(Step::status(429)).await;
    assert!(matches!(error, ModelError::Throttled { retry_after: None }));
}

#[tokio::test]
async fn server_errors_are_unavailability_with_their_cause() {
    for (status, code) in
        [(500, Some("InternalServerException")), (502, None), (503, Some("ServiceUnavailableException"))]
    {
        let error = fails(Step::status(status)).await;
        assert!(!error.may_be_billed());
        let ModelError::Unavailable(source) = error else { panic!("{status}: {error:?}") };
        let Some(ProviderFailure::Answered { status: got, code: named, request_id }) = source.downcast_ref()
        else {
            panic!("{status}: {source:?}")
        };
        assert_eq!((*got, named.as_deref(), request_id.as_deref()), (status, code, Some("call-1")));
    }
}

#[tokio::test]
async fn what_never_works_is_told_apart() {
    for status in [403, 404] {
        assert!(matches!(fails(Step::status(status)).await, ModelError::NoSuchModel), "{status}");
    }
    let invalid = Step::status(400).with_message("The provided model identifier is invalid.");
    assert!(matches!(fails(invalid).await, ModelError::NoSuchModel));
    let too_long = Step::status(400).with_message("Input is too long for requested model.");
    assert!(matches!(fails(too_long).await, ModelError::ContextLength));
    let error = fails(Step::status(400)).await;
    assert!(matches!(error, ModelError::Refused(_)), "{error:?}");
    // The gateway refuses it before it sends anything: a conversation has at least one turn.
    let empty = ModelCall { messages: vec![Message::text(Role::User, String::new())], ..call() };
    assert!(matches!(converse(&empty, Step::text("x")).await.0, Err(ModelError::Refused(_))));
}

#[tokio::test]
async fn time_left_is_the_only_limit() {
    assert!(matches!(fails(Step::status(408)).await, ModelError::ProviderTimedOut));

    let short = ModelCall { time_left: Duration::from_millis(80), ..call() };
    let started = Instant::now();
    let (result, _) = converse(&short, Step::text("late").with_delay_ms(5_000)).await;
    assert!(matches!(result, Err(ModelError::TimedOut)));
    assert!(started.elapsed() < Duration::from_secs(2));

    // The answer takes longer than the limits of the shared configuration.
    let (result, _) = converse(&call(), Step::text("slow").with_delay_ms(200)).await;
    assert_eq!(result.unwrap().text, "slow");
}

#[tokio::test]
async fn broken_and_absent_connections_are_unavailability() {
    let cause = |error: ModelError| match error {
        ModelError::Unavailable(source) => (false, *source.downcast::<ProviderFailure>().unwrap()),
        ModelError::Lost(source) => (true, *source.downcast::<ProviderFailure>().unwrap()),
        other => panic!("unexpected {other:?}"),
    };
    let broken = cause(fails(Step::text("never arrives whole").with_cut_after_bytes(12)).await);
    assert!(matches!(broken, (true, ProviderFailure::BrokenAnswer(_))), "{broken:?}");

    // The request arrives, and the server sends no byte.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut connection, _) = silent.accept().unwrap();
        std::io::Read::read(&mut connection, &mut [0; 64 * 1024]).unwrap();
    });
    let lost = cause(BedrockGateway::new(&config(&url)).converse(&call()).await.unwrap_err());
    assert!(matches!(lost, (true, ProviderFailure::Lost(_))), "{lost:?}");

    let stub = Stub::start().await.unwrap();
    let gateway = BedrockGateway::new(&config(stub.url()));
    drop(stub);
    let absent = cause(gateway.converse(&call()).await.unwrap_err());
    assert!(matches!(absent, (false, ProviderFailure::Connection(_))), "{absent:?}");
}

#[tokio::test]
async fn errors_repeat_nothing_that_was_asked_or_answered() {
    for step in [
        Step::status(400).with_message("bad: the secret prompt"),
        Step::status(500).with_message("bad: the secret prompt"),
        Step::text("the secret prompt, answered").with_cut_after_bytes(80),
    ] {
        let said = everything_said(&fails(step).await);
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn an_answer_without_counts_is_an_answer() {
    let zeros = r#""usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}, "#;
    for usage in ["", zeros] {
        let body = format!(
            r#"{{"output": {{"message": {{"role": "assistant", "content": [{{"text": "Paris"}}]}}}}, {usage}
                "stopReason": "end_turn"}}"#
        );
        let (url, _) = counted(200, &[("Content-Type", "application/json")], body);
        let answer = BedrockGateway::new(&config(&url)).converse(&call()).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.usage), ("Paris", None), "{usage}");
    }
}

#[tokio::test]
async fn a_malformed_tool_call_is_the_questions_fault_and_a_failing_model_is_not() {
    for (body, malformed) in [
        (
            r#"{"message": "Model produced invalid sequence as part of ToolUse.", "originalStatusCode": 424}"#,
            true,
        ),
        (r#"{"message": "Model produced invalid sequence as part of ToolUse."}"#, true),
        (r#"{"message": "The model failed", "originalStatusCode": 500}"#, false),
    ] {
        let head = [("Content-Type", "application/json"), ("x-amzn-errortype", "ModelErrorException")];
        let (url, _) = counted(424, &head, body);
        let error = BedrockGateway::new(&config(&url)).converse(&call()).await.unwrap_err();
        let expected = if malformed { FailureCause::Request } else { FailureCause::Provider };
        assert_eq!(error.cause(), expected, "{body}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_unavailability_and_not_repeated() {
    let unreadable = "Unreadable { request_id: Some(\"r-1\") }";
    for (body, cause) in [
        (r#"{"output": {"message": the secret prompt"#, unreadable),
        (
            r#"{"output": {"message": "the secret prompt"}, "usage": {"inputTokens": "the secret prompt"}}"#,
            unreadable,
        ),
        ("the secret prompt", unreadable),
        ("{}", "Incomplete(\"message\")"),
    ] {
        let head = [("Content-Type", "application/json"), ("x-amzn-RequestId", "r-1")];
        let (url, requests) = counted(200, &head, body);
        let error = BedrockGateway::new(&config(&url)).converse(&call()).await.unwrap_err();
        assert_eq!(requests.load(Ordering::SeqCst), 1, "the application decides about retries");
        let said = everything_said(&error);
        assert!(!said.contains("secret"), "{said}");
        let ModelError::Lost(source) = error else { panic!("{body}: {error:?}") };
        let failure = source.downcast_ref::<ProviderFailure>().unwrap();
        assert_eq!(format!("{failure:?}"), cause, "{body}");
        assert!(std::error::Error::source(failure).is_none());
    }
}
