//! Tools, their calls and results, pictures and documents in OpenAI's form, and the calls that servers send.

use std::sync::Arc;

use crate::support::{call, events, gateway, json as answer_json, parts, server};
use model_stub::{Step, Stub};
use ports::{
    ContentBlock, Delta, Document, DocumentFormat, Image, ImageFormat, Message, ModelCall, ModelGateway,
    Reasoning, ReasoningContent, ReasoningEffort, Role, StopReason, StreamingModelGateway, Tool, ToolCall,
    ToolChoice, ToolResult, ToolSet,
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
    let thought = ReasoningContent::Text { text: "Hm.".to_owned(), signature: Some("c2ln".to_owned()) };
    let result =
        ToolResult { call_id: "c1".to_owned(), content: vec![text("done"), image()], is_error: false };
    let pdf = Document { name: "offer".to_owned(), format: DocumentFormat::Pdf, data: Arc::clone(&data) };
    let csv = Document { name: "rows".to_owned(), format: DocumentFormat::Csv, data: Arc::from(*b"a,b") };
    let messages = vec![
        Message { role: Role::User, content: vec![text("look"), text("here")] },
        // Reasoning of another provider's model stays here.
        Message {
            role: Role::Assistant,
            content: vec![ContentBlock::Reasoning(thought), ContentBlock::ToolCall(made)],
        },
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
    // As the JSON itself, and none at all.
    let objects = json!([
        {"id": "c1", "function": {"name": "a", "arguments": {"z": 1, "a": {"x": null}}}},
        {"id": "c2", "function": {"name": "b", "arguments": null}},
    ]);
    for (calls, reason, expected) in [
        (whole, "tool_calls", vec![("c1", "a", "{\"x\":1}")]),
        (bare, "stop", vec![("call_0", "a", "{}"), ("call_1", "b", "{}")]),
        (objects, "tool_calls", vec![("c1", "a", r#"{"z":1,"a":{"x":null}}"#), ("c2", "b", "{}")]),
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
    // Some write the JSON itself as arguments.
    let objects = [
        json!({"tool_calls": [{"index": 0, "id": "call_0", "function": {"name": "a", "arguments": {}}}]}),
        json!({"tool_calls": [{"index": 1, "id": "call_1", "function": {"name": "b", "arguments": {}}}]}),
    ];
    assert_eq!(streamed(&objects, "tool_calls").await, expected);
    let mixed = [
        json!({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "a"}}]}),
        json!({"tool_calls": [{"index": 1, "id": "c2", "function": {"name": "b"}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}),
    ];
    let end = Ok(Delta::End { stop: StopReason::Malformed, usage: None });
    assert_eq!(streamed(&mixed, "tool_calls").await.last(), Some(&end));
    assert_eq!(streamed(&[json!({"content": "x"})], "error").await.last(), Some(&end));
}

/// Names and ids that OpenAI refuses, which the stub refuses too.
fn with_foreign_names(choice: ToolChoice) -> ModelCall {
    let tool = |name: &str| Tool {
        name: name.to_owned(),
        description: None,
        parameters: json!({"type": "object"}),
        strict: false,
    };
    let (id, name) = (format!("toolu_{}", "1".repeat(60)), "github.com/issues.list".to_owned());
    let made = ToolCall { id: id.clone(), name, arguments: "{}".to_owned() };
    let result =
        ToolResult { call_id: id, content: vec![ContentBlock::Text("none".to_owned())], is_error: false };
    let turn = |role, block| Message { role, content: vec![block] };
    let messages = vec![
        Message::text(Role::User, "Which?".to_owned()),
        turn(Role::Assistant, ContentBlock::ToolCall(made)),
        turn(Role::User, ContentBlock::ToolResult(result)),
    ];
    let tools =
        vec![tool(&"long".repeat(32)), tool("github.com/issues.list"), tool("github_com_issues_list")];
    let tools = ToolSet { tools, choice, one_at_a_time: false };
    ModelCall { messages, tools, ..call() }
}

#[tokio::test]
async fn names_that_servers_refuse_go_there_and_back() {
    for (name, at) in [("long".repeat(32), 0), ("github.com/issues.list".to_owned(), 1)] {
        let call = with_foreign_names(ToolChoice::Named(name.clone()));
        let stub = Stub::start().await.unwrap();
        stub.script(vec![Step::tool_input(json!({"page": 2})), Step::tool_input(json!({"page": 2}))])
            .unwrap();
        let gateway = gateway(stub.url());
        let answer = gateway.converse(&call).await.unwrap();
        assert_eq!(answer.tool_calls[0].name, name);
        let streamed = parts(gateway.converse_stream(&call).await.unwrap()).await;
        let called = |part: &Result<Delta, String>| matches!(part, Ok(Delta::ToolCall { name: told, .. }) if *told == name);
        assert_eq!(streamed.iter().filter(|part| called(part)).count(), 1, "{streamed:?}");
        for sent in stub.calls() {
            let body = sent.body;
            let sent: Vec<&str> =
                (0..3).map(|at| body["tools"][at]["function"]["name"].as_str().unwrap()).collect();
            // The name that is taken as it is stays, and no other becomes the same.
            assert_eq!(sent[2], "github_com_issues_list");
            assert_ne!(sent[1], sent[2]);
            assert_eq!(body["tool_choice"]["function"]["name"], sent[at]);
            let made = &body["messages"][2]["tool_calls"][0];
            assert_eq!(made["function"]["name"], sent[1]);
            assert_eq!(body["messages"][3]["tool_call_id"], made["id"]);
            assert!(made["id"].as_str().unwrap().len() <= 40, "{made}");
        }
    }
}
