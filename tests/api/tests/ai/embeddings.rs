//! Embeddings in both wire formats, and their rate limit.

use super::{NOVA, Scene, TITAN};
use ports::InputType;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
async fn texts_have_the_purpose_that_the_client_names_in_its_provider_s_words() {
    let scene = Scene::start().await;
    let vectors = |purpose: Value| json!({"model": TITAN, "input": "one", "input_type": purpose});
    let mut costs = BTreeSet::new();
    for (name, purpose) in [
        (Value::Null, InputType::Document),
        (json!("document"), InputType::Document),
        (json!("passage"), InputType::Document),
        (json!("search_document"), InputType::Document),
        (json!("query"), InputType::Query),
        (json!("search_query"), InputType::Query),
    ] {
        let answer = scene.ask("createOpenaiEmbedding", &vectors(name.clone())).await.expect(200);
        costs.insert(answer.header("x-sextant-cost-usd").unwrap().to_owned());
        let calls = scene.world.model().script.embedding_calls();
        assert_eq!(calls.last().unwrap().input_type, purpose, "{name}");
    }
    assert_eq!(costs.len(), 1, "each purpose costs the same: {costs:?}");
    let asked = scene.world.model().script.embedding_calls().len();
    for other in [json!("classification"), json!("clustering"), json!("Query"), json!(7)] {
        let refused = scene.ask("createOpenaiEmbedding", &vectors(other.clone())).await;
        let refused = refused.problem(400, "invalid_request");
        assert_eq!(refused.json()["error"]["param"], "input_type", "{other}");
    }
    assert_eq!(scene.world.model().script.embedding_calls().len(), asked);
}

#[tokio::test]
async fn token_ids_are_refused_with_the_way_out() {
    let scene = Scene::start().await;
    for (input, message) in [
        (json!([1, 2]), "input.0: must be a string, because token ids are not supported"),
        (json!(["a", [1, 2]]), "input.1: must be a string, because token ids are not supported"),
        (json!([[1, 2]]), "check_embedding_ctx_length=False"),
        (json!(7), "input: must be a string or an array of strings"),
        (json!({"a": 1}), "input: must be a string or an array of strings"),
    ] {
        let body = json!({"model": TITAN, "input": input});
        let refused = scene.ask("createOpenaiEmbedding", &body).await.problem(400, "invalid_request").json();
        let told = refused["error"]["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
    }
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
