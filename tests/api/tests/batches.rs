//! Batches through their routes: created, uploaded, run, read, listed, cancelled; and requests that are refused.

use api_tests::{Person, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::tenancy::Role;
use ports::BatchFileKey;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use testkit::TestBatchFiles;

/// Part of a prompt, which must be stored nowhere but in the files.
const PROMPT: &str = "zxqprivatezxq";

fn file(count: usize) -> String {
    let line = |number| {
        let messages = json!([{"role": "user", "content": format!("{PROMPT} {number}")}]);
        let body = json!({"model": "auto", "messages": messages});
        json!({"custom_id": format!("r{number}"), "method": "POST", "url": "/v1/chat/completions", "body": body})
    };
    (1..=count).map(|number| format!("{}\n", line(number))).collect()
}

fn body(file: &str) -> Value {
    json!({
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "input_file": {"bytes": file.len(), "sha256": STANDARD.encode(digest(&SHA256, file.as_bytes()))},
    })
}

async fn create(world: &World, person: &Person, file: &str) -> Value {
    world.pass(1);
    world.call("createBatch").by(person).json(&body(file)).send().await.expect(201).json()
}

fn place(person: &Person, batch: &Value) -> BatchFileKey {
    BatchFileKey::input(person.tenant, &batch["id"].as_str().unwrap().parse().unwrap())
}

async fn get(world: &World, person: &Person, batch: &Value) -> Value {
    world.pass(1);
    let call = world.call("getBatch").by(person).path("id", batch["id"].as_str().unwrap());
    call.send().await.expect(200).json()
}

#[tokio::test]
async fn a_batch_has_openai_s_form_and_the_upload_of_its_file() {
    let world = World::start();
    let admin = world.admin().await;
    let file = file(1);
    let mut sent = body(&file);
    sent["metadata"] = json!({"run": "nightly"});
    // OpenAI's client for Python sends this member always.
    sent["input_file_id"] = Value::Null;
    let answer = world.call("createBatch").by(&admin).json(&sent).send().await.expect(201);
    assert_eq!(answer.header("ETag"), Some("\"1\""));
    let mut created = answer.json();
    let upload = created.as_object_mut().unwrap().remove("upload").unwrap();
    let id = created["id"].as_str().unwrap().to_owned();
    let now = world.now().seconds();
    let expected = json!({
        "id": id, "object": "batch", "endpoint": "/v1/chat/completions", "errors": null,
        "input_file_id": format!("{id}-input"), "completion_window": "24h", "status": "validating",
        "output_file_id": null, "error_file_id": null, "created_at": now, "in_progress_at": null,
        "expires_at": now + 24 * 3600, "finalizing_at": null, "completed_at": null, "failed_at": null,
        "expired_at": null, "cancelling_at": null, "cancelled_at": null,
        "request_counts": {"total": 0, "completed": 0, "failed": 0}, "metadata": {"run": "nightly"},
    });
    assert_eq!(created, expected);
    assert_eq!(upload["method"], "PUT");
    assert_eq!(upload["expires_at"], world.now().plus_seconds(3600).to_string());
    let url = upload["url"].as_str().unwrap();
    assert!(url.contains(&format!("/batches/{}/{id}/input.jsonl?", admin.tenant)), "{url}");
    assert_eq!(upload["headers"]["content-length"], file.len().to_string());
    assert_eq!(upload["headers"]["x-amz-checksum-sha256"], body(&file)["input_file"]["sha256"]);
    assert_eq!(get(&world, &admin, &created).await, created);
    // The signed upload is returned to the caller only.
    assert!(!String::from_utf8_lossy(&world.bytes().await).contains("X-Amz-Signature"));
}

#[tokio::test]
async fn a_file_becomes_results_behind_signed_links() {
    let world = World::start();
    let rep = world.colleague(&world.admin().await, Role::SalesRep).await;
    world.model().script.always("An answer.");
    let files = Arc::new(TestBatchFiles::default());
    let created = create(&world, &rep, &file(3)).await;
    world.advance_batches(&files).await;
    assert_eq!(get(&world, &rep, &created).await["status"], "validating");
    files.bring(&place(&rep, &created), file(3));
    world.advance_batches(&files).await;
    let seen = get(&world, &rep, &created).await;
    assert_eq!(seen["status"], "completed");
    assert_eq!(seen["request_counts"], json!({"total": 3, "completed": 3, "failed": 0}));
    let id = created["id"].as_str().unwrap();
    let url = seen["output_url"].as_str().unwrap();
    assert!(url.contains(&format!("/batches/{}/{id}/output.jsonl?", rep.tenant)), "{url}");
    assert!(url.contains("X-Amz-Expires=3600") && url.contains("X-Amz-Signature"), "{url}");
    assert_eq!(seen["urls_expire_at"], world.now().seconds() + 3600);
    assert_eq!((seen.get("error_url"), &seen["error_file_id"]), (None, &Value::Null));
    assert_eq!(seen["output_file_id"], format!("{id}-output"));
    let output = files.text(&BatchFileKey::output(rep.tenant, &id.parse().unwrap())).unwrap();
    let results: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: BTreeSet<&str> = results.iter().map(|result| result["custom_id"].as_str().unwrap()).collect();
    assert_eq!(ids, BTreeSet::from(["r1", "r2", "r3"]));
    assert_eq!(results[0]["response"]["body"]["choices"][0]["message"]["content"], "An answer.");
    // Prompts and answers are in the files and nowhere else, and the batch is one metered request.
    let kept = String::from_utf8_lossy(&world.bytes().await).into_owned();
    assert!(!kept.contains(PROMPT) && !kept.contains("An answer."));
    assert_eq!(world.events("ai_request_metered").await.len(), 1);
    world.check_folds().await;
}

#[tokio::test]
async fn wrong_lines_are_named_and_nowhere_repeated() {
    let world = World::start();
    let admin = world.admin().await;
    let files = Arc::new(TestBatchFiles::default());
    let wrong = format!("{}{{\"{PROMPT}\n{}", file(1), file(1));
    let created = create(&world, &admin, &wrong).await;
    files.bring(&place(&admin, &created), wrong);
    world.advance_batches(&files).await;
    let seen = get(&world, &admin, &created).await;
    assert_eq!(seen["status"], "failed");
    assert_eq!(
        seen["errors"],
        json!({"object": "list", "data": [
            {"code": "not_json", "message": "The line is not JSON.", "param": null, "line": 2},
            {"code": "repeated_custom_id", "message": "An earlier line has the same custom_id.",
                "param": "custom_id", "line": 3},
        ]})
    );
    assert!(!String::from_utf8_lossy(&world.bytes().await).contains(PROMPT));
}

#[tokio::test]
async fn a_repeated_creation_gets_the_same_batch_with_a_new_upload() {
    let world = World::start();
    let admin = world.admin().await;
    let create = || world.call("createBatch").by(&admin).json(&body(&file(1))).key("k1");
    let first = create().send().await.expect(201);
    world.pass(10);
    let again = create().send().await.expect(201);
    assert!(again.is_replay());
    assert_eq!(again.json()["id"], first.json()["id"]);
    assert_ne!(again.json()["upload"]["expires_at"], first.json()["upload"]["expires_at"]);
    let other = world.call("createBatch").by(&admin).json(&body(&file(2))).key("k1").send().await.expect(422);
    assert_eq!(other.json()["error"]["code"], "idempotency_key_reused");
    assert_eq!(world.events("batch_created").await.len(), 1);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    world.call("cancelBatch").by(&admin).path("id", &id).send().await.expect(200);
    let late = create().send().await.expect(201);
    assert!(late.is_replay() && late.json().get("upload").is_none());
}

#[tokio::test]
async fn cancelling_twice_is_cancelling_once() {
    let world = World::start();
    let admin = world.admin().await;
    let created = create(&world, &admin, &file(1)).await;
    let id = created["id"].as_str().unwrap();
    let cancel = || world.call("cancelBatch").by(&admin).path("id", id).send();
    let cancelled = cancel().await.expect(200).json();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["cancelled_at"], world.now().seconds());
    assert_eq!(cancel().await.expect(200).json(), cancelled);
    assert_eq!(world.events("batch_cancelled").await.len(), 1);
}

