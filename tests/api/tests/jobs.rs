//! The jobs: the relay from the ledger's stream to the bus, and the consumers of the queues.

mod relay;

use api_tests::{
    Contract, Person, RecordingMailer, RecordingPublisher, World, faults, lead_body, published, read,
    token_in,
};
use application_core::jobs::{JobWorker, job_key};
use application_sales::erase_lead_contact;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ai::Feature;
use domain::authority::WriteLeads;
use domain::id::FineTuneId;
use domain::job::JobFacts;
use domain::tenancy::Role;
use ports::{AuditLog, BatchFileKey, BatchJobState, DeploymentState, EventRecord, PublishOutcome};
use ports::{FileKey, JobName, JobState};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use testkit::{TestBatchFiles, TestBatchJobs, TestTraining};

const PASSWORD: &str = "correct horse battery staple";

/// A world in which every event type of the product was written at least once.
async fn eventful() -> World {
    let world = World::start();
    let body = json!({"email": "ada@northwind.example", "password": PASSWORD, "name": "Ada Byron",
        "organization_name": "Northwind"});
    world.call("registerAccount").json(&body).send().await.expect(201);
    let login = json!({"email": "ada@northwind.example", "password": PASSWORD});
    let tokens = world.call("login").json(&login).send().await.expect(200).json();
    let refresh = world.call("refreshSession").json(&json!({"refresh_token": tokens["refresh_token"]}));
    refresh.send().await.expect(200);
    world.pass(60);
    let reuse = world.call("refreshSession").json(&json!({"refresh_token": tokens["refresh_token"]}));
    reuse.send().await.expect(401);

    account_changes(&world).await;

    let wrong = json!({"email": login["email"], "password": "another password"});
    world.call("login").json(&wrong).send().await.expect(401);

    let person = world.admin().await;
    let rep = world.colleague(&person, Role::SalesRep).await;
    world.call("updateProfile").by(&rep).if_match(1).send().await.expect(200);
    let id = world.lead(&person, &lead_body()).await["id"].as_str().unwrap().to_owned();
    let mut body = lead_body();
    body["company_size"] = json!(7);
    world.call("updateLead").by(&person).path("id", &id).if_match(1).json(&body).send().await.expect(200);
    world.call("scoreLead").by(&person).path("id", &id).send().await.expect(200);
    world.get_lead(&rep, &id).await.expect(404);
    let caller = person.caller();
    let authority = caller.authorize::<WriteLeads>().unwrap();
    let parsed = id.parse().unwrap();
    erase_lead_contact(world.store().as_ref(), &world.context(), &authority, &parsed).await.unwrap();
    world.call("deleteLead").by(&person).path("id", &id).send().await.expect(204);
    let notification = world.notification(&person).await;
    world.call("markNotificationRead").by(&person).path("id", &notification).send().await.expect(200);
    let key = world.api_key(&person, &["model:read"]).await.id;
    world.call("revokeApiKey").by(&person).path("id", &key).send().await.expect(204);
    members(&world, &person, &rep).await;
    crate::second_factors::every_event(&world).await;
    fine_tuned(&world, &person).await;
    batches(&world, &person).await;
    long_work(&world, &person).await;
    world.call("updateBudget").by(&person).if_match(0).send().await.expect(200);
    let prices = json!({"organization_id": person.tenant, "reference": "contract 7", "prices": {
        "amazon.nova-pro-v1:0": {"input": "0.08", "output": "0.32", "cache_read": "0.02", "cache_write": "0.08"}}});
    assert_eq!(world.override_model_prices(prices).await["outcome"], "changed");
    // The expected cost of a month, so that thresholds are reported too.
    world.metered(&person, Feature::Completion, 120_000_000_000).await;
    let messages = world.messages().await.into_iter();
    let metered: Vec<Value> =
        messages.filter(|message| message["detail-type"] == "ai_request_metered").collect();
    assert_eq!(world.meter(&metered).await.failed, Vec::<String>::new());
    world
}

