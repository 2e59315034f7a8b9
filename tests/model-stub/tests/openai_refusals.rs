//! Requests for chat completions that OpenAI refuses, in its words.

use crate::support::http::post;
use model_stub::{Step, Stub};
use serde_json::{Value, json};

async fn refusal(body: &Value) -> Option<String> {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("hi")]).unwrap();
    let answer = post(&stub, "/v1/chat/completions", body).await;
    let said = answer.json();
    assert_eq!(
        stub.steps_left(),
        usize::from(answer.status != 200),
        "a refused request takes no step: {said}"
    );
    (answer.status == 400).then(|| said["error"]["message"].as_str().unwrap().to_owned())
}

fn chat(messages: Value) -> Value {
    json!({"model": "gpt-4.1", "messages": messages, "tools": [tool("size")]})
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {}}})
}

fn user() -> Value {
    json!({"role": "user", "content": "hi"})
}

fn calling(ids: &[&str]) -> Value {
    let calls: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "type": "function", "function": {"name": "size", "arguments": "{}"}}))
        .collect();
    json!({"role": "assistant", "content": null, "tool_calls": calls})
}

fn answering(id: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": "small"})
}

#[tokio::test]
async fn a_conversation_with_tools_is_taken() {
    let picture = json!({"role": "user", "content": [
        {"type": "text", "text": "Which colour?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    ]});
    let messages = json!([user(), calling(&["a", "b"]), answering("b"), answering("a"), picture]);
    assert_eq!(refusal(&chat(messages)).await, None);
}

#[tokio::test]
async fn messages_of_tools_answer_calls_and_all_of_them() {
    for (messages, words) in [
        (json!([user(), calling(&["a", "b"]), answering("a")]), "did not have response messages: b"),
        (json!([user(), calling(&["a"]), user()]), "must be followed by tool messages"),
        (json!([user(), answering("a")]), "must be a response to a preceeding message with 'tool_calls'"),
        (json!([user(), calling(&[&"a".repeat(41)])]), "maximum length 40, but got a string with length 41"),
        (json!([user(), calling(&[])]), "empty array"),
        (json!([user(), {"role": "assistant", "content": null}]), "expected a string, got null"),
        (
            json!([user(), {"role": "assistant", "content": "hi", "reasoning_content": "x"}]),
            "Unknown parameter: 'messages[1].reasoning_content'.",
        ),
        (
            json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/bmp;base64,AA=="}}]}]),
            "unsupported image",
        ),
        (json!([{"role": "user", "content": [{"type": "video", "video": {}}]}]), "Invalid value: 'video'"),
    ] {
        let refusal = refusal(&chat(messages.clone())).await.unwrap_or_else(|| panic!("taken: {messages}"));
        assert!(refusal.contains(words), "{refusal}");
    }
}

#[tokio::test]
async fn tools_and_their_names_keep_their_rules() {
    let plain = || json!({"model": "gpt-4.1", "messages": [user()]});
    for (members, words) in [
        (json!({"tools": []}), "'tools': empty array"),
        (json!({"tools": [tool("a b")]}), "Invalid 'tools[0].function.name': string does not match pattern"),
        (json!({"tools": [tool(&"a".repeat(65))]}), "maximum length 64, but got a string with length 65"),
        (json!({"tool_choice": "auto"}), "'tool_choice' is only allowed when 'tools' are specified."),
        (json!({"parallel_tool_calls": false}), "'parallel_tool_calls' is only allowed"),
        (
            json!({"tools": [tool("a")], "tool_choice": {"type": "function", "function": {"name": "b"}}}),
            "'b' not found",
        ),
    ] {
        let mut body = plain();
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let refusal = refusal(&body).await.unwrap_or_else(|| panic!("taken: {body}"));
        assert!(refusal.contains(words), "{refusal}");
    }
}
