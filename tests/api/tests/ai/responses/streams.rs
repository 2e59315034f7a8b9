//! Streamed responses: the events, their numbers and their order, and the end of a stream that breaks.

use super::{NOVA, Scene, prompt, weather};
use api_tests::Answer;
use ports::{Delta, ModelError, StopReason, Usage};
use serde_json::{Value, json};

/// The events, whose names are their types and whose numbers count from 0.
pub(super) fn events(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = answer.body.split_terminator("\n\n").enumerate().map(|(number, event)| {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        assert_eq!(data["sequence_number"], number);
        data
    });
    events.collect()
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap().trim_start_matches("response.")).collect()
}

fn streamed() -> Value {
    let mut body = prompt(json!("Name a bird, and tell the weather in Bonn."));
    (body["stream"], body["tools"]) = (json!(true), json!([weather()]));
    body
}

#[tokio::test]
async fn items_begin_grow_and_end_one_after_the_other() {
    let scene = Scene::start().await;
    let usage = Usage { input_tokens: 80, output_tokens: 7, ..Usage::default() };
    scene.world.model().script.stream([
        Ok(Delta::Text("A ".to_owned())),
        Ok(Delta::Text("wren.".to_owned())),
        Ok(Delta::ToolCall { id: "c".to_owned(), name: "get_weather".to_owned() }),
        Ok(Delta::Arguments(r#"{"city""#.to_owned())),
        Ok(Delta::Arguments(r#": "Bonn"}"#.to_owned())),
        Ok(Delta::End { stop: StopReason::ToolCalls, usage: Some(usage) }),
    ]);
    let answer = scene.ask("createResponse", &streamed()).await.expect(200);
    let events = events(&answer);
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(names(&events), expected);
    let id = events[0]["response"]["id"].as_str().unwrap().strip_prefix("resp_").unwrap();
    let (message, call) = (format!("msg_{id}_0"), format!("fc_{id}_1"));
    assert_eq!(events[0]["response"]["status"], "in_progress");
    assert_eq!(
        (&events[0]["response"]["model"], &events[0]["response"]["usage"]),
        (&json!(NOVA), &Value::Null)
    );
    let begun = json!({"type": "message", "id": message, "status": "in_progress", "role": "assistant", "content": []});
    assert_eq!((&events[2]["item"], &events[2]["output_index"]), (&begun, &json!(0)));
    assert_eq!((&events[3]["item_id"], &events[3]["part"]["text"]), (&json!(message), &json!("")));
    assert_eq!((&events[5]["delta"], &events[5]["content_index"]), (&json!("wren."), &json!(0)));
    assert_eq!((&events[6]["text"], &events[6]["logprobs"]), (&json!("A wren."), &json!([])));
    assert_eq!((&events[9]["item"]["arguments"], &events[9]["output_index"]), (&json!(""), &json!(1)));
    assert_eq!((&events[12]["item_id"], &events[12]["name"]), (&json!(call), &json!("get_weather")));
    let arguments = r#"{"city": "Bonn"}"#;
    assert_eq!(events[12]["arguments"], arguments);
    let done = json!({"type": "function_call", "id": call, "status": "completed", "call_id": "c",
        "name": "get_weather", "arguments": arguments});
    assert_eq!(events[13]["item"], done);
    let whole = &events[14]["response"];
    assert_eq!(whole["output"], json!([events[8]["item"], events[13]["item"]]));
    assert_eq!((&whole["status"], &whole["usage"]["total_tokens"]), (&json!("completed"), &json!(87)));
    assert_eq!(whole["tools"], json!([weather()]));
}

#[tokio::test]
async fn a_streamed_answer_ends_like_a_whole_one() {
    let scene = Scene::start().await;
    for (stop, status, reason) in [
        (StopReason::MaxTokens, "incomplete", json!({"reason": "max_output_tokens"})),
        (StopReason::Filtered, "incomplete", json!({"reason": "content_filter"})),
        (StopReason::EndTurn, "completed", Value::Null),
    ] {
        scene.world.model().script.stream([
            Ok(Delta::Text("A wr".to_owned())),
            Ok(Delta::End { stop, usage: Some(Usage::default()) }),
        ]);
        let answer = scene.ask("createResponse", &streamed()).await.expect(200);
        let events = events(&answer);
        let last = events.last().unwrap();
        assert_eq!(last["type"], format!("response.{status}"));
        assert_eq!(
            (&last["response"]["status"], &last["response"]["incomplete_details"]),
            (&json!(status), &reason)
        );
        let done = events.iter().find(|event| event["type"] == "response.output_item.done").unwrap();
        assert_eq!(
            (&done["item"]["status"], &last["response"]["output"][0]),
            (&json!(status), &done["item"])
        );
    }
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_a_failed_response_and_an_error() {
    let scene = Scene::start().await;
    scene
        .world
        .model()
        .script
        .stream([Ok(Delta::Text("A wr".to_owned())), Err(ModelError::Lost("the connection broke".into()))]);
    let answer = scene.ask("createResponse", &streamed()).await.expect(200);
    let events = events(&answer);
    assert_eq!(
        names(&events)[2..],
        ["output_item.added", "content_part.added", "output_text.delta", "failed", "error"]
    );
    let failed = &events[5]["response"];
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("server_error")));
    assert_eq!(failed["output"][0]["status"], "incomplete");
    let error = &events[6];
    let expected = json!({"message": "The answer broke off.", "type": "server_error", "param": null,
        "code": "models_unavailable"});
    assert_eq!((&error["error"], &error["code"]), (&expected, &json!("models_unavailable")));
    assert_eq!(error["message"], "The answer broke off.");
    assert_eq!(scene.world.events("ai_request_metered").await.len(), 1);
}

#[tokio::test]
async fn a_stream_that_can_t_begin_is_an_error_with_its_status() {
    let scene = Scene::start().await;
    scene.world.model().script.fail(ModelError::ContextLength);
    let refused = scene.ask("createResponse", &streamed()).await.problem(400, "context_length_exceeded");
    assert_eq!(refused.header("content-type"), Some("application/json"));
}