#[tokio::test]
async fn lists_have_openai_s_pages_and_show_what_a_role_may_see() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let mut ids = Vec::new();
    for person in [&admin, &rep, &admin] {
        ids.push(create(&world, person, &file(1)).await["id"].as_str().unwrap().to_owned());
    }
    ids.reverse();
    let list = async |person: &Person, query: &[(&str, &str)]| {
        world.pass(1);
        let call = query
            .iter()
            .fold(world.call("listBatches").by(person), |call, (name, value)| call.query(name, value));
        let page = call.send().await.expect(200).json();
        let shown: Vec<String> = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|batch| batch["id"].as_str().unwrap().to_owned())
            .collect();
        (shown, page["has_more"] == true, page)
    };
    let (shown, more, page) = list(&admin, &[("limit", "2")]).await;
    assert_eq!((shown.as_slice(), more), (&ids[..2], true));
    assert_eq!((&page["object"], &page["first_id"]), (&json!("list"), &json!(ids[0])));
    let last = page["last_id"].as_str().unwrap();
    let (shown, more, _) = list(&admin, &[("limit", "2"), ("after", last)]).await;
    assert_eq!((shown.as_slice(), more), (&ids[2..], false));
    let (shown, ..) = list(&rep, &[]).await;
    assert_eq!(shown, [ids[1].clone()]);
    let (shown, _, page) = list(&world.admin().await, &[]).await;
    assert!(shown.is_empty() && page["first_id"].is_null() && page["last_id"].is_null());
    // The batch of a colleague is no place in one's own list, nor is anything else.
    for after in [ids[0].as_str(), "batch_01jd2x9b4tf7c8n2s6w1z5k0qd", "x"] {
        let answer = world.call("listBatches").by(&rep).query("after", after).send().await.expect(400);
        assert_eq!(answer.json()["error"]["message"], "after: must be the id of a batch", "{after}");
    }
}

