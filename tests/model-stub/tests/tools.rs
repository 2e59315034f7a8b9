//! Scripted calls of tools and thoughts, in both formats, whole and streamed.

use crate::support::http::post;
use model_stub::{Step, Stub};
use serde_json::{Value, json};

const CLAUDE: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

async fn scripted(steps: Value) -> Stub {
    let stub = Stub::start().await.unwrap();
    stub.script(serde_json::from_value::<Vec<Step>>(steps).unwrap()).unwrap();
    stub
}

fn steps() -> Value {
    let calls = json!([{"id": "one", "name": "size", "input": {"bird": "wren"}}, {"name": "now"}]);
    json!([{"reasoning": "Hm.", "text": "Let me see.", "tool_calls": calls, "chunks": 2}])
}

fn converse() -> Value {
    let tool = |name: &str| json!({"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}});
    json!({
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "toolConfig": {"tools": [tool("size"), tool("now"), tool("bird-song")]},
    })
}

fn chat(stream: bool) -> Value {
    let tool = |name: &str| json!({"type": "function", "function": {"name": name}});
    json!({
        "model": "gpt-4.1", "stream": stream, "tools": [tool("size"), tool("now")],
        "messages": [{"role": "user", "content": "hi"}],
    })
}

#[tokio::test]
async fn a_whole_answer_has_thoughts_text_and_calls() {
    let stub = scripted(steps()).await;
    let answer = post(&stub, &format!("/model/{CLAUDE}/converse"), &converse()).await.json();
    assert_eq!(answer["stopReason"], "tool_use");
    let content = &answer["output"]["message"]["content"];
    assert_eq!(content[0]["reasoningContent"]["reasoningText"]["text"], "Hm.");
    assert_eq!(content[1], json!({"text": "Let me see."}));
    let size = json!({"toolUse": {"toolUseId": "one", "name": "size", "input": {"bird": "wren"}}});
    assert_eq!(content[2], size);
    assert_eq!(content[3], json!({"toolUse": {"toolUseId": "tooluse_1_1", "name": "now", "input": {}}}));
}

#[tokio::test]
async fn a_completion_of_openai_has_the_same() {
    let stub = scripted(steps()).await;
    let answer = post(&stub, "/v1/chat/completions", &chat(false)).await.json();
    let choice = &answer["choices"][0];
    assert_eq!(
        (&choice["finish_reason"], &choice["message"]["content"]),
        (&json!("tool_calls"), &json!("Let me see."))
    );
    assert_eq!(choice["message"]["reasoning_content"], "Hm.");
    let call = &choice["message"]["tool_calls"][0];
    let function = json!({"name": "size", "arguments": "{\"bird\":\"wren\"}"});
    assert_eq!(*call, json!({"id": "one", "type": "function", "function": function}));
}

#[tokio::test]
async fn a_stream_of_openai_has_each_call_in_pieces() {
    let stub = scripted(steps()).await;
    let events = post(&stub, "/v1/chat/completions", &chat(true)).await.events();
    let (done, chunks) = events.split_last().unwrap();
    let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
    let calls: Vec<&Value> = chunks
        .iter()
        .map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"][0])
        .filter(|call| !call.is_null())
        .collect();
    let start = |index: u8, id: &str, name: &str| json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}});
    let piece = |index: u8, text: &str| json!({"index": index, "function": {"arguments": text}});
    let expected = [
        start(0, "one", "size"),
        piece(0, "{\"bird\":"),
        piece(0, "\"wren\"}"),
        start(1, "tooluse_1_1", "now"),
        piece(1, "{"),
        piece(1, "}"),
    ];
    assert_eq!(calls, expected.iter().collect::<Vec<_>>());
    assert_eq!(
        (chunks.last().unwrap()["choices"][0]["finish_reason"].as_str(), done.as_str()),
        (Some("tool_calls"), "[DONE]")
    );
}

#[tokio::test]
async fn a_tool_that_the_request_does_not_offer_is_not_called() {
    let stub = scripted(json!([{"tool_calls": [{"name": "fly"}]}])).await;
    let answer = post(&stub, &format!("/model/{CLAUDE}/converse"), &converse()).await;
    assert!(
        answer.status == 400 && answer.text().contains("offers these: size, now, bird-song"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn nova_takes_a_hyphen_in_a_name_and_can_t_call_the_tool() {
    let step = || json!([{"tool_calls": [{"name": "bird-song"}]}]);
    let nova = post(&scripted(step()).await, "/model/us.amazon.nova-pro-v1:0/converse", &converse()).await;
    assert!(
        nova.status == 424 && nova.text().contains("invalid sequence as part of ToolUse"),
        "{}",
        nova.text()
    );
    let claude = post(&scripted(step()).await, &format!("/model/{CLAUDE}/converse"), &converse()).await;
    assert_eq!(claude.status, 200);
}

#[tokio::test]
async fn steps_that_contradict_themselves_are_refused() {
    let stub = Stub::start().await.unwrap();
    for (step, words) in [
        (json!({"tool_calls": [{}], "status": 500}), "more than one"),
        (json!({"tool_calls": [{}], "tool_input": {}}), "more than one"),
        (json!({"reasoning": "Hm."}), "reasoning"),
        (json!({"embedding": true, "tool_calls": [{}]}), "tool_calls"),
    ] {
        let steps = vec![serde_json::from_value::<Step>(step.clone()).unwrap()];
        assert!(stub.script(steps).unwrap_err().to_string().contains(words), "{step}");
    }
}
