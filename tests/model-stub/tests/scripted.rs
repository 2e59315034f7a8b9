//! Scripted answers and failures, as the real AWS SDK sees them.

use crate::support::{client, user};
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::operation::converse::ConverseError;
use aws_sdk_bedrockruntime::operation::converse_stream::ConverseStreamError;
use aws_sdk_bedrockruntime::types::{
    ContentBlockDelta, ContentBlockStart, ConverseStreamOutput, InferenceConfiguration, SpecificToolChoice,
    StopReason, SystemContentBlock, Tool, ToolChoice, ToolConfiguration, ToolInputSchema, ToolSpecification,
};
use aws_smithy_types::Document;
use model_stub::{Step, Stub, Usage};
use serde_json::json;

/// Whether an error has a type.
type IsType = fn(&ConverseError) -> bool;

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

fn two_tools() -> ToolConfiguration {
    let tool = |name: &str| {
        let schema = ToolInputSchema::Json(Document::Object(
            [("type".to_owned(), Document::String("object".to_owned()))].into(),
        ));
        Tool::ToolSpec(ToolSpecification::builder().name(name).input_schema(schema).build().unwrap())
    };
    ToolConfiguration::builder()
        .tools(tool("search"))
        .tools(tool("score"))
        .tool_choice(ToolChoice::Tool(SpecificToolChoice::builder().name("score").build().unwrap()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn text_arrives_exactly_with_its_usage() {
    let stub = Stub::start().await.unwrap();
    let usage = Usage {
        input_tokens: 100,
        output_tokens: 20,
        cache_read_input_tokens: 900,
        cache_write_input_tokens: 50,
    };
    stub.script(vec![Step::text("{\"score\": 8\u{f6}, broken").with_usage(usage)]).unwrap();

    let answer = client(stub.url()).converse().model_id(CLAUDE).messages(user("hello")).send().await.unwrap();

    let output = answer.output().unwrap().as_message().unwrap();
    assert_eq!(output.content()[0].as_text().unwrap(), "{\"score\": 8\u{f6}, broken");
    assert_eq!(answer.stop_reason(), &StopReason::EndTurn);
    let counted = answer.usage().unwrap();
    assert_eq!((counted.input_tokens(), counted.output_tokens(), counted.total_tokens()), (100, 20, 1070));
    assert_eq!(counted.cache_read_input_tokens(), Some(900));
    assert_eq!(counted.cache_write_input_tokens(), Some(50));
    assert!(answer.metrics().is_some());
}

#[tokio::test]
async fn a_tool_call_uses_the_forced_tool() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::tool_input(json!({"score": 81}))]).unwrap();

    let call = client(stub.url()).converse().model_id(CLAUDE).messages(user("rate")).tool_config(two_tools());
    let answer = call.send().await.unwrap();

    assert_eq!(answer.stop_reason(), &StopReason::ToolUse);
    let output = answer.output().unwrap().as_message().unwrap();
    let tool = output.content()[0].as_tool_use().unwrap();
    assert_eq!(tool.name(), "score");
    assert!(!tool.tool_use_id().is_empty());
    assert_eq!(tool.input().as_object().unwrap()["score"].as_number().unwrap().to_f64_lossy(), 81.0);
}

#[tokio::test]
async fn a_text_stream_has_every_event_in_order() {
    let stub = Stub::start().await.unwrap();
    let text = "A longer answer, so that it takes more than one delta to say all of it. \u{1f3af}";
    stub.script(vec![Step::text(text).with_stop_reason("max_tokens")]).unwrap();

    let call = client(stub.url()).converse_stream().model_id(CLAUDE).messages(user("talk"));
    let mut stream = call.send().await.unwrap().stream;

    let mut said = String::new();
    let mut events = Vec::new();
    while let Some(event) = stream.recv().await.unwrap() {
        events.push(match event {
            ConverseStreamOutput::MessageStart(start) => start.role().as_str().to_owned(),
            ConverseStreamOutput::ContentBlockDelta(delta) => {
                said.push_str(delta.delta().unwrap().as_text().unwrap());
                "delta".to_owned()
            }
            ConverseStreamOutput::ContentBlockStop(stop) => format!("stop {}", stop.content_block_index()),
            ConverseStreamOutput::MessageStop(stop) => stop.stop_reason().as_str().to_owned(),
            ConverseStreamOutput::Metadata(metadata) => {
                assert!(metadata.metrics().is_some());
                format!("{} tokens", metadata.usage().unwrap().output_tokens())
            }
            other => panic!("unexpected {other:?}"),
        });
    }
    assert_eq!(said, text);
    let deltas = events.iter().filter(|event| *event == "delta").count();
    assert!(deltas > 2, "{events:?}");
    events.retain(|event| event != "delta");
    assert_eq!(events, ["assistant", "stop 0", "max_tokens", "19 tokens"]);
}

