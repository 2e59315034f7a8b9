//! Fine-tunes end to end: a file is uploaded with the signed request, the scheduled job finds it, and the provider's
//! end becomes the fine-tune's. Everything runs with the real roles and the real bucket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e_tests::{Aws, Organization, bring, deployments, end_deployment, end_training, eventually, model};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;

/// The job runs every two minutes, and the tests run it too.
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

/// Runs the job, as its schedule does.
fn advance() {
    Aws::run_on_schedule("advance-fine-tunes", include_str!("../../../events/ai/advance-fine-tunes.json"));
}

/// The fine-tune, once it has this status; the job is run meanwhile.
fn once(id: &str, status: &str) -> Value {
    eventually(&format!("{id} is {status}"), PATIENCE, Duration::from_secs(2), || {
        advance();
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
    let deploying = once(id, "deploying");
    assert!(deploying["custom_model"].as_str().unwrap().contains(":custom-model/"), "{deploying}");
    eventually("the deployment is being made", PATIENCE, Duration::from_secs(2), || {
        advance();
        deployments().to_string().contains(&id.replace('_', "-")).then_some(())
    });
    end_deployment(id, "Active");
    let name = once(id, "completed")["model"].as_str().unwrap().to_owned();
    assert_eq!(name, format!("ft:amazon.nova-lite-v1:0:{id}"));
    let listed = organization().admin.get("/v1/ai/models").json(200);
    assert!(listed["data"].as_array().unwrap().iter().any(|model| model["id"] == *name), "{listed}");
    // The model server has one script for all tests.
    let model = model();
    model.script(&[json!({"text": "A wren."})]);
    let ask = json!({"model": name, "messages": [{"role": "user", "content": "A bird?"}]});
    let answer = organization().admin.post("/v1/chat/completions", &ask).json(200);
    assert_eq!(
        (&answer["model"], &answer["choices"][0]["message"]["content"]),
        (&json!(name), &json!("A wren."))
    );
    let asked = model.calls();
    assert!(asked[0]["model_id"].as_str().unwrap().contains(":custom-model-deployment/"), "{asked:?}");
    // The training and the request come to the bill.
    let bill = eventually("the training is billed", PATIENCE, Duration::from_secs(2), || {
        let bill = organization().admin.get("/v1/analytics/billing").json(200);
        let billed = bill["training"].as_array().unwrap().iter().any(|line| line["fine_tune_id"] == *id);
        let asked = bill["lines"].as_array().unwrap().iter().any(|line| line["model"] == *name);
        (billed && asked).then_some(bill)
    });
    assert_ne!(bill["total_usd"], "0.000000000");
    // A retired model is gone.
    let path = format!("/v1/ai/fine-tunes/{id}/cancel");
    assert_eq!(organization().admin.post(&path, &Value::Null).json(200)["status"], "canceled");
    organization().admin.post("/v1/chat/completions", &ask).json(404);
    eventually("the deployment is deleted", PATIENCE, Duration::from_secs(2), || {
        advance();
        (!deployments().to_string().contains(&id.replace('_', "-"))).then_some(())
    });
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
