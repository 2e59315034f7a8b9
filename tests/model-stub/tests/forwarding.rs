//! Forwarding to an OpenAI-compatible endpoint: the request that the endpoint gets, and the answer that the real AWS
//! SDK gets.

mod streams;

use std::time::{Duration, Instant};

use crate::support::openai::{OpenAi, Piece, Reply};
use crate::support::{client, user};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::ProvideErrorMetadata;
use aws_sdk_bedrockruntime::operation::converse::ConverseError;
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError;
use aws_sdk_bedrockruntime::types::{
    AnyToolChoice, ContentBlock, ContentBlockDelta, ContentBlockStart, ConversationRole,
    ConverseStreamOutput, InferenceConfiguration, Message, SpecificToolChoice, StopReason,
    SystemContentBlock, Tool, ToolChoice, ToolConfiguration, ToolInputSchema, ToolResultBlock,
    ToolResultContentBlock, ToolSpecification, ToolUseBlock,
};
use aws_smithy_types::Document;
use model_stub::{ForwardTarget, Options, Step, Stub, Usage};
use serde_json::{Value, json};

/// Whether an error has a type.
type IsType = fn(&ConverseError) -> bool;

const MODEL: &str = "amazon.nova-pro-v1:0";

/// A server that forwards to `upstream`, and a client for it.
async fn forwarding(upstream: &str, model: Option<&str>) -> (Stub, Client) {
    let target = ForwardTarget::new(upstream, model.map(str::to_owned), Duration::from_millis(400)).unwrap();
    let stub = Stub::start_with(Options { forward: Some(target), ..Options::default() }).await.unwrap();
    let client = client(stub.url());
    (stub, client)
}

fn tools(choice: ToolChoice) -> ToolConfiguration {
    let schema = Document::Object([("type".to_owned(), Document::String("object".to_owned()))].into());
    let score = ToolSpecification::builder()
        .name("score")
        .description("Stores a score.")
        .input_schema(ToolInputSchema::Json(schema))
        .build()
        .unwrap();
    ToolConfiguration::builder().tools(Tool::ToolSpec(score)).tool_choice(choice).build().unwrap()
}

fn forced() -> ToolConfiguration {
    tools(ToolChoice::Tool(SpecificToolChoice::builder().name("score").build().unwrap()))
}