#[tokio::test]
async fn an_api_key_runs_batches_of_its_organization() {
    let world = World::start();
    let admin = world.admin().await;
    world.model().script.always("An answer.");
    let key = world.api_key(&admin, &["completion:create"]).await;
    let policy = world.authorize(&key.text).await.unwrap();
    let created = world.call("createBatch").let_in(&policy).json(&body(&file(1))).send().await.expect(201);
    let files = Arc::new(TestBatchFiles::default());
    files.bring(&place(&admin, &created.json()), file(1));
    world.advance_batches(&files).await;
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let read = world.call("getBatch").let_in(&policy).path("id", &id).send().await.expect(200);
    assert_eq!(read.json()["status"], "completed");
    let metered = world.events("ai_request_metered").await;
    assert_eq!(metered[0]["data"]["M"]["api_key_id"]["S"], key.id);
}

#[tokio::test]
async fn wrong_bodies_are_told_the_way() {
    let world = World::start();
    let admin = world.admin().await;
    let before = world.snapshot().await;
    let refuse = async |body: Value| {
        let answer = world.call("createBatch").by(&admin).json(&body).send().await.expect(400);
        answer.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    let of_openai =
        json!({"endpoint": "/v1/embeddings", "completion_window": "1h", "input_file_id": "file-1"});
    let message = refuse(of_openai).await;
    assert_eq!(
        message,
        "input_file: must be given; input_file_id: must be left out: send the size and SHA-256 of the file as \
         input_file, and then the file itself with the answer's upload; endpoint: must be /v1/chat/completions; \
         completion_window: must be 24h"
    );
    let mut both = body(&file(1));
    both["input_file_id"] = json!("file-1");
    both["input_file"]["bytes"] = json!(50_000_001);
    both["metadata"] = json!({"": "x", "long": "y".repeat(513)});
    let message = refuse(both).await;
    for part in
        ["input_file_id: must be left out", "input_file.bytes: must be from 1 to 50000000", "metadata: "]
    {
        assert!(message.contains(part), "{message}");
    }
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn an_organization_has_ten_open_batches_at_once() {
    let world = World::start();
    let admin = world.admin().await;
    let mut first = Value::Null;
    for number in 0..10 {
        let created = create(&world, &admin, &file(1)).await;
        if number == 0 {
            first = created;
        }
    }
    let refused = world.call("createBatch").by(&admin).json(&body(&file(1))).send().await.expect(429);
    assert_eq!(refused.json()["error"]["code"], "rate_limited");
    let id = first["id"].as_str().unwrap();
    world.call("cancelBatch").by(&admin).path("id", id).send().await.expect(200);
    create(&world, &admin, &file(1)).await;
    // Another organization is not concerned.
    create(&world, &world.admin().await, &file(1)).await;
}
