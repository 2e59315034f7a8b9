//! Embeddings in both wire formats, and their rate limit.

use super::{NOVA, Scene, TITAN};
use serde_json::json;

#[tokio::test]
async fn vectors_come_as_numbers_or_in_base64() {
    let scene = Scene::start().await;
    let body = json!({"model": TITAN, "texts": ["one", "three"]});
    let answer = scene.ask("createEmbedding", &body).await.expect(200).json();
    assert_eq!(answer["vectors"], json!([[3.0, 1.0], [5.0, 1.0]]));
    // 8 tokens at $0.02 a million.
    assert_eq!((&answer["input_tokens"], &answer["cost_usd"]), (&json!(8), &json!("0.000000160")));
    let body = json!({"model": TITAN, "input": ["one"], "encoding_format": "float"});
    let answer = scene.ask("createOpenaiEmbedding", &body).await.expect(200).json();
    assert_eq!(answer["data"][0]["embedding"], json!([3.0, 1.0]));
    // As numbers, about 330 vectors fit into an answer; in base64, all that Titan makes at once fit.
    let mut many = json!({"model": TITAN, "input": vec!["x"; 500]});
    let refused = scene.ask("createOpenaiEmbedding", &many).await.problem(400, "invalid_request");
    assert_eq!(refused.json()["error"]["param"], "input");
    many["encoding_format"] = json!("base64");
    scene.ask("createOpenaiEmbedding", &many).await.expect(200);
    let body = json!({"model": TITAN, "input": "one", "encoding_format": "base64"});
    let answer = scene.ask("createOpenaiEmbedding", &body).await.expect(200).json();
    assert_eq!(answer["data"][0]["embedding"], "AABAQAAAgD8=");
    let body = json!({"model": TITAN, "input": ["one", " "]});
    let refused = scene.ask("createOpenaiEmbedding", &body).await.problem(400, "invalid_request");
    assert_eq!(refused.json()["error"]["param"], "input.1");
    let body = json!({"model": NOVA, "input": "one"});
    scene.ask("createOpenaiEmbedding", &body).await.problem(404, "model_not_found");
}

#[tokio::test]
async fn a_key_has_a_limit_of_its_own() {
    let scene = Scene::start().await;
    let body = json!({"model": TITAN, "input": "one"});
    for _ in 0..60 {
        scene.ask("createOpenaiEmbedding", &body).await.expect(200);
    }
    let limited = scene.ask("createOpenaiEmbedding", &body).await.problem(429, "rate_limited");
    assert_eq!(limited.json()["error"]["type"], "rate_limit_error");
    assert!(limited.number("retry-after") >= 1);
    let key = scene.world.api_key(&scene.person, &["embedding:create"]).await;
    let policy = scene.world.authorize(&key.text).await.unwrap();
    scene.world.call("createOpenaiEmbedding").let_in(&policy).json(&body).send().await.expect(200);
    let metered = scene.world.events("ai_request_metered").await;
    let by_key = metered.iter().filter(|event| event["data"]["M"].get("api_key_id").is_some());
    assert_eq!(by_key.count(), 1);
}