fn delta(delta: Value) -> Value {
    json!({"id": "chatcmpl-7", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"id": "chatcmpl-7", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn counted() -> Value {
    json!({"id": "chatcmpl-7", "choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3}})
}

#[tokio::test]
async fn a_conversation_with_tools_is_asked_and_answered() {
    let call = json!({"id": "call_2", "type": "function",
        "function": {"name": "score", "arguments": "{\"score\": 81}"}});
    let message = json!({"role": "assistant", "content": "Storing it.", "tool_calls": [call]});
    let openai = OpenAi::start(vec![Reply::message(&message, "tool_calls")]).await;
    let (_stub, client) = forwarding(&format!("{}/v1/", openai.url), Some("llama")).await;

    let tool_use = ToolUseBlock::builder()
        .tool_use_id("call_1")
        .name("score")
        .input(Document::Object([("score".to_owned(), Document::from(1_i32))].into()))
        .build()
        .unwrap();
    let assistant = Message::builder()
        .role(ConversationRole::Assistant)
        .content(ContentBlock::Text("Let me see.".to_owned()))
        .content(ContentBlock::ToolUse(tool_use))
        .build()
        .unwrap();
    let result = ToolResultBlock::builder()
        .tool_use_id("call_1")
        .content(ToolResultContentBlock::Text("too low".to_owned()))
        .build()
        .unwrap();
    let reply = Message::builder()
        .role(ConversationRole::User)
        .content(ContentBlock::ToolResult(result))
        .content(ContentBlock::Text("Again.".to_owned()))
        .build()
        .unwrap();
    let inference = InferenceConfiguration::builder()
        .max_tokens(200)
        .temperature(0.5)
        .top_p(0.25)
        .stop_sequences("END")
        .build();
    let answer = client
        .converse()
        .model_id(MODEL)
        .system(SystemContentBlock::Text("You score leads.".to_owned()))
        .messages(user("Score it."))
        .messages(assistant)
        .messages(reply)
        .inference_config(inference)
        .tool_config(tools(ToolChoice::Any(AnyToolChoice::builder().build())))
        .send()
        .await
        .unwrap();

    assert_eq!(
        openai.asked(),
        [(
            "POST /v1/chat/completions".to_owned(),
            json!({
                "model": "llama",
                "messages": [
                    {"role": "system", "content": "You score leads."},
                    {"role": "user", "content": "Score it."},
                    {"role": "assistant", "content": "Let me see.", "tool_calls": [
                        {"id": "call_1", "type": "function",
                         "function": {"name": "score", "arguments": "{\"score\":1}"}}]},
                    {"role": "tool", "tool_call_id": "call_1", "content": "too low"},
                    {"role": "user", "content": "Again."},
                ],
                "max_tokens": 200,
                "temperature": 0.5,
                "top_p": 0.25,
                "stop": ["END"],
                "tools": [{"type": "function", "function": {
                    "name": "score", "description": "Stores a score.", "parameters": {"type": "object"}}}],
                "tool_choice": "required",
            })
        )]
    );
    assert_eq!(answer.stop_reason(), &StopReason::ToolUse);
    let content = answer.output().unwrap().as_message().unwrap().content();
    assert_eq!(content[0].as_text().unwrap(), "Storing it.");
    let tool = content[1].as_tool_use().unwrap();
    assert_eq!((tool.tool_use_id(), tool.name()), ("call_2", "score"));
    assert_eq!(tool.input().as_object().unwrap()["score"].as_number().unwrap().to_f64_lossy(), 81.0);
    let usage = answer.usage().unwrap();
    assert_eq!(
        (usage.input_tokens(), usage.output_tokens(), usage.cache_read_input_tokens()),
        (20, 5, Some(10))
    );
}

#[tokio::test]
async fn a_forced_tool_is_asked_for_as_json_by_its_schema() {
    let message = json!({"role": "assistant", "content": "{\"score\": 81}"});
    let openai = OpenAi::start(vec![Reply::message(&message, "stop")]).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;

    let call = client.converse().model_id(MODEL).messages(user("Score it.")).tool_config(forced());
    let answer = call.send().await.unwrap();

    let (_, asked) = &openai.asked()[0];
    assert_eq!(
        asked["response_format"],
        json!({"type": "json_schema", "json_schema":
            {"name": "score", "description": "Stores a score.", "schema": {"type": "object"}}})
    );
    assert!(asked.get("tools").is_none());
    assert!(asked["messages"][0]["content"].as_str().unwrap().contains(r#"{"type":"object"}"#));
    let content = answer.output().unwrap().as_message().unwrap().content();
    assert_eq!(content[0].as_tool_use().unwrap().name(), "score");
    assert_eq!(answer.stop_reason(), &StopReason::ToolUse);
}

#[tokio::test]
async fn bad_json_for_a_forced_tool_stays_what_it_is() {
    let message = json!({"role": "assistant", "content": "{\"score\": 8"});
    let openai = OpenAi::start(vec![Reply::message(&message, "length")]).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;
    let call = client.converse().model_id(MODEL).messages(user("Score it.")).tool_config(forced());
    let answer = call.send().await.unwrap();
    let content = answer.output().unwrap().as_message().unwrap().content();
    assert_eq!(content[0].as_text().unwrap(), "{\"score\": 8");
    assert_eq!(answer.stop_reason(), &StopReason::MaxTokens);
}

#[tokio::test]
async fn without_a_name_the_first_listed_model_is_asked_once() {
    let list = json!({"object": "list", "data": [{"id": "qwen"}, {"id": "llama"}]});
    let message = json!({"role": "assistant", "content": "hi"});
    let replies =
        vec![Reply::json(200, &list), Reply::message(&message, "stop"), Reply::message(&message, "stop")];
    let openai = OpenAi::start(replies).await;
    let (_stub, client) = forwarding(&openai.url, None).await;
    for _ in 0..2 {
        client.converse().model_id(MODEL).messages(user("hi")).send().await.unwrap();
    }
    let asked = openai.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].0, "GET /v1/models");
    assert_eq!(asked[1].1["model"], "qwen");
    assert_eq!(asked[2].1["model"], "qwen");
}

#[tokio::test]
async fn upstream_failures_keep_their_meaning() {
    let because = json!({"error": {"message": "because"}});
    let is: [(u16, u16, IsType); 12] = [
        (400, 400, ConverseError::is_validation_exception),
        (401, 403, ConverseError::is_access_denied_exception),
        (403, 403, ConverseError::is_access_denied_exception),
        (404, 404, ConverseError::is_resource_not_found_exception),
        (408, 408, ConverseError::is_model_timeout_exception),
        (413, 400, ConverseError::is_validation_exception),
        (422, 400, ConverseError::is_validation_exception),
        (429, 429, ConverseError::is_throttling_exception),
        (500, 500, ConverseError::is_internal_server_exception),
        (502, 500, ConverseError::is_internal_server_exception),
        (503, 503, ConverseError::is_service_unavailable_exception),
        (504, 408, ConverseError::is_model_timeout_exception),
    ];
    let replies = is.iter().map(|(upstream, ..)| Reply::json(*upstream, &because)).collect();
    let openai = OpenAi::start(replies).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;
    for (upstream, status, is_type) in is {
        let error = client.converse().model_id(MODEL).messages(user("hi")).send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status, "for {upstream}");
        let error = error.into_service_error();
        assert!(is_type(&error), "for {upstream}: {error:?}");
        assert_eq!(error.message(), Some("because"));
    }
}

#[tokio::test]
async fn throttling_keeps_its_retry_after_also_for_streams() {
    let throttled = || Reply { retry_after: Some("17"), ..Reply::json(429, &json!({"error": "slow down"})) };
    let openai = OpenAi::start(vec![throttled(), throttled()]).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;
    let error = client.converse().model_id(MODEL).messages(user("hi")).send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().headers().get("retry-after"), Some("17"));
    let error = client.converse_stream().model_id(MODEL).messages(user("hi")).send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().headers().get("retry-after"), Some("17"));
    assert_eq!(error.into_service_error().message(), Some("slow down"));
}

#[tokio::test]
async fn a_prompt_beyond_the_context_is_named_as_bedrock_names_it() {
    let error = json!({"error": {"message": "too many tokens", "code": "context_length_exceeded"}});
    let openai = OpenAi::start(vec![Reply::json(400, &error)]).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;
    let error = client.converse().model_id(MODEL).messages(user("hi")).send().await.unwrap_err();
    assert_eq!(error.into_service_error().message(), Some("Input is too long for requested model."));
}

#[tokio::test]
async fn a_silent_an_absent_and_a_broken_model_are_told_apart() {
    let message = json!({"role": "assistant", "content": "late"});
    let mut silent = Reply::message(&message, "stop");
    silent.pieces.insert(0, Piece::Wait(Duration::from_secs(3)));
    let uncounted = json!({"id": "x", "choices": [{"message": message, "finish_reason": "stop"}]});
    let replies = vec![silent, Reply::json(200, &json!({"hello": 1})), Reply::json(200, &uncounted)];
    let openai = OpenAi::start(replies).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;
    let call = || client.converse().model_id(MODEL).messages(user("hi")).send();
    assert!(call().await.unwrap_err().into_service_error().is_model_timeout_exception());
    assert!(call().await.unwrap_err().into_service_error().is_model_error_exception());
    // Token counts are never invented.
    assert!(call().await.unwrap_err().into_service_error().is_model_error_exception());

    let gone = openai.url.clone();
    drop(openai);
    let (_stub, client) = forwarding(&gone, Some("llama")).await;
    let error = client.converse().model_id(MODEL).messages(user("hi")).send().await.unwrap_err();
    assert!(error.into_service_error().is_service_unavailable_exception());
}

#[tokio::test]
async fn steps_come_before_the_model_and_can_change_its_answer() {
    let message = json!({"role": "assistant", "content": "from the model"});
    let chunks = [delta(json!({"content": "x"})), finish("stop"), counted()];
    let openai = OpenAi::start(vec![Reply::message(&message, "stop"), Reply::chunks(&chunks).done()]).await;
    let (stub, client) = forwarding(&openai.url, Some("llama")).await;
    let usage = Usage { input_tokens: 1, output_tokens: 2, ..Usage::default() };
    let counted_so = Step { usage: Some(usage), ..Step::default() };
    stub.script(vec![Step::status(500), counted_so.clone(), counted_so]).unwrap();
    let call = || client.converse().model_id(MODEL).messages(user("hi")).send();
    assert!(call().await.unwrap_err().into_service_error().is_internal_server_exception());
    let answer = call().await.unwrap();
    assert_eq!(
        answer.output().unwrap().as_message().unwrap().content()[0].as_text().unwrap(),
        "from the model"
    );
    assert_eq!(answer.usage().unwrap().output_tokens(), 2);
    let mut stream =
        client.converse_stream().model_id(MODEL).messages(user("hi")).send().await.unwrap().stream;
    let mut output_tokens = None;
    while let Some(event) = stream.recv().await.unwrap() {
        if let ConverseStreamOutput::Metadata(metadata) = event {
            output_tokens = metadata.usage().map(|usage| usage.output_tokens());
        }
    }
    assert_eq!(output_tokens, Some(2));
}

#[tokio::test]
async fn what_the_model_could_not_see_is_refused() {
    let openai = OpenAi::start(Vec::new()).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;
    let reasoning = aws_sdk_bedrockruntime::types::ReasoningTextBlock::builder().text("hm").build().unwrap();
    let block = ContentBlock::ReasoningContent(
        aws_sdk_bedrockruntime::types::ReasoningContentBlock::ReasoningText(reasoning),
    );
    let assistant = Message::builder().role(ConversationRole::Assistant).content(block).build().unwrap();
    let call =
        client.converse().model_id(MODEL).messages(user("hi")).messages(assistant).messages(user("go"));
    let error = call.send().await.unwrap_err().into_service_error();
    assert!(error.is_validation_exception());
    assert!(openai.asked().is_empty());
}
