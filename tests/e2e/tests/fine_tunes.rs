//! Fine-tunes end to end: a file is uploaded with the signed request, the scheduled job finds it, and the provider's
//! end becomes the fine-tune's. Everything runs with the real roles and the real bucket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e_tests::{Organization, bring, end_training, eventually};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;

/// The job runs every two minutes.
const PATIENCE: u64 = 300;

fn organization() -> &'static Organization {
    static OWN: OnceLock<Organization> = OnceLock::new();
    OWN.get_or_init(|| Organization::register("fine-tunes"))
}

fn line(answer: &str) -> String {
    let turn = |role: &str, text: &str| json!({"role": role, "content": [{"text": text}]});
    let messages = [turn("user", "Hi"), turn("assistant", answer)];
    json!({"schemaVersion": "bedrock-conversation-2024", "messages": messages}).to_string()
}

fn create(name: &str, file: &str) -> Value {
    let body = json!({
        "name": name, "base_model": "amazon.nova-lite-v1:0",
        "training_file": {"bytes": file.len(), "sha256": STANDARD.encode(digest(&SHA256, file.as_bytes()))},
    });
    organization().admin.post("/v1/ai/fine-tunes", &body).json(201)
}

/// The fine-tune, once it has this status.
fn once(id: &str, status: &str) -> Value {
    eventually(&format!("{id} is {status}"), PATIENCE, Duration::from_secs(2), || {
        let seen = organization().admin.get(&format!("/v1/ai/fine-tunes/{id}")).json(200);
        (seen["status"] == status).then_some(seen)
    })
}

#[test]
fn a_good_file_becomes_a_model() {
    let file: String = (0..8).map(|number| format!("{}\n", line(&format!("Answer {number}")))).collect();
    let created = create("good", &file);
    let id = created["fine_tune"]["id"].as_str().unwrap();
    assert_eq!(bring(&created["upload"], &file), 200);
    assert_eq!(once(id, "training")["records"], 8);
    end_training(id, "Completed");
    let model = once(id, "completed");
    assert!(model["custom_model"].as_str().unwrap().contains(":custom-model/"), "{model}");
}

#[test]
fn wrong_lines_are_named() {
    let file = format!("{}\n{{\n{}\n", line("Fine"), line(" "));
    let created = create("wrong", &file);
    let id = created["fine_tune"]["id"].as_str().unwrap();
    assert_eq!(bring(&created["upload"], &file), 200);
    let failure = &once(id, "failed")["failure"];
    assert_eq!(failure["reason"], "invalid_lines");
    let lines = json!([{"line": 2, "reason": "not_json"}, {"line": 3, "reason": "blank_text"}]);
    assert_eq!(failure["lines"], lines);
}

#[test]
fn what_waits_for_its_file_is_canceled_at_once() {
    let created = create("canceled", "never brought");
    let path = format!("/v1/ai/fine-tunes/{}", created["fine_tune"]["id"].as_str().unwrap());
    for _ in 0..2 {
        let canceled = organization().admin.post(&format!("{path}/cancel"), &Value::Null).json(200);
        assert_eq!(canceled["status"], "canceled");
    }
    let page = organization().admin.get("/v1/ai/fine-tunes?limit=100").json(200);
    assert!(page["data"].as_array().unwrap().iter().any(|one| one["id"] == created["fine_tune"]["id"]));
}
