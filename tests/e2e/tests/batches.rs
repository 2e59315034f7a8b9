//! Batches end to end: a file is uploaded with the signed request, the job has its lines answered, by queued calls and by
//! a job of the provider, and the results come by a signed link. Everything runs with the real roles and the real bucket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e_tests::{Aws, Client, Organization, bring, download, eventually, model};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;

/// A model that Bedrock runs in batches.
const NOVA: &str = "amazon.nova-lite-v1:0";
/// The job runs every minute, and the test runs it too.
const PATIENCE: u64 = 180;

fn organization() -> &'static Organization {
    static OWN: OnceLock<Organization> = OnceLock::new();
    OWN.get_or_init(|| Organization::register("batches"))
}

fn line(custom_id: &str, model: &str) -> String {
    let body =
        json!({"model": model, "messages": [{"role": "user", "content": "A bird?"}], "max_tokens": 20});
    json!({"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}).to_string()
}

fn create(file: &str) -> Value {
    let body = json!({
        "endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": {"kind": "birds"},
        "input_file": {"bytes": file.len(), "sha256": STANDARD.encode(digest(&SHA256, file.as_bytes()))},
    });
    let created = organization().admin.post("/v1/batches", &body).json(201);
    assert_eq!((&created["object"], &created["status"]), (&json!("batch"), &json!("validating")));
    assert_eq!(bring(&created["upload"], file), 200);
    created
}

/// The batch once it has this status; the job is run meanwhile.
fn once(id: &str, status: &str) -> Value {
    eventually(&format!("{id} is {status}"), PATIENCE, Duration::from_secs(1), || {
        Aws::run_on_schedule("advance-batches", include_str!("../../../events/ai/advance-batches.json"));
        let seen = organization().admin.get(&format!("/v1/batches/{id}")).json(200);
        assert_ne!(seen["status"], "failed", "{seen}");
        (seen["status"] == status).then_some(seen)
    })
}

/// The lines of a result file, by their `custom_id`.
fn lines(url: &Value) -> Vec<Value> {
    let text = download(url.as_str().expect("a link"));
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.sort_by_key(|line| line["custom_id"].to_string());
    lines
}

#[test]
fn lines_are_asked_one_by_one_and_wrong_ones_are_told() {
    let model = model();
    let usage = json!({"inputTokens": 1000, "outputTokens": 200});
    model.script(&[json!({"text": "A wren.", "usage": usage})]);
    let created = create(&format!("{}\n{}\n", line("a", NOVA), line("b", "no-such-model")));
    let id = created["id"].as_str().unwrap();
    let done = once(id, "completed");
    assert_eq!(done["request_counts"], json!({"total": 2, "completed": 1, "failed": 1}));
    let answered = lines(&done["output_url"]);
    assert_eq!((answered.len(), &answered[0]["custom_id"]), (1, &json!("a")));
    let answer = &answered[0]["response"];
    assert_eq!(
        (&answer["status_code"], &answer["body"]["choices"][0]["message"]["content"]),
        (&json!(200), &json!("A wren."))
    );
    let refused = lines(&done["error_url"]);
    assert_eq!(
        (&refused[0]["custom_id"], &refused[0]["response"]["status_code"]),
        (&json!("b"), &json!(404))
    );
    assert_eq!(model.calls().len(), 1);
    drop(model);
    // 1,000 tokens at $0.06 and 200 at $0.24 a million, once.
    let bill = eventually("the batch is billed", PATIENCE, Duration::from_secs(1), || {
        let bill = organization().admin.get("/v1/analytics/billing").json(200);
        let queued = |line: &&Value| {
            line["model"] == NOVA && !line["price_version"].as_str().is_some_and(|it| it.ends_with("+batch"))
        };
        bill["lines"].as_array().unwrap().iter().find(queued).cloned()
    });
    assert_eq!(bill["amount_usd"], "0.000108000", "{bill}");
    // Another organization has no such batch.
    let other: &Client = &crate::shared().admin;
    other.get(&format!("/v1/batches/{id}")).json(404);
    other.post(&format!("/v1/batches/{id}/cancel"), &Value::Null).json(404);
}

#[test]
fn a_large_batch_is_the_providers() {
    let model = model();
    let steps: Vec<Value> = (0..100).map(|_| json!({"text": "An owl."})).collect();
    model.script(&steps);
    let file: String =
        (0..100).map(|number| format!("{}\n", line(&format!("line-{number:03}"), NOVA))).collect();
    let created = create(&file);
    let done = once(created["id"].as_str().unwrap(), "completed");
    assert_eq!(done["request_counts"], json!({"total": 100, "completed": 100, "failed": 0}), "{done}");
    let answered = lines(&done["output_url"]);
    assert_eq!(answered.len(), 100);
    assert_eq!(answered[42]["custom_id"], "line-042");
    assert_eq!(answered[42]["response"]["body"]["choices"][0]["message"]["content"], "An owl.");
    assert_eq!(model.steps_left(), 0);
}