/// Verifies the address and changes the password with the links of mails. No test double makes a hash of an earlier day, so that
/// event is written directly.
async fn account_changes(world: &World) {
    let mailer = Arc::new(RecordingMailer::default());
    let forgotten = json!({"email": "ada@northwind.example"});
    world.call("requestPasswordReset").json(&forgotten).send().await.expect(202);
    assert_eq!(world.send_mails(&mailer, &world.messages().await).await.failed, Vec::<String>::new());
    let sent = mailer.sent();
    let token = |page: &str| token_in(sent.iter().find(|mail| mail.text.contains(page)).unwrap());
    world.call("verifyEmail").json(&json!({"token": token("verify-email#")})).send().await.expect(204);
    let body = json!({"token": token("reset-password#"), "password": PASSWORD});
    world.call("resetPassword").json(&body).send().await.expect(204);
    // From the test vectors of argon2's reference implementation.
    let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    world.rehash_password("ada@northwind.example", hash).await;
}

/// A member who becomes an admin, is suspended, acts again and is removed.
async fn members(world: &World, admin: &Person, member: &Person) {
    let id = member.account.to_string();
    for (role, status) in [("admin", "active"), ("manager", "suspended"), ("manager", "active")] {
        let call = world.call("updateMember").by(admin).path("id", &id).header("If-Match", "*");
        call.json(&json!({"role": role, "status": status})).send().await.expect(200);
    }
    world.call("removeMember").by(admin).path("id", &id).send().await.expect(204);
}

/// A fine-tune for each way in which it can end.
async fn fine_tuned(world: &World, admin: &Person) {
    let training = Arc::new(TestTraining::default());
    let turn = |role: &str| json!({"role": role, "content": [{"text": "Hi"}]});
    let messages = [turn("user"), turn("assistant")];
    let line = json!({"schemaVersion": "bedrock-conversation-2024", "messages": messages});
    let file = format!("{line}\n").repeat(8);
    let sha256 = STANDARD.encode(digest(&SHA256, file.as_bytes()));
    let mut body = json!({"name": "Ours", "base_model": "amazon.nova-lite-v1:0"});
    body["training_file"] = json!({"bytes": file.len(), "sha256": sha256});
    let mut ids: Vec<FineTuneId> = Vec::new();
    for brought in [file.as_str(), file.as_str(), "another"] {
        let created = world.call("createFineTune").by(admin).json(&body).send().await.expect(201).json();
        let id = created["fine_tune"]["id"].as_str().unwrap().parse().unwrap();
        training.bring(&FileKey::new(admin.tenant, &id), brought);
        ids.push(id);
    }
    world.advance_fine_tunes(&training).await;
    training.end(&JobName::of(ids[0]), JobState::Completed("model".to_owned()));
    let canceled = world.call("cancelFineTune").by(admin).path("id", &ids[1].to_string());
    canceled.send().await.expect(200);
    world.advance_fine_tunes(&training).await;
    training.deploy_as(&JobName::of(ids[0]), DeploymentState::Active("deployment".to_owned()));
    world.advance_fine_tunes(&training).await;
}