#[tokio::test]
async fn a_streamed_tool_call_adds_up_to_its_input() {
    let stub = Stub::start().await.unwrap();
    let input = json!({"score": 81, "reasons": ["has budget", "asked for a demo", "short timeline"]});
    stub.script(vec![Step::tool_input(input.clone())]).unwrap();

    let call = client(stub.url()).converse_stream().model_id(CLAUDE).messages(user("rate"));
    let mut stream = call.tool_config(two_tools()).send().await.unwrap().stream;

    let (mut name, mut received, mut reason) = (String::new(), String::new(), None);
    while let Some(event) = stream.recv().await.unwrap() {
        match event {
            ConverseStreamOutput::ContentBlockStart(start) => match start.start().unwrap() {
                ContentBlockStart::ToolUse(tool) => name = tool.name().to_owned(),
                other => panic!("unexpected {other:?}"),
            },
            ConverseStreamOutput::ContentBlockDelta(delta) => match delta.delta().unwrap() {
                ContentBlockDelta::ToolUse(tool) => received.push_str(tool.input()),
                other => panic!("unexpected {other:?}"),
            },
            ConverseStreamOutput::MessageStop(stop) => reason = Some(stop.stop_reason().clone()),
            _ => {}
        }
    }
    assert_eq!(name, "score");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&received).unwrap(), input);
    assert_eq!(reason, Some(StopReason::ToolUse));
}

#[tokio::test]
async fn every_failure_is_the_sdks_own_type() {
    let stub = Stub::start().await.unwrap();
    let client = client(stub.url());
    let is: [(u16, IsType); 8] = [
        (400, ConverseError::is_validation_exception),
        (403, ConverseError::is_access_denied_exception),
        (404, ConverseError::is_resource_not_found_exception),
        (408, ConverseError::is_model_timeout_exception),
        (424, ConverseError::is_model_error_exception),
        (429, ConverseError::is_throttling_exception),
        (500, ConverseError::is_internal_server_exception),
        (503, ConverseError::is_service_unavailable_exception),
    ];
    for (status, is_type) in is {
        stub.script(vec![Step::status(status).with_message("because")]).unwrap();
        let error = client.converse().model_id(CLAUDE).messages(user("hi")).send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        assert!(error.request_id().is_some());
        let error = error.into_service_error();
        assert!(is_type(&error), "{status}: {error:?}");
        assert_eq!(error.message(), Some("because"));
    }
}

#[tokio::test]
async fn an_untyped_failure_looks_like_a_proxys() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::status(502)]).unwrap();
    let call = client(stub.url()).converse().model_id(CLAUDE).messages(user("hi"));
    let error = call.send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 502);
    assert_eq!(error.into_service_error().code(), None);
}

#[tokio::test]
async fn throttling_says_when_to_come_back_and_is_then_over() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::status(429).with_retry_after(7), Step::text("now")]).unwrap();
    let client = client(stub.url());

    let error = client.converse_stream().model_id(CLAUDE).messages(user("hi")).send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().headers().get("retry-after"), Some("7"));
    assert!(matches!(error.into_service_error(), ConverseStreamError::ThrottlingException(_)));

    client.converse().model_id(CLAUDE).messages(user("hi")).send().await.unwrap();
    assert_eq!(stub.steps_left(), 0);
}

#[tokio::test]
async fn without_a_script_nothing_is_answered() {
    let stub = Stub::start().await.unwrap();
    let error = client(stub.url()).converse().model_id(CLAUDE).messages(user("hi")).send().await.unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_service_unavailable_exception());
    assert!(error.message().unwrap().contains("No answer was scripted"));
}

