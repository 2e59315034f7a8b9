//! Tools, their calls and results, pictures and documents in OpenAI's form, and the calls that servers send.

use std::sync::Arc;

use crate::support::{call, events, gateway, json as answer_json, parts, server};
use model_stub::{Step, Stub};
use ports::{
    ContentBlock, Delta, Document, DocumentFormat, Image, ImageFormat, Message, ModelCall, ModelGateway,
    Reasoning, ReasoningEffort, Role, StopReason, StreamingModelGateway, Tool, ToolCall, ToolChoice,
    ToolResult, ToolSet,
};
use serde_json::{Value, json};

fn with_tools(choice: ToolChoice) -> ModelCall {
    let parameters = r#"{"type":"object","properties":{"unit":{"type":"string"},"city":{"type":"string"}}}"#;
    let tool = Tool {
        name: "get_weather".to_owned(),
        description: Some("Tells the weather.".to_owned()),
        parameters: serde_json::from_str(parameters).unwrap(),
        strict: true,
    };
    ModelCall { tools: ToolSet { tools: vec![tool], choice, one_at_a_time: true }, ..call() }
}

async fn sent(call: &ModelCall) -> Value {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("fine")]).unwrap();
    gateway(stub.url()).converse(call).await.unwrap();
    stub.calls()[0].body.clone()
}

#[tokio::test]
async fn tools_and_the_choice_have_openais_form() {
    let body = sent(&with_tools(ToolChoice::Named("get_weather".to_owned()))).await;
    let expected = concat!(
        r#"[{"type":"function","function":{"name":"get_weather","description":"Tells the weather.","parameters":"#,
        r#"{"type":"object","properties":{"unit":{"type":"string"},"city":{"type":"string"}}}}}]"#,
    );
    assert_eq!(body["tools"].to_string(), expected);
    assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": "get_weather"}}));
    assert_eq!(body["parallel_tool_calls"], false);
    for (choice, name) in
        [(ToolChoice::Auto, "auto"), (ToolChoice::None, "none"), (ToolChoice::Required, "required")]
    {
        assert_eq!(sent(&with_tools(choice)).await["tool_choice"], name);
    }
    let body = sent(&ModelCall { reasoning: Some(Reasoning::Effort(ReasoningEffort::Low)), ..call() }).await;
    assert_eq!(body["reasoning_effort"], "low");
}

#[tokio::test]
async fn results_are_turns_of_their_own_and_files_are_parts() {
    let text = |text: &str| ContentBlock::Text(text.to_owned());
    let data: Arc<[u8]> = Arc::from(*b"\x01\x02");
    let image = || ContentBlock::Image(Image { format: ImageFormat::Png, data: Arc::clone(&data) });
    let made = ToolCall { id: "c1".to_owned(), name: "shot".to_owned(), arguments: "{\"a\": 1}".to_owned() };
    let result =
        ToolResult { call_id: "c1".to_owned(), content: vec![text("done"), image()], is_error: false };
    let pdf = Document { name: "offer".to_owned(), format: DocumentFormat::Pdf, data: Arc::clone(&data) };
    let csv = Document { name: "rows".to_owned(), format: DocumentFormat::Csv, data: Arc::from(*b"a,b") };
    let messages = vec![
        Message { role: Role::User, content: vec![text("look"), text("here")] },
        Message { role: Role::Assistant, content: vec![ContentBlock::ToolCall(made)] },
        Message { role: Role::User, content: vec![ContentBlock::ToolResult(result), text("and?")] },
        Message {
            role: Role::User,
            content: vec![ContentBlock::Document(pdf), ContentBlock::Document(csv), text("x")],
        },
    ];
    let body = sent(&ModelCall { system: String::new(), messages, ..call() }).await;
    let part = |text: &str| json!({"type": "text", "text": text});
    let shown = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AQI="}});
    let function = json!({"name": "shot", "arguments": "{\"a\": 1}"});
    let file = json!({"filename": "offer.pdf", "file_data": "data:application/pdf;base64,AQI="});
    let expected = json!([
        {"role": "user", "content": [part("look"), part("here")]},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
        {"role": "user", "content": [shown, part("and?")]},
        {"role": "user", "content": [{"type": "file", "file": file}, part("rows:\na,b"), part("x")]},
    ]);
    assert_eq!(body["messages"], expected);
}

