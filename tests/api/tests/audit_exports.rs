//! Exports of the audit log: started by a route, written by a worker that may be killed, and checked without the database.

use api_tests::{Person, World, lead_body};
use domain::audit::{ExportFault, check_export, read_export_line};
use domain::id::JobId;
use ports::JobFileKey;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::TestJobFiles;

const ENOUGH: Duration = Duration::from_secs(300);

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

async fn start(world: &World, admin: &Person, body: &Value) -> String {
    let answer = world.call("exportAuditEntries").by(admin).json(body).send().await.expect(202);
    let job = answer.json();
    let id = job["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (job["status"].as_str(), answer.header("Location")),
        (Some("queued"), Some(&*format!("/v1/jobs/{id}")))
    );
    id
}

async fn job(world: &World, admin: &Person, id: &str) -> Value {
    world.pass(1);
    world.call("getJob").by(admin).path("id", id).send().await.expect(200).json()
}

fn file(files: &TestJobFiles, admin: &Person, id: &str) -> Option<String> {
    let id: JobId = id.parse().unwrap();
    files.text(&JobFileKey::result(admin.tenant, &id, "audit-entries.jsonl"))
}

/// An organization with some entries.
async fn scene() -> (World, Person, Arc<TestJobFiles>) {
    let world = World::start();
    let admin = world.admin().await;
    for _ in 0..5 {
        world.lead(&admin, &lead_body()).await;
    }
    world.audit_all().await;
    (world, admin, Arc::default())
}

