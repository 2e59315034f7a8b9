//! Edits that shorten a conversation in Anthropic's format before the model reads it.

use super::{NOVA, Scene};
use ports::{ContentBlock, ModelCall};
use serde_json::{Value, json};

/// A conversation with this many calls of a tool, each after reasoning, and their results.
fn history(calls: usize) -> Value {
    let mut turns = vec![json!({"role": "user", "content": "Compare the towns."})];
    for at in 0..calls {
        let id = format!("call_{at}");
        let tool = if at == 0 { "get_map" } else { "get_weather" };
        turns.push(json!({"role": "assistant", "content": [
            {"type": "thinking", "thinking": "x".repeat(300), "signature": "c2ln"},
            {"type": "tool_use", "id": id, "name": tool, "input": {"town": at}},
        ]}));
        turns.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": "rain ".repeat(60)},
        ]}));
    }
    json!({"model": NOVA, "max_tokens": 100, "messages": turns})
}

fn edited(mut body: Value, edits: Value) -> Value {
    body["context_management"] = json!({"edits": edits});
    body
}

/// The texts of the results, and the arguments of the calls.
fn results_and_arguments(call: &ModelCall) -> (Vec<String>, Vec<String>) {
    let (mut results, mut arguments) = (Vec::new(), Vec::new());
    for block in call.messages.iter().flat_map(|turn| &turn.content) {
        match block {
            ContentBlock::ToolResult(result) => {
                results.push(result.content[0].as_text().unwrap().to_owned());
            }
            ContentBlock::ToolCall(call) => arguments.push(call.arguments.clone()),
            _ => {}
        }
    }
    (results, arguments)
}

impl Scene {
    /// The applied edits of the answer, and the call that the model got.
    async fn edited(&self, body: &Value) -> (Value, ModelCall) {
        self.world.pass(100);
        let answer = self.message(body).await;
        let call = self.world.model().script.calls().pop().unwrap();
        (answer["context_management"]["applied_edits"].clone(), call)
    }
}

const OUT: &str = "[This older result was taken out to save space.]";

#[tokio::test]
async fn results_of_older_calls_are_taken_out() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    let whole = "rain ".repeat(60);
    let edit = |more: Value| {
        let mut edit =
            json!({"type": "clear_tool_uses_20250919", "trigger": {"type": "tool_uses", "value": 3}});
        edit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        edited(history(5), json!([edit]))
    };
    // 3 calls stay by default. Each of the others had 300 bytes and has the words in their place.
    let (applied, call) = scene.edited(&edit(json!({}))).await;
    let tokens = (2 * (300 - OUT.len() as u64)).div_ceil(3);
    let expected = json!({
        "type": "clear_tool_uses_20250919", "cleared_input_tokens": tokens, "cleared_tool_uses": 2,
    });
    assert_eq!(applied, json!([expected]));
    let (results, arguments) = results_and_arguments(&call);
    assert_eq!(results, [OUT, OUT, &whole, &whole, &whole]);
    assert_eq!(arguments[0], r#"{"town":0}"#);

    let (_, call) = scene.edited(&edit(json!({"keep": {"type": "tool_uses", "value": 4}}))).await;
    assert_eq!(results_and_arguments(&call).0, [OUT, &whole, &whole, &whole, &whole]);
    let (_, call) = scene.edited(&edit(json!({"clear_tool_inputs": true}))).await;
    assert_eq!(results_and_arguments(&call).1[..3], ["{}", "{}", r#"{"town":2}"#]);
    let (_, call) = scene.edited(&edit(json!({"clear_tool_inputs": ["get_map"]}))).await;
    assert_eq!(results_and_arguments(&call).1[..2], ["{}", r#"{"town":1}"#]);
    let (_, call) = scene.edited(&edit(json!({"exclude_tools": ["get_map"]}))).await;
    assert_eq!(results_and_arguments(&call).0[..3], [whole.as_str(), OUT, &whole]);

    // Nothing is taken out: too few calls, too few tokens in the prompt, too little to take out.
    for more in [
        json!({"trigger": {"type": "tool_uses", "value": 5}}),
        json!({"trigger": {"type": "input_tokens", "value": 100_000}}),
        json!({"trigger": null}),
        json!({"clear_at_least": {"type": "input_tokens", "value": 1_000}}),
        json!({"keep": {"type": "tool_uses", "value": 5}}),
    ] {
        let (applied, call) = scene.edited(&edit(more.clone())).await;
        assert_eq!(applied, json!([]), "{more}");
        assert_eq!(results_and_arguments(&call).0[0], whole, "{more}");
    }
    // The instructions count, too.
    let tokens = json!({"trigger": {"type": "input_tokens", "value": 2_000}});
    assert_eq!(scene.edited(&edit(tokens.clone())).await.0, json!([]));
    let mut long = edit(tokens.clone());
    long["system"] = json!("y".repeat(6_000));
    assert_eq!(scene.edited(&long).await.0[0]["cleared_tool_uses"], 2);
    // So does the schema of the answer, in both of its places.
    scene.world.model().script.always("{}");
    let schema = json!({"type": "object", "properties": {}, "additionalProperties": false, "description": "y".repeat(6_000)});
    let format = json!({"type": "json_schema", "schema": schema});
    for (member, value) in [("output_config", json!({"format": format})), ("output_format", format.clone())] {
        let mut long = edit(tokens.clone());
        long[member] = value;
        assert_eq!(scene.edited(&long).await.0[0]["cleared_tool_uses"], 2, "{member}");
    }
}

/// Questions, each answered after two calls of a tool with reasoning before them. Each turn counts its calls anew.
fn questions(count: usize) -> Value {
    let one = history(2)["messages"].as_array().unwrap().clone();
    let mut turns = Vec::new();
    for _ in 0..count {
        turns.extend(one.iter().cloned());
        turns.push(json!({"role": "assistant", "content": "Done."}));
    }
    turns.push(json!({"role": "user", "content": "Thanks."}));
    json!({"model": NOVA, "max_tokens": 100, "messages": turns})
}

#[tokio::test]
async fn reasoning_of_older_turns_is_taken_out() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    let edit =
        |body: Value, keep: Value| edited(body, json!([{"type": "clear_thinking_20251015", "keep": keep}]));
    for (keep, turns) in [
        (Value::Null, 2),
        (json!({"type": "thinking_turns", "value": 1}), 2),
        (json!({"type": "thinking_turns", "value": 2}), 1),
    ] {
        let (applied, call) = scene.edited(&edit(questions(3), keep)).await;
        assert_eq!(applied[0]["type"], "clear_thinking_20251015");
        assert_eq!(applied[0]["cleared_thinking_turns"], turns);
        assert!(applied[0]["cleared_input_tokens"].as_u64().unwrap() >= 200 * turns, "{applied}");
        assert_eq!(results_and_arguments(&call).0.len(), 6);
    }
    for keep in [json!("all"), json!({"type": "all"}), json!({"type": "thinking_turns", "value": 3})] {
        assert_eq!(scene.edited(&edit(questions(3), keep)).await.0, json!([]));
    }
    // One turn with three calls is going on.
    assert_eq!(scene.edited(&edit(history(3), Value::Null)).await.0, json!([]));
}

#[tokio::test]
async fn calls_with_one_id_in_several_turns_are_told_apart() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    let mut body = history(3);
    for at in [1, 3, 5] {
        body["messages"][at]["content"][1]["id"] = json!("call_0");
        body["messages"][at + 1]["content"][0]["tool_use_id"] = json!("call_0");
    }
    let edit = json!([{
        "type": "clear_tool_uses_20250919", "trigger": {"type": "tool_uses", "value": 1},
        "keep": {"type": "tool_uses", "value": 1}, "clear_tool_inputs": true,
    }]);
    let (applied, call) = scene.edited(&edited(body, edit)).await;
    assert_eq!(applied[0]["cleared_tool_uses"], 2);
    let (results, arguments) = results_and_arguments(&call);
    assert_eq!(results, [OUT, OUT, &"rain ".repeat(60)]);
    assert_eq!(arguments, ["{}", "{}", r#"{"town":2}"#]);
}

#[tokio::test]
async fn pictures_count_as_tokens() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    let mut body = history(3);
    let data = "iVBORw0KGgoAAAANSUhEUg==";
    let picture =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}});
    for at in [2, 4, 6] {
        body["messages"][at]["content"][0]["content"] = json!([picture]);
    }
    let edit = json!([{
        "type": "clear_tool_uses_20250919", "trigger": {"type": "input_tokens", "value": 4_000},
        "keep": {"type": "tool_uses", "value": 1}, "clear_at_least": {"type": "input_tokens", "value": 3_000},
    }]);
    let (applied, _) = scene.edited(&edited(body, edit)).await;
    // Two pictures, each with the most around it, less the words in its place.
    assert_eq!(applied[0]["cleared_input_tokens"], 2 * (1_600 + 32 - OUT.len() as u64 / 3));
}