/// A batch for each way in which it can go on and end.
async fn batches(world: &World, admin: &Person) {
    let (files, jobs) = (Arc::new(TestBatchFiles::default()), Arc::new(TestBatchJobs::default()));
    world.model().script.always("An answer.");
    let line = |number: u32| {
        let messages = json!([{"role": "user", "content": "Hi"}]);
        let body = json!({"model": "amazon.nova-pro-v1:0", "messages": messages});
        let url = "/v1/chat/completions";
        json!({"custom_id": format!("r{number}"), "method": "POST", "url": url, "body": body}).to_string()
    };
    let create = async |file: String, brought: bool| {
        let sha256 = STANDARD.encode(digest(&SHA256, file.as_bytes()));
        let body = json!({"endpoint": "/v1/chat/completions", "completion_window": "24h",
            "input_file": {"bytes": file.len(), "sha256": sha256}});
        let created = world.call("createBatch").by(admin).json(&body).send().await.expect(201).json();
        let id = created["id"].as_str().unwrap().to_owned();
        if brought {
            files.bring(&BatchFileKey::input(admin.tenant, &id.parse().unwrap()), file);
        }
        id
    };
    create(line(1), true).await;
    create("x".to_owned(), true).await;
    // This one expires.
    create(line(1), false).await;
    let cancelled = create(line(1), false).await;
    world.call("cancelBatch").by(admin).path("id", &cancelled).send().await.expect(200);
    // The provider takes this one, and then fails.
    create((0..100).map(|number| line(number) + "\n").collect(), true).await;
    world.advance_batches_at(&files, Some(&jobs)).await;
    jobs.end(&BatchJobState::Failed);
    world.advance_batches_at(&files, Some(&jobs)).await;
    world.pass(24 * 3600);
    world.advance_batches_at(&files, Some(&jobs)).await;
}

/// A job for each way in which it can go on and end.
async fn long_work(world: &World, admin: &Person) {
    let canceled = world.job(admin).await;
    world.call("cancelJob").by(admin).path("id", &canceled).send().await.expect(200);
    let context = world.context();
    let worker = async || {
        let id = world.job(admin).await;
        let key = job_key(admin.tenant, &id.parse().unwrap());
        let worker = JobWorker { store: world.store().as_ref(), context: &context, function: "test", key };
        worker.begin(10).await.unwrap();
        worker.progress(1, "reading").await.unwrap();
        (id, worker)
    };
    let (id, stopped) = worker().await;
    world.call("cancelJob").by(admin).path("id", &id).send().await.expect(200);
    stopped.progress(2, "reading").await.unwrap();
    worker().await.1.succeed(JobFacts::new(), None).await.unwrap();
    worker().await.1.fail("broken", "It broke.").await.unwrap();
}

fn types(records: &[EventRecord]) -> BTreeSet<String> {
    records.iter().map(|record| record.event.event_type.clone()).collect()
}

/// Every event type that has a schema.
fn known_types() -> BTreeSet<String> {
    let folder: std::path::PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../events/schemas"].iter().collect();
    std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().to_str()?.strip_suffix(".v1.json").map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn every_event_reaches_the_bus_once_and_in_order() {
    let world = eventful().await;
    let items = world.ledger().await;
    let bus = Arc::new(RecordingPublisher::default());
    assert_eq!(world.relay(&bus, &items).await.failed, Vec::<String>::new());
    let published = bus.published();
    let sent: Vec<String> = published.iter().map(|record| record.event_id.to_string()).collect();
    let stored: Vec<&str> = items.iter().map(|item| item["event_id"]["S"].as_str().unwrap()).collect();
    assert_eq!(sent, stored);
    assert_eq!(types(&published), known_types());
    assert_eq!(bus.parked(), Vec::new());
}

#[tokio::test]
async fn no_message_holds_a_person_or_a_secret() {
    let world = eventful().await;
    let bus = Arc::new(RecordingPublisher::default());
    let items = world.ledger().await;
    world.relay(&bus, &items).await;
    assert_eq!(types(&bus.published()), known_types());
    for record in bus.published() {
        let message = serde_json::to_string(&published(&record)).unwrap();
        for personal in [
            "ada@northwind.example",
            "northwind.example",
            "Ada Byron",
            "Charles Babbage",
            "Grace",
            "Hopper",
            "contoso.example",
            "555 0100",
            "budget is approved",
            "replace the old tool",
            "$argon2",
            "$none$",
            "family_hash",
            "secret_hash",
            "\"token\"",
            "\"hash\"",
            "\"salt\"",
            "personal",
            "quote",
        ] {
            assert!(!message.contains(personal), "{personal} in {message}");
        }
        let schema =
            format!("events/schemas/{}.v{}.json", record.event.event_type, record.event.schema_version);
        let schema = without_private(serde_json::from_str(&read(&schema)).unwrap());
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let wrong = faults(&validator, &record.event.data);
        assert!(wrong.is_empty(), "{}: {wrong:?}", record.event.event_type);
    }
}

/// The schema of an event outside of the ledger.
fn without_private(mut schema: Value) -> Value {
    let private: Vec<String> = schema["properties"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, property)| property["x-sextant-private"] == true)
        .map(|(name, _)| name.clone())
        .collect();
    for name in private {
        schema["properties"].as_object_mut().unwrap().remove(&name);
        schema["required"].as_array_mut().unwrap().retain(|required| *required != name);
    }
    schema
}

