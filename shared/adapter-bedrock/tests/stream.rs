//! Streamed answers, against a server that speaks Bedrock's wire format.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{answers_with, call, config, everything_said, frame, read};
use adapter_bedrock::{BedrockGateway, ProviderFailure};
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use futures_util::StreamExt;
use model_stub::{Step, Stub};
use ports::{Delta, Guardrail, ModelCall, ModelError, StopReason, StreamingModelGateway, Usage};
use serde_json::{Value, json};

const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

async fn answer(
    call: &ModelCall,
    step: Step,
) -> (Vec<String>, Result<(StopReason, Option<Usage>), ModelError>) {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![step]).unwrap();
    let gateway = BedrockGateway::new(&config(stub.url()));
    read(gateway.converse_stream(call).await.unwrap()).await
}

/// The answer to events that no script can produce.
async fn events(
    call: &ModelCall,
    events: &[(&'static str, Value)],
) -> (Vec<String>, Result<(StopReason, Option<Usage>), ModelError>) {
    let body: Vec<u8> = events
        .iter()
        .flat_map(|(name, payload)| {
            let kind = if name.ends_with("Exception") { "exception" } else { "event" };
            frame(kind, name, payload)
        })
        .collect();
    let gateway = BedrockGateway::new(&config(&answers_with(EVENT_STREAM, body)));
    read(gateway.converse_stream(call).await.unwrap()).await
}

fn text(text: &str) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": text}}))
}

fn stopped() -> (&'static str, Value) {
    ("messageStop", json!({"stopReason": "end_turn"}))
}

fn metered() -> (&'static str, Value) {
    let usage = json!({"inputTokens": 3, "outputTokens": 2, "totalTokens": 5});
    ("metadata", json!({"usage": usage, "metrics": {"latencyMs": 1}}))
}

fn structured() -> ModelCall {
    ModelCall { output_schema: Some(json!({"type": "object", "required": ["score"]})), ..call() }
}

#[tokio::test]
async fn text_arrives_before_the_answer_is_whole() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("one two three").with_chunks(3, 120)]).unwrap();
    let gateway = BedrockGateway::new(&config(stub.url()));
    let started = Instant::now();
    let mut stream = gateway.converse_stream(&call()).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    let first_after = started.elapsed();
    let (said, end) = read(stream).await;
    assert_eq!(first, Delta::Text("one t".to_owned()));
    assert_eq!(said, ["wo th", "ree"]);
    assert_eq!(end.unwrap().0, StopReason::EndTurn);
    // Five more events come after the first delta's, each after a wait.
    assert!(started.elapsed() - first_after >= Duration::from_millis(500), "the first text was held back");
}

#[tokio::test]
async fn sends_what_a_whole_answer_would_be_asked_for() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("fine")]).unwrap();
    let guardrail = Guardrail { id: "gr-1".to_owned(), version: "7".to_owned() };
    let call = ModelCall {
        // Claude takes either a temperature or a `top_p`.
        model: "amazon.nova-pro-v1:0".to_owned(),
        top_p: Some(0.75),
        stop: vec!["END".to_owned()],
        cache_instructions: true,
        guardrail: Some(guardrail),
        ..structured()
    };
    read(BedrockGateway::new(&config(stub.url())).converse_stream(&call).await.unwrap()).await.1.unwrap();
    let sent = &stub.calls()[0];
    assert_eq!(sent.operation, "converse-stream");
    assert_eq!(
        sent.body["system"],
        json!([{"text": "You score leads."}, {"cachePoint": {"type": "default"}}])
    );
    assert_eq!(
        sent.body["inferenceConfig"],
        json!({"maxTokens": 300, "temperature": 0.5, "topP": 0.75, "stopSequences": ["END"]})
    );
    assert_eq!(sent.body["toolConfig"]["toolChoice"], json!({"tool": {"name": "answer"}}));
    let guardrail = &sent.body["guardrailConfig"];
    assert_eq!(
        (
            &guardrail["guardrailIdentifier"],
            &guardrail["guardrailVersion"],
            &guardrail["streamProcessingMode"]
        ),
        (&json!("gr-1"), &json!("7"), &json!("sync"))
    );
}

#[tokio::test]
async fn stop_reason_and_every_token_arrive_at_the_end() {
    let usage = model_stub::Usage {
        input_tokens: 100,
        output_tokens: 20,
        cache_read_input_tokens: 900,
        cache_write_input_tokens: 50,
    };
    let step = Step::text("cut").with_usage(usage).with_stop_reason("max_tokens");
    let expected = Usage {
        input_tokens: 100,
        output_tokens: 20,
        cache_read_tokens: 900,
        cache_write_tokens: 50,
        ..Usage::default()
    };
    assert_eq!(answer(&call(), step).await.1.unwrap(), (StopReason::MaxTokens, Some(expected)));
}

#[tokio::test]
async fn a_stop_text_is_a_whole_end() {
    let end = answer(&call(), Step::text("one").with_stop_reason("stop_sequence")).await.1;
    assert_eq!(end.unwrap().0, StopReason::StopSequence);
}