#[tokio::test]
async fn an_export_has_every_entry_as_it_was_hashed() {
    let (world, admin, files) = scene().await;
    world.admin().await;
    let id = start(&world, &admin, &json!({})).await;
    assert!(world.run_audit_exports(&files, ENOUGH).await.failed.is_empty());
    let done = job(&world, &admin, &id).await;
    assert_eq!((&done["status"], &done["progress"]), (&json!("succeeded"), &json!(100)));
    let url = done["result_url"].as_str().unwrap();
    assert!(url.contains(&format!("/jobs/{}/{id}/audit-entries.jsonl?", admin.tenant)), "{url}");
    assert!(url.contains("X-Amz-Expires=900"), "{url}");
    // The signed address is returned to the caller only.
    assert!(!String::from_utf8_lossy(&world.bytes().await).contains("X-Amz-Signature"));
    let text = file(&files, &admin, &id).unwrap();
    let checked = check_export(text.lines(), false, &sha256).unwrap();
    assert_eq!(done["result"], json!({"entries": checked.entries, "read_through_sequence": checked.last}));
    let listed =
        world.call("listAuditEntries").by(&admin).query("limit", "100").send().await.expect(200).json();
    let listed = listed["data"].as_array().unwrap();
    assert_eq!(listed.len() as u64, checked.entries);
    for (entry, line) in listed.iter().rev().zip(text.lines()) {
        let (hash, stored) = read_export_line(line).unwrap();
        let stored: Value = serde_json::from_str(stored).unwrap();
        assert_eq!((entry["hash"].as_str(), &entry["details"]), (Some(hash), &stored["details"]));
    }
    // Each line is JSON, and an edit, a swap and a removal show in a real export.
    let mut lines: Vec<&str> = text.lines().collect();
    assert!(lines.iter().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    let edited = lines[2].replace("Contoso", "Fabrikam").replace("lead_created", "lead_deleted");
    let faults = |lines: &[&str]| check_export(lines.iter().copied(), false, &sha256).unwrap_err();
    let mut changed = lines.clone();
    changed[2] = &edited;
    assert_eq!(faults(&changed), ExportFault::Edited { line: 3, sequence: 3 });
    lines.swap(1, 2);
    assert_eq!(faults(&lines), ExportFault::Removed { line: 2, first: 2, last: 2 });
    lines.swap(1, 2);
    lines.remove(3);
    assert_eq!(faults(&lines), ExportFault::Removed { line: 4, first: 4, last: 4 });
    world.check_folds().await;
}

#[tokio::test]
async fn an_export_is_narrowed_by_its_filter_and_is_recorded() {
    let (world, admin, files) = scene().await;
    let body = json!({"action": "lead_created", "actor": admin.account, "from": "2020-01-01T00:00:00Z"});
    let id = start(&world, &admin, &body).await;
    world.run_audit_exports(&files, ENOUGH).await;
    let text = file(&files, &admin, &id).unwrap();
    assert_eq!(text.lines().count(), 5);
    assert_eq!(check_export(text.lines(), true, &sha256).unwrap().entries, 5);
    world.audit_all().await;
    let recorded = world.call("listAuditEntries").by(&admin).query("action", "job_created").send().await;
    let recorded = recorded.expect(200).json();
    let entry = &recorded["data"][0];
    assert_eq!(entry["actor"], admin.account.to_string());
    assert_eq!(entry["details"]["input"]["action"], "lead_created");
    let none = start(&world, &admin, &json!({"to": "2020-01-01T00:00:00Z"})).await;
    world.run_audit_exports(&files, ENOUGH).await;
    assert_eq!(file(&files, &admin, &none).unwrap(), "");
    assert_eq!(job(&world, &admin, &none).await["result"]["entries"], 0);
}

#[tokio::test]
async fn a_worker_that_is_killed_is_followed_by_another() {
    let (world, admin, files) = scene().await;
    let id = start(&world, &admin, &json!({})).await;
    // No time for a step: the message is delivered again.
    assert_eq!(world.run_audit_exports(&files, Duration::from_secs(15)).await.failed, ["0"]);
    assert_eq!(job(&world, &admin, &id).await["status"], "running");
    // More entries come meanwhile. The export has those that there were when it began.
    let entries =
        world.call("listAuditEntries").by(&admin).query("limit", "100").send().await.expect(200).json();
    world.lead(&admin, &lead_body()).await;
    world.audit_all().await;
    // Killed after a part was written and recorded.
    files.refuse_writes(Some("audit-entries.jsonl"));
    assert_eq!(world.run_audit_exports(&files, ENOUGH).await.failed, ["0"]);
    let halted = job(&world, &admin, &id).await;
    assert_eq!((&halted["status"], &halted["progress"]), (&json!("running"), &json!(99)));
    assert!(halted["result_url"].is_null() && file(&files, &admin, &id).is_none());
    files.refuse_writes(None);
    let parts = files.written().len();
    assert!(world.run_audit_exports(&files, ENOUGH).await.failed.is_empty());
    // The part was not written again.
    assert_eq!(files.written().len(), parts + 1);
    let text = file(&files, &admin, &id).unwrap();
    let checked = check_export(text.lines(), false, &sha256).unwrap();
    assert_eq!(checked.entries, entries["data"].as_array().unwrap().len() as u64);
    // A message that comes again changes nothing.
    let (written, events) = (files.written(), world.ledger().await.len());
    assert!(world.run_audit_exports(&files, ENOUGH).await.failed.is_empty());
    assert_eq!((files.written(), world.ledger().await.len()), (written, events));
}

#[tokio::test]
async fn a_canceled_export_writes_no_result() {
    let (world, admin, files) = scene().await;
    let id = start(&world, &admin, &json!({})).await;
    world.run_audit_exports(&files, Duration::from_secs(15)).await;
    let asked = world.call("cancelJob").by(&admin).path("id", &id).send().await.expect(200).json();
    assert_eq!(asked["cancel_requested"], true);
    assert!(world.run_audit_exports(&files, ENOUGH).await.failed.is_empty());
    assert_eq!(job(&world, &admin, &id).await["status"], "canceled");
    assert_eq!(file(&files, &admin, &id), None);
}

#[tokio::test]
async fn a_repeated_request_starts_one_export_and_too_many_are_refused() {
    let (world, admin, _) = scene().await;
    let ask = || world.call("exportAuditEntries").by(&admin).json(&json!({})).key("k1").send();
    let first = ask().await.expect(202);
    let again = ask().await.expect(202);
    assert!(again.is_replay());
    assert_eq!(again.json(), first.json());
    for _ in 1..20 {
        start(&world, &admin, &json!({})).await;
    }
    ask().await.expect(202);
    let other = world.call("exportAuditEntries").by(&admin).json(&json!({})).send().await;
    other.problem(429, "rate_limited");
}