#[tokio::test]
async fn edits_that_are_wrong_or_unknown_are_named() {
    let scene = Scene::start().await;
    let results = |member: &str, value: Value| json!([{"type": "clear_tool_uses_20250919", member: value}]);
    let thinking = |keep: Value| json!([{"type": "clear_thinking_20251015", "keep": keep}]);
    for (edits, named) in [
        (json!([{}]), "0.type: must be given"),
        (json!([7]), "0: must be an object"),
        (
            json!([{"type": "compact_20260112"}]),
            "0.type: must be clear_thinking_20251015 or clear_tool_uses_20250919: conversations are not summed up here",
        ),
        (thinking(json!({"type": "tool_uses", "value": 1})), "0.keep.type: must be thinking_turns"),
        (thinking(json!({"type": "thinking_turns", "value": 0})), "0.keep.value: must be at least 1"),
        (thinking(json!(3)), "0.keep: must be an object"),
        (
            results("trigger", json!({"type": "turns", "value": 1})),
            "0.trigger.type: must be input_tokens or tool_uses",
        ),
        (results("trigger", json!({"type": "tool_uses"})), "0.trigger.value: must be given"),
        (
            results("keep", json!({"type": "tool_uses", "value": -1})),
            "0.keep.value: must be a whole number that is not negative",
        ),
        (results("exclude_tools", json!("a")), "0.exclude_tools: must be an array of strings"),
        (results("clear_tool_inputs", json!(1)), "0.clear_tool_inputs: must be an array of strings"),
        (results("colour", json!("red")), "0.colour: is not a field of this body"),
    ] {
        let named = format!("context_management.edits.{named}");
        assert_eq!(scene.refusal(&edited(history(1), edits)).await, named);
    }
    let many = vec![json!({"type": "clear_thinking_20251015"}); 11];
    assert_eq!(
        scene.refusal(&edited(history(1), json!(many))).await,
        "context_management.edits: must have at most 10 edits"
    );
    let mut body = history(1);
    body["context_management"] = json!("all");
    assert_eq!(scene.refusal(&body).await, "context_management: must be an object");
    body["context_management"] = json!({"edits": {}, "colour": 1});
    assert_eq!(
        scene.refusal(&body).await,
        "context_management.edits: must be an array; context_management.colour: is not a field of this body"
    );
    assert_eq!(scene.asked(), 0);
}