#[tokio::test]
async fn a_structured_answer_is_the_tools_input() {
    let input = json!({"score": 81, "reasons": ["has budget", "asked for a demo"]});
    let (said, end) = answer(&structured(), Step::tool_input(input.clone())).await;
    assert!(said.len() > 1, "{said:?}");
    assert_eq!(serde_json::from_str::<Value>(&said.concat()).unwrap(), input);
    assert_eq!(end.unwrap().0, StopReason::EndTurn);

    // The text of a model that never calls the tool is the answer.
    let (said, _) = answer(&structured(), Step::text("I would rather not, if that is fine with you.")).await;
    assert_eq!(said.concat(), "I would rather not, if that is fine with you.");
}

#[tokio::test]
async fn some_json_object_is_passed_on_as_it_is_said() {
    let call = ModelCall { output_schema: Some(json!({"type": "object"})), ..call() };
    let (said, end) = answer(&call, Step::text("{\"bird\": \"a wren or an owl\"}")).await;
    assert!(said.len() > 1, "{said:?}");
    assert_eq!(said.concat(), "{\"bird\": \"a wren or an owl\"}");
    assert_eq!(end.unwrap().0, StopReason::EndTurn);
}

#[tokio::test]
async fn what_is_said_beside_the_tool_is_not_the_answer() {
    let start = json!({"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t", "name": "answer"}}});
    let input = json!({"contentBlockIndex": 1, "delta": {"toolUse": {"input": "{\"a\":1}"}}});
    let again = json!({"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "u", "name": "answer"}}});
    let more = json!({"contentBlockIndex": 2, "delta": {"toolUse": {"input": "{\"a\":2}"}}});
    let (said, end) = events(
        &structured(),
        &[
            text("Let me see."),
            ("contentBlockStart", start.clone()),
            ("contentBlockDelta", input),
            ("contentBlockStart", again),
            ("contentBlockDelta", more),
            stopped(),
            metered(),
        ],
    )
    .await;
    assert_eq!(said, ["{\"a\":1}"]);
    end.unwrap();
    // The tool is called without input.
    let (said, end) = events(&structured(), &[("contentBlockStart", start), stopped(), metered()]).await;
    assert_eq!(said, ["{}"]);
    end.unwrap();
}

#[tokio::test]
async fn an_answer_without_its_counts_is_an_answer() {
    for rest in [vec![stopped()], vec![stopped(), ("metadata", json!({"metrics": {"latencyMs": 1}}))]] {
        let mut wire = vec![text("some")];
        wire.extend(rest);
        let (said, end) = events(&call(), &wire).await;
        assert_eq!((said, end.unwrap()), (vec!["some".to_owned()], (StopReason::EndTurn, None)));
    }
}

#[tokio::test]
async fn an_answer_without_its_end_is_a_failure() {
    for rest in [vec![], vec![metered()]] {
        let mut wire = vec![text("some")];
        wire.extend(rest);
        let (said, end) = events(&call(), &wire).await;
        assert_eq!(said, ["some"]);
        let error = end.unwrap_err();
        let ModelError::Lost(source) = &error else { panic!("{error:?}") };
        assert!(matches!(source.downcast_ref(), Some(ProviderFailure::Incomplete(_))), "{source:?}");
    }
}

#[tokio::test]
async fn exceptions_in_a_stream_mean_what_they_mean_before_it() {
    let with = async |name: &'static str, payload: Value| {
        let (said, end) = events(&call(), &[text("some"), (name, payload)]).await;
        assert_eq!(said, ["some"]);
        let error = end.unwrap_err();
        assert!(!everything_said(&error).contains("secret"), "{error:?}");
        error
    };
    let secret = |message: &str| json!({"message": format!("{message}: the secret prompt")});
    let throttled = with("throttlingException", secret("Too many")).await;
    assert!(matches!(throttled, ModelError::Throttled { retry_after: None }));
    for (name, status) in [("internalServerException", 500), ("serviceUnavailableException", 503)] {
        let ModelError::Unavailable(source) = with(name, secret("Sorry")).await else { panic!("{name}") };
        let Some(ProviderFailure::Answered { status: got, .. }) = source.downcast_ref() else {
            panic!("{name}")
        };
        assert_eq!(*got, status);
    }
    assert!(matches!(with("validationException", secret("bad")).await, ModelError::Refused(_)));
    let long = with("validationException", secret("Input is too long for requested model.")).await;
    assert!(matches!(long, ModelError::ContextLength));
    let model = |status: u16| json!({"message": "the secret prompt", "originalStatusCode": status, "originalMessage": "the secret prompt"});
    assert!(matches!(with("modelStreamErrorException", model(500)).await, ModelError::Unavailable(_)));
    for status in [400, 424] {
        let malformed = with("modelStreamErrorException", model(status)).await;
        assert!(matches!(malformed, ModelError::MalformedAnswer(_)), "{malformed:?}");
    }
    assert!(matches!(with("modelStreamErrorException", model(408)).await, ModelError::ProviderTimedOut));
    assert!(matches!(with("inventedTomorrowException", secret("x")).await, ModelError::Unavailable(_)));
}

