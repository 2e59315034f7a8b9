//! Reasoning of Claude in responses.

use super::{SONNET, Scene, assert_goes_on, called, own_turn};
use ports::{ModelAnswer, ReasoningContent, StopReason};
use serde_json::{Value, json};

pub(super) fn response(input: Value) -> Value {
    json!({
        "model": SONNET, "max_output_tokens": 4000, "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"], "input": input, "store": false,
        "tools": [{"type": "function", "name": "weather"}],
    })
}

fn response_loop(output: &Value) -> Value {
    let mut input = vec![json!({"role": "user", "content": "Bonn?"})];
    input.extend(output.as_array().unwrap().iter().cloned());
    input.push(json!({"type": "function_call_output", "call_id": "c1", "output": "9 C"}));
    Value::Array(input)
}

#[tokio::test]
async fn a_loop_of_responses_goes_on_with_its_reasoning() {
    let scene = Scene::start().await;
    let asked = response(json!("Bonn?"));
    let answer = scene.answered_with_reasoning("createResponse", &asked).await;
    let output = &answer["output"];
    assert_eq!(output[0]["summary"], json!([{"type": "summary_text", "text": "Hm, Bonn."}]));
    assert_eq!((&output[1]["type"], &output[1]["summary"]), (&json!("reasoning"), &json!([])));
    let kinds: Vec<&Value> = output.as_array().unwrap().iter().map(|item| &item["type"]).collect();
    assert_eq!(kinds, ["reasoning", "reasoning", "message", "function_call"]);
    assert_goes_on(&scene.heard_by_model("createResponse", &response(response_loop(output))).await);
    // The text is only shown to a caller who asks for it, and comes back all the same.
    let mut quiet = asked.clone();
    quiet["reasoning"]["summary"] = Value::Null;
    let quiet = scene.answered_with_reasoning("createResponse", &quiet).await;
    assert_eq!(quiet["output"][0]["summary"], json!([]));
    assert_goes_on(&scene.heard_by_model("createResponse", &response(response_loop(&quiet["output"]))).await);
    // Reasoning of others, and reasoning before an item of the caller, is left alone.
    let mut foreign = output.clone();
    foreign[0]["encrypted_content"] = json!("gAAAAABoM1fb");
    foreign[1]["encrypted_content"] = Value::Null;
    let call = scene.heard_by_model("createResponse", &response(response_loop(&foreign))).await;
    assert_eq!((own_turn(&call).len(), call.reasoning), (2, None));
    let alone = json!([{"role": "user", "content": "Bonn?"}, output[0], {"role": "user", "content": "Now?"}]);
    let call = scene.heard_by_model("createResponse", &response(alone)).await;
    assert_eq!(call.messages.len(), 1);
}

#[tokio::test]
async fn a_stream_of_responses_has_items_of_reasoning() {
    let scene = Scene::start().await;
    let asked = response(json!("Bonn?"));
    let whole = scene.answered_with_reasoning("createResponse", &asked).await;
    let events = scene.reasoning_events("createResponse", &asked).await;
    let names: Vec<&str> =
        events.iter().map(|event| event["type"].as_str().unwrap().trim_start_matches("response.")).collect();
    let expected = [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "output_item.done",
        "output_item.added",
    ];
    assert_eq!(names[2..11], expected);
    assert_eq!((&events[4]["delta"], &events[5]["text"]), (&json!("Hm, Bonn."), &json!("Hm, Bonn.")));
    for (event, place) in [(7, 0), (9, 1)] {
        let (streamed, whole) = (&events[event]["item"], &whole["output"][place]);
        for member in ["type", "status", "summary", "encrypted_content"] {
            assert_eq!(streamed[member], whole[member], "{member}");
        }
    }
    let output = &events.last().unwrap()["response"]["output"];
    assert_eq!(output.as_array().unwrap().len(), 4);
    assert_goes_on(&scene.heard_by_model("createResponse", &response(response_loop(output))).await);
}

/// An answer that was cut within its reasoning has no message, and its reasoning is incomplete, as in a stream.
#[tokio::test]
async fn a_whole_response_that_was_cut_within_its_reasoning_is_like_a_streamed_one() {
    let scene = Scene::start().await;
    let reasoning = vec![ReasoningContent::Text { text: "Hm, B".to_owned(), signature: None }];
    let (text, tool_calls, stop) = (String::new(), Vec::new(), StopReason::MaxTokens);
    scene.world.model().script.script(Ok(ModelAnswer { reasoning, text, tool_calls, stop, ..called() }));
    let whole = scene.ask("createResponse", &response(json!("Bonn?"))).await.expect(200).json();
    let output = whole["output"].as_array().unwrap();
    assert_eq!(output.len(), 1);
    assert_eq!((&output[0]["type"], &output[0]["status"]), (&json!("reasoning"), &json!("incomplete")));
}
