//! Streamed chat completions: the chunks, the usage, the end, and errors before the first chunk.

use super::{Scene, question};
use api_tests::Answer;
use ports::ModelError;
use serde_json::{Value, json};
use std::time::Duration;

fn events(answer: &Answer) -> Vec<String> {
    let events = answer.body.split_terminator("\n\n");
    events.map(|event| event.strip_prefix("data: ").expect("an event").to_owned()).collect()
}

#[tokio::test]
async fn a_stream_has_the_role_the_text_the_reason_the_usage_and_an_end() {
    let scene = Scene::start().await;
    scene.world.model().script.answer("A wren and an owl.");
    let mut body = question("Name birds.");
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let answer = scene.ask("createChatCompletion", &body).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = events(&answer);
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    assert_eq!(events.last().unwrap(), "[DONE]");
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    let text: String =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "A wren and an owl.");
    let [.., reason, usage] = &chunks[..] else { panic!("{chunks:?}") };
    assert_eq!(reason["choices"][0]["finish_reason"], "stop");
    assert_eq!((&usage["choices"], &usage["usage"]["total_tokens"]), (&json!([]), &json!(1200)));
    let ids: Vec<&Value> = chunks.iter().map(|chunk| &chunk["id"]).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(
        scene.world.events("ai_request_metered").await[0]["data"]["M"]["cost_nano_usd"]["N"],
        "1440000"
    );
}

#[tokio::test]
async fn a_stream_that_can_t_begin_is_an_error_with_its_status() {
    let scene = Scene::start().await;
    scene.world.model().script.fail(ModelError::ContextLength);
    let mut body = question("x");
    body["stream"] = json!(true);
    let refused = scene.ask("createChatCompletion", &body).await.problem(400, "context_length_exceeded");
    assert_eq!(refused.header("content-type"), Some("application/json"));
    scene.world.model().script.fail(ModelError::Throttled { retry_after: Some(Duration::from_secs(90)) });
    let busy = scene.ask("createChatCompletion", &body).await.problem(503, "models_unavailable");
    assert_eq!(busy.header("retry-after"), Some("90"));
}