#[tokio::test]
async fn calls_are_read_also_where_servers_leave_parts_out() {
    let body = |calls: Value, reason: &str| {
        json!({"choices": [{"message": {"content": null, "tool_calls": calls}, "finish_reason": reason}],
               "usage": {"prompt_tokens": 9, "completion_tokens": 5,
                         "completion_tokens_details": {"reasoning_tokens": 3}}})
    };
    let whole =
        json!([{"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{\"x\":1}"}}]);
    let bare = json!([{"function": {"name": "a"}}, {"id": "", "function": {"name": "b", "arguments": ""}}]);
    for (calls, reason, expected) in [
        (whole, "tool_calls", vec![("c1", "a", "{\"x\":1}")]),
        (bare, "stop", vec![("call_0", "a", "{}"), ("call_1", "b", "{}")]),
    ] {
        let (url, _sent) = server(vec![answer_json(&body(calls, reason).to_string())]);
        let answer = gateway(&url).converse(&with_tools(ToolChoice::Auto)).await.unwrap();
        let calls: Vec<(&str, &str, &str)> = answer
            .tool_calls
            .iter()
            .map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str()))
            .collect();
        assert_eq!((calls, answer.stop), (expected, StopReason::ToolCalls));
        assert_eq!((answer.text.as_str(), answer.usage.unwrap().reasoning_tokens), ("", 3));
    }
}

async fn streamed(deltas: &[Value], reason: &str) -> Vec<Result<Delta, String>> {
    let chunk = |delta: &Value| json!({"choices": [{"delta": delta, "finish_reason": null}]}).to_string();
    let mut chunks: Vec<String> = deltas.iter().map(chunk).collect();
    chunks.push(json!({"choices": [{"delta": {}, "finish_reason": reason}]}).to_string());
    chunks.push("[DONE]".to_owned());
    let body: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    let (url, _sent) = server(vec![events(&body)]);
    parts(gateway(&url).converse_stream(&with_tools(ToolChoice::Auto)).await.unwrap()).await
}

#[tokio::test]
async fn streamed_calls_come_in_parts() {
    let deltas = [
        json!({"role": "assistant", "content": "I look."}),
        json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "a", "arguments": ""}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"x\""}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}),
        json!({"tool_calls": [{"index": 1, "id": "c2", "function": {"name": "b", "arguments": "{}"}}]}),
    ];
    let begun = |id: &str, name: &str| Ok(Delta::ToolCall { id: id.to_owned(), name: name.to_owned() });
    let arguments = |json: &str| Ok(Delta::Arguments(json.to_owned()));
    let expected = [
        Ok(Delta::Text("I look.".to_owned())),
        begun("c1", "a"),
        arguments("{\"x\""),
        arguments(":1}"),
        begun("c2", "b"),
        arguments("{}"),
        Ok(Delta::End { stop: StopReason::ToolCalls, usage: None }),
    ];
    assert_eq!(streamed(&deltas, "tool_calls").await, expected);
    // Some servers send whole calls without an index, and say `stop`.
    let whole = [
        json!({"tool_calls": [{"function": {"name": "a", "arguments": "{}"}}]}),
        json!({"tool_calls": [{"function": {"name": "b", "arguments": "{}"}}]}),
    ];
    let expected = [
        begun("call_0", "a"),
        arguments("{}"),
        begun("call_1", "b"),
        arguments("{}"),
        Ok(Delta::End { stop: StopReason::ToolCalls, usage: None }),
    ];
    assert_eq!(streamed(&whole, "stop").await, expected);
    let mixed = [
        json!({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "a"}}]}),
        json!({"tool_calls": [{"index": 1, "id": "c2", "function": {"name": "b"}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}),
    ];
    let end = Ok(Delta::End { stop: StopReason::Malformed, usage: None });
    assert_eq!(streamed(&mixed, "tool_calls").await.last(), Some(&end));
    assert_eq!(streamed(&[json!({"content": "x"})], "error").await.last(), Some(&end));
}