#[tokio::test]
async fn errors_before_the_stream_are_those_of_a_whole_answer() {
    let fails = async |step: Step| {
        let stub = Stub::start().await.unwrap();
        stub.script(vec![step]).unwrap();
        let gateway = BedrockGateway::new(&config(stub.url()));
        let Err(error) = gateway.converse_stream(&call()).await else { panic!("no failure") };
        assert_eq!(stub.calls().len(), 1, "the application decides about retries");
        error
    };
    let throttled = fails(Step::status(429).with_retry_after(7)).await;
    assert!(matches!(throttled, ModelError::Throttled { retry_after: Some(wait) } if wait.as_secs() == 7));
    assert!(matches!(fails(Step::status(404)).await, ModelError::NoSuchModel));
    assert!(matches!(fails(Step::status(503)).await, ModelError::Unavailable(_)));
    assert!(matches!(fails(Step::status(408)).await, ModelError::ProviderTimedOut));
    let long = Step::status(400).with_message("Input is too long for requested model.");
    assert!(matches!(fails(long).await, ModelError::ContextLength));
}

#[tokio::test]
async fn a_cut_stream_is_a_failure_after_what_it_said() {
    let step = Step::text("a".repeat(200)).with_cut_after_bytes(400);
    let (said, end) = answer(&call(), step).await;
    assert!(!said.is_empty());
    let error = end.unwrap_err();
    assert!(matches!(error, ModelError::Lost(_)), "{error:?}");
}

#[tokio::test]
async fn a_frame_that_can_not_be_read_is_unavailability_and_not_repeated() {
    let mut damaged = frame("event", "contentBlockDelta", &json!({"delta": {"text": "the secret prompt"}}));
    *damaged.last_mut().unwrap() ^= 1;
    let no_json = Message::new(&b"the secret prompt"[..])
        .add_header(Header::new(":event-type", HeaderValue::String("messageStop".into())))
        .add_header(Header::new(":message-type", HeaderValue::String("event".into())));
    let mut unreadable = Vec::new();
    write_message_to(&no_json, &mut unreadable).unwrap();
    for body in [damaged, unreadable] {
        let gateway = BedrockGateway::new(&config(&answers_with(EVENT_STREAM, body)));
        // The first frame is read together with the head.
        let error = match gateway.converse_stream(&call()).await {
            Ok(stream) => read(stream).await.1.unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(error, ModelError::Lost(_)), "{error:?}");
        assert!(!everything_said(&error).contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn time_left_covers_the_whole_stream() {
    let short = ModelCall { time_left: Duration::from_millis(250), ..call() };
    let started = Instant::now();
    let (said, end) = answer(&short, Step::text("one two three").with_chunks(3, 100)).await;
    assert!(!said.is_empty());
    assert!(matches!(end, Err(ModelError::TimedOut)), "{end:?}");
    assert!(started.elapsed() < Duration::from_millis(450));
    // A call that waits for its head has no more time than `time_left`.
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("late").with_delay_ms(5_000)]).unwrap();
    let late = BedrockGateway::new(&config(stub.url())).converse_stream(&short).await.map(|_| ());
    assert!(matches!(late, Err(ModelError::TimedOut)));
}

#[tokio::test]
async fn a_whole_answer_needs_no_farewell() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        assert!(connection.read(&mut [0; 64 * 1024]).unwrap() > 0);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {EVENT_STREAM}\r\nContent-Length: 9999\r\n\r\n");
        connection.write_all(head.as_bytes()).unwrap();
        for (name, payload) in [text("some"), stopped(), metered()] {
            connection.write_all(&frame("event", name, &payload)).unwrap();
        }
        thread::sleep(Duration::from_secs(5));
    });
    let started = Instant::now();
    let stream = BedrockGateway::new(&config(&url)).converse_stream(&call()).await.unwrap();
    let (said, end) = read(stream).await;
    assert_eq!(said, ["some"]);
    end.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn dropping_the_stream_ends_the_call() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (closed, was_closed) = mpsc::channel();
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = [0; 64 * 1024];
        assert!(connection.read(&mut request).unwrap() > 0);
        let (name, payload) = text("some");
        let body = frame("event", name, &payload);
        write!(connection, "HTTP/1.1 200 OK\r\nContent-Type: {EVENT_STREAM}\r\nContent-Length: 9999\r\n\r\n")
            .unwrap();
        connection.write_all(&body).unwrap();
        // Reads the rest of a body until the client has closed the connection.
        while connection.read(&mut request).is_ok_and(|read| read > 0) {}
        closed.send(()).unwrap();
    });
    let mut stream = BedrockGateway::new(&config(&url)).converse_stream(&call()).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(Delta::Text(_)))));
    drop(stream);
    // The connection's task runs on this thread.
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if was_closed.try_recv().is_ok() {
            return;
        }
    }
    panic!("the connection is still open");
}