#[tokio::test]
async fn a_cut_answer_is_a_broken_connection_not_a_short_answer() {
    let stub = Stub::start().await.unwrap();
    let client = client(stub.url());
    for bytes in [0, 10] {
        stub.script(vec![Step::text("an answer that never arrives whole").with_cut_after_bytes(bytes)])
            .unwrap();
        let error = client.converse().model_id(CLAUDE).messages(user("hi")).send().await.unwrap_err();
        assert!(matches!(error, SdkError::ResponseError(_) | SdkError::DispatchFailure(_)), "{error:?}");
    }
    // The cut is past the end, so nothing is cut.
    stub.script(vec![Step::text("whole").with_cut_after_bytes(100_000)]).unwrap();
    client.converse().model_id(CLAUDE).messages(user("hi")).send().await.unwrap();
}

#[tokio::test]
async fn a_cut_stream_fails_after_what_it_already_said() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("a".repeat(200)).with_cut_after_bytes(400)]).unwrap();
    let call = client(stub.url()).converse_stream().model_id(CLAUDE).messages(user("hi"));
    let mut stream = call.send().await.unwrap().stream;
    let mut deltas = 0;
    let failure = loop {
        match stream.recv().await {
            Ok(Some(ConverseStreamOutput::ContentBlockDelta(_))) => deltas += 1,
            Ok(Some(ConverseStreamOutput::MessageStop(_))) => panic!("the stream ended well"),
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(deltas >= 1);
    assert!(failure.is_some(), "a cut must be an error, not an end");
}

#[tokio::test]
async fn a_delay_delays() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("late").with_delay_ms(150)]).unwrap();
    let before = std::time::Instant::now();
    client(stub.url()).converse().model_id(CLAUDE).messages(user("hi")).send().await.unwrap();
    assert!(before.elapsed().as_millis() >= 150);
}

#[tokio::test]
async fn steps_for_one_model_wait_for_it() {
    let stub = Stub::start().await.unwrap();
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2";
    stub.script(vec![Step::status(500).for_model(arn), Step::text("other")]).unwrap();
    let client = client(stub.url());
    client.converse().model_id(CLAUDE).messages(user("hi")).send().await.unwrap();
    let error = client.converse().model_id(arn).messages(user("hi")).send().await.unwrap_err();
    assert!(error.into_service_error().is_internal_server_exception());
}

#[tokio::test]
async fn calls_are_recorded_as_they_were_sent() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("one"), Step::text("two")]).unwrap();
    let client = client(stub.url());
    let call = client
        .converse()
        .model_id("arn:aws:bedrock:us-east-1:1:inference-profile/x")
        .system(SystemContentBlock::Text("Be terse.".to_owned()))
        .inference_config(InferenceConfiguration::builder().max_tokens(64).build())
        .messages(user("first"));
    call.send().await.unwrap();
    client.converse_stream().model_id(CLAUDE).messages(user("second")).send().await.unwrap();

    let calls = stub.calls();
    assert_eq!(calls[0].model_id, "arn:aws:bedrock:us-east-1:1:inference-profile/x");
    assert_eq!(calls[0].operation, "converse");
    assert_eq!(calls[0].body["system"], json!([{"text": "Be terse."}]));
    assert_eq!(calls[0].body["inferenceConfig"], json!({"maxTokens": 64}));
    assert_eq!(calls[1].operation, "converse-stream");
    assert_eq!(calls[1].body["messages"][0]["content"], json!([{"text": "second"}]));
    assert!(calls[1].time.ends_with('Z'), "{}", calls[1].time);
    stub.clear();
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn an_invalid_request_is_refused_and_takes_no_step() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("unused")]).unwrap();
    let error = client(stub.url()).converse().model_id(CLAUDE).messages(user(" ")).send().await.unwrap_err();
    assert!(error.into_service_error().is_validation_exception());
    assert_eq!(stub.steps_left(), 1);
    assert_eq!(stub.calls().len(), 1);
}

#[tokio::test]
async fn a_script_that_cannot_be_followed_is_refused_whole() {
    let stub = Stub::start().await.unwrap();
    let both = Step { text: Some("a".to_owned()), ..Step::status(500) };
    for wrong in [both, Step::default(), Step::status(200), Step::text("a").with_retry_after(1)] {
        assert!(stub.script(vec![Step::text("good"), wrong.clone()]).is_err(), "{wrong:?}");
    }
    assert_eq!(stub.steps_left(), 0);
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let stub = Stub::start().await.unwrap();
    let client = client(stub.url());
    drop(stub);
    let error = client.converse().model_id(CLAUDE).messages(user("hi")).send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
}
