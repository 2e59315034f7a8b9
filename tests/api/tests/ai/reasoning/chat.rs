//! Reasoning of Claude in chat completions.

use super::{HIDDEN, SIGNATURE, SONNET, Scene, assert_goes_on, own_turn};
use serde_json::{Value, json};

pub(super) fn chat(turns: Value) -> Value {
    json!({
        "model": SONNET, "max_tokens": 4000, "reasoning_effort": "low", "messages": turns,
        "tools": [{"type": "function", "function": {"name": "weather"}}],
    })
}

fn chat_loop(message: &Value) -> Value {
    let result = json!({"role": "tool", "tool_call_id": "c1", "content": "9 C"});
    json!([{"role": "user", "content": "Bonn?"}, message, result])
}

#[tokio::test]
async fn a_loop_of_chat_goes_on_with_its_reasoning() {
    let scene = Scene::start().await;
    let asked = chat(json!([{"role": "user", "content": "Bonn?"}]));
    let answer = scene.answered_with_reasoning("createChatCompletion", &asked).await;
    let mut message = answer["choices"][0]["message"].clone();
    assert_eq!(message["reasoning_content"], "Hm, Bonn.");
    let blocks = json!([
        {"type": "thinking", "thinking": "Hm, Bonn.", "signature": SIGNATURE},
        {"type": "redacted_thinking", "data": HIDDEN},
    ]);
    assert_eq!(message["thinking_blocks"], blocks);
    assert_goes_on(&scene.heard_by_model("createChatCompletion", &chat(chat_loop(&message))).await);
    // Clients without the newer member send the older one back, which proves nothing.
    message.as_object_mut().unwrap().remove("thinking_blocks");
    let call = scene.heard_by_model("createChatCompletion", &chat(chat_loop(&message))).await;
    assert_eq!((own_turn(&call).len(), call.reasoning), (2, None));
    // A wrong part behind the reasoning keeps its name.
    message["thinking_blocks"] = blocks;
    message["tool_calls"][0]["id"] = json!("c2");
    let body = chat(chat_loop(&message));
    let refused = scene.ask("createChatCompletion", &body).await.problem(400, "invalid_request").json();
    let wrong = refused["error"]["message"].as_str().unwrap();
    assert!(wrong.contains("messages.1.tool_calls.0: must have its result"), "{wrong}");
}

#[tokio::test]
async fn reasoning_of_a_chat_does_not_count_as_a_turn() {
    let scene = Scene::start().await;
    let turns = |most: usize, text: &str| -> Value {
        let thinking = json!([{"type": "thinking", "thinking": text, "signature": SIGNATURE}]);
        let user = json!({"role": "user", "content": "Bonn?"});
        let model = json!({"role": "assistant", "content": "Yes.", "thinking_blocks": thinking});
        (0..most).map(|at| if at % 2 == 0 { user.clone() } else { model.clone() }).collect()
    };
    let call = scene.heard_by_model("createChatCompletion", &chat(turns(701, "Hm, Bonn."))).await;
    assert_eq!((call.messages.len(), call.messages[1].content.len()), (701, 2));
    // A wrong character of the reasoning is named by its place.
    let body = chat(turns(3, "a\u{0}b"));
    let refused = scene.ask("createChatCompletion", &body).await.problem(400, "invalid_request").json();
    assert_eq!(refused["error"]["param"], "messages.1.thinking_blocks");
}

/// OpenAI's clients join the parts of a list by their `index`.
#[tokio::test]
async fn a_stream_of_chat_has_reasoning_and_its_signature() {
    let scene = Scene::start().await;
    let asked = chat(json!([{"role": "user", "content": "Bonn?"}]));
    let events = scene.reasoning_events("createChatCompletion", &asked).await;
    let deltas: Vec<&Value> = events.iter().map(|event| &event["choices"][0]["delta"]).collect();
    let thinking = |text: &str| json!({"type": "thinking", "thinking": text, "index": 0});
    let mut signed = thinking("");
    signed["signature"] = json!(SIGNATURE);
    let hidden = json!({"type": "redacted_thinking", "data": HIDDEN, "index": 1});
    assert_eq!(
        deltas[1..4],
        [
            &json!({"reasoning_content": "Hm, Bonn.", "thinking_blocks": [thinking("Hm, Bonn.")]}),
            &json!({"reasoning_content": "", "thinking_blocks": [signed]}),
            &json!({"reasoning_content": "", "thinking_blocks": [hidden]}),
        ]
    );
}