#[tokio::test]
async fn every_event_is_recorded_once_however_often_it_is_delivered() {
    let world = eventful().await;
    let messages = world.messages().await;
    let log = world.environment().audit_log();
    assert_eq!(world.audit(&messages).await.failed, Vec::<String>::new());
    let mut tenants: Vec<String> =
        messages.iter().map(|message| message["detail"]["tenant_id"].as_str().unwrap().to_owned()).collect();
    tenants.sort();
    let of = |tenant: &String| tenants.iter().filter(|other| *other == tenant).count() as u64;
    let distinct: BTreeSet<&String> = tenants.iter().collect();
    assert_eq!(distinct.len(), 3);
    for _ in 0..2 {
        for tenant in &distinct {
            assert_eq!(log.verify(tenant.parse().unwrap()).await.unwrap(), of(tenant));
        }
        // All events are delivered again, twice, and in reverse order.
        let mut again: Vec<Value> = messages.iter().chain(&messages).cloned().collect();
        again.reverse();
        assert_eq!(world.audit(&again).await.failed, Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_audit_log_notices_an_edit() {
    let world = eventful().await;
    let messages = world.messages().await;
    world.audit(&messages).await;
    let state = world.environment().tables().state;
    let entries: Vec<_> = world
        .environment()
        .items(&state)
        .await
        .into_iter()
        .filter(|item| item["sk"].as_s().is_ok_and(|sk| sk.starts_with("entry#")))
        .collect();
    assert_eq!(entries.len(), messages.len());
    let entry = entries
        .iter()
        .find(|entry| entry["action"].as_s().is_ok_and(|action| action == "access_denied:lead:read"));
    let mut entry = entry.unwrap().clone();
    let tenant = entry["pk"].as_s().unwrap().split('#').next().unwrap().parse().unwrap();
    let log = world.environment().audit_log();
    log.verify(tenant).await.unwrap();
    entry.insert("action".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S("lead_created".to_owned()));
    let put = world.environment().client().put_item().table_name(&state).set_item(Some(entry));
    put.send().await.unwrap();
    assert!(log.verify(tenant).await.is_err());
}

#[tokio::test]
async fn the_audit_log_says_what_was_refused_to_whom() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let id = world.lead(&admin, &lead_body()).await["id"].as_str().unwrap().to_owned();
    world.get_lead(&rep, &id).await.expect(404);
    assert_eq!(world.audit(&world.messages().await).await.failed, Vec::<String>::new());
    let state = world.environment().tables().state;
    let entries: Vec<Value> = world
        .environment()
        .items(&state)
        .await
        .iter()
        .filter(|item| item["sk"].as_s().is_ok_and(|sk| sk.starts_with("entry#")))
        .map(api_tests::dynamo_json)
        .filter(|entry| {
            entry["action"]["S"].as_str().is_some_and(|action| action.starts_with("access_denied"))
        })
        .collect();
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!(entry["action"]["S"], "access_denied:lead:read");
    assert_eq!((&entry["resource_type"]["S"], &entry["resource_id"]["S"]), (&json!("lead"), &json!(id)));
    assert_eq!(entry["actor"]["S"], rep.account.to_string());
}

#[tokio::test]
async fn the_owner_of_a_lead_is_told_of_its_score_once() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let id = world.lead(&rep, &lead_body()).await["id"].as_str().unwrap().to_owned();
    let score = world.call("scoreLead").by(&admin).path("id", &id).send().await.expect(200).json();
    let messages = world.messages().await;
    for _ in 0..3 {
        assert_eq!(world.notify(&messages).await.failed, Vec::<String>::new());
    }
    let list = world.call("listNotifications").by(&rep).send().await.expect(200).json();
    let told = &list["data"][0];
    assert_eq!((list["data"].as_array().unwrap().len(), &told["kind"]), (1, &json!("lead_scored")));
    assert_eq!(told["params"], json!({"lead_id": id, "score": score["score"]}));
    assert_eq!(told["title"], format!("A lead was scored {}", score["score"]));
    assert_eq!(told["read_at"], Value::Null);
    // The person who scored the lead is not notified.
    let none = world.call("listNotifications").by(&admin).send().await.expect(200).json();
    assert_eq!(none["data"], json!([]));

    // A read notification stays read when the event is delivered again.
    let mark = world.call("markNotificationRead").by(&rep).path("id", told["id"].as_str().unwrap());
    let read = mark.send().await.expect(200).json();
    assert!(read["read_at"].is_string());
    assert_eq!(world.notify(&messages).await.failed, Vec::<String>::new());
    let list = world.call("listNotifications").by(&rep).send().await.expect(200).json();
    assert_eq!(list["data"], json!([read]));
    // The causing event can be found.
    let created = world.events("notification_created").await;
    let scored = world.events("lead_scored").await;
    assert_eq!(created[0]["causation_id"], scored[0]["event_id"]);
    assert_eq!(created[0]["correlation_id"], scored[0]["correlation_id"]);
    assert_eq!(created[0]["actor"]["S"], "system:notify-in-app");
    world.check_folds().await;
}

#[tokio::test]
async fn malformed_messages_are_given_back_one_by_one() {
    let world = World::start();
    let admin = world.admin().await;
    let id = world.lead(&admin, &lead_body()).await["id"].as_str().unwrap().to_owned();
    world.call("scoreLead").by(&admin).path("id", &id).send().await.expect(200);
    let messages = world.messages().await;
    let scored = messages.iter().find(|message| message["detail-type"] == "lead_scored").unwrap().clone();
    let changed = |pointer: &str, value: Value| {
        let mut message = scored.clone();
        *message.pointer_mut(pointer).unwrap() = value;
        message
    };
    let batch = [
        Value::from("not JSON"),
        json!({}),
        json!({"source": "sextant.ledger", "detail-type": "lead_scored", "detail": {}}),
        changed("/detail/data", json!({})),
        changed("/detail/data/owner_id", json!("lead_01jd2x5k8qf3v9m4t7w6z0r1sa")),
        changed("/detail/data/score", json!("high")),
        changed("/detail/tenant_id", json!("org_x")),
        changed("/detail/event_id", json!("")),
        scored.clone(),
        // An event of a kind that causes no notification.
        changed("/detail/event_type", json!("lead_painted")),
    ];
    let failed = world.notify(&batch).await.failed;
    assert_eq!(failed, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(world.events("notification_created").await.len(), 1);

    let failed = world.audit(&batch).await.failed;
    assert_eq!(failed, ["0", "1", "2", "6", "7"]);
}

#[tokio::test]
async fn notifications_are_paged_newest_first() {
    let world = World::start();
    let person = world.admin().await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        world.tick();
        expected.insert(0, world.notification(&person).await);
    }
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let call = world.call("listNotifications").by(&person).query("limit", "3");
        let call = match &cursor {
            Some(cursor) => call.query("cursor", cursor),
            None => call,
        };
        let page = call.send().await.expect(200).json();
        let ids = page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
        found.extend(ids);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(found, expected);
    assert!(Contract::get().operation("listNotifications").documents(200));
}
