//! The calls of each route to the store, one after the other or at the same time, and the capacity that they use. A
//! changed number here changes the bill, so it must change on purpose.

use api_tests::{ApiKey, Call, Person, World, lead_body};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use testkit::Fault;

struct Scene {
    world: World,
    person: Person,
    lead: String,
    notification: String,
    api_key: ApiKey,
}

impl Scene {
    async fn start() -> Self {
        let world = World::start();
        let person = world.admin().await;
        let mut lead = String::new();
        for _ in 0..3 {
            world.pass(60);
            lead = world.lead(&person, &lead_body()).await["id"].as_str().unwrap().to_owned();
        }
        world.call("scoreLead").by(&person).path("id", &lead).send().await.expect(200);
        let notification = world.notification(&person).await;
        world.call("getProfile").by(&person).send().await.expect(200);
        let api_key = world.api_key(&person, &["model:read"]).await;
        Self { world, person, lead, notification, api_key }
    }

    fn call(&self, operation: &str) -> Call<'_> {
        self.world.call(operation).by(&self.person)
    }

    /// The calls of a request by name, each with its capacity.
    async fn calls(&self, call: Call<'_>) -> Vec<(String, f64)> {
        self.world.environment().wire().take_calls();
        let answer = call.send().await;
        assert!(answer.status < 300, "{}", answer.body);
        let calls = self.world.environment().wire().take_calls();
        let mut calls: Vec<(String, f64)> =
            calls.into_iter().map(|call| (call.operation, call.capacity)).collect();
        calls.sort_by(|a, b| a.0.cmp(&b.0));
        calls
    }
}

#[tokio::test]
async fn every_route_makes_the_calls_it_needs_and_no_more() {
    let scene = Scene::start().await;
    let update = |version: u64, size: u64| {
        let mut body = lead_body();
        body["company_size"] = size.into();
        scene.call("updateLead").path("id", &scene.lead).if_match(version).json(&body)
    };
    let lead = |operation: &str| scene.call(operation).path("id", &scene.lead);
    let mark = || scene.call("markNotificationRead").path("id", &scene.notification);
    let revoke = || scene.call("revokeApiKey").path("id", &scene.api_key.id);
    // Read units of reads, write units of writes; a transaction's items count twice.
    type Expected<'a> = &'a [(&'a str, f64)];
    let table: Vec<(&str, Call<'_>, Expected<'_>)> = vec![
        ("getLead", lead("getLead"), &[("GetItem", 1.0), ("UpdateItem", 1.0)]),
        ("getProfile", scene.call("getProfile"), &[("BatchGetItem", 4.0), ("UpdateItem", 1.0)]),
        ("getOrganization", scene.call("getOrganization"), &[("GetItem", 1.0), ("UpdateItem", 1.0)]),
        ("getFlags", scene.call("getFlags"), &[("GetItem", 1.0), ("UpdateItem", 1.0)]),
        ("listLeads", scene.call("listLeads"), &[("Query", 1.0), ("UpdateItem", 1.0)]),
        (
            "listLeads by score",
            scene.call("listLeads").query("sort", "score"),
            &[("Query", 1.0), ("UpdateItem", 1.0)],
        ),
        ("listNotifications", scene.call("listNotifications"), &[("Query", 0.5), ("UpdateItem", 1.0)]),
        ("createLead", scene.call("createLead").json(&lead_body()), &[("TransactWriteItems", 16.0)]),
        (
            "createLead with a key",
            scene.call("createLead").json(&lead_body()).key("k1"),
            &[("TransactWriteItems", 18.0)],
        ),
        ("updateLead", update(2, 7), &[("BatchGetItem", 2.0), ("TransactWriteItems", 20.0)]),
        ("updateLead by the same", update(3, 7), &[("BatchGetItem", 2.0)]),
        (
            "scoreLead",
            lead("scoreLead"),
            &[("BatchGetItem", 2.0), ("TransactWriteItems", 28.0), ("UpdateItem", 1.0)],
        ),
        ("deleteLead", lead("deleteLead"), &[("GetItem", 1.0), ("TransactWriteItems", 20.0)]),
        ("deleteLead again", lead("deleteLead"), &[("GetItem", 1.0)]),
        ("markNotificationRead", mark(), &[("GetItem", 1.0), ("TransactWriteItems", 5.0)]),
        ("markNotificationRead again", mark(), &[("GetItem", 1.0)]),
        (
            "createApiKey",
            scene.call("createApiKey"),
            &[("Query", 0.5), ("TransactWriteItems", 5.0), ("UpdateItem", 1.0)],
        ),
        (
            "createApiKey with a key",
            scene.call("createApiKey").key("k2"),
            &[("PutItem", 1.0), ("Query", 0.5), ("TransactWriteItems", 7.0), ("UpdateItem", 1.0)],
        ),
        ("listApiKeys", scene.call("listApiKeys"), &[("Query", 0.5), ("Query", 0.5), ("UpdateItem", 1.0)]),
        ("listMembers", scene.call("listMembers"), &[("Query", 0.5), ("UpdateItem", 1.0)]),
        ("revokeApiKey", revoke(), &[("GetItem", 1.0), ("TransactWriteItems", 5.0)]),
        ("revokeApiKey again", revoke(), &[("GetItem", 1.0)]),
        (
            "getBudget",
            scene.call("getBudget"),
            &[("BatchGetItem", 11.0), ("GetItem", 1.0), ("UpdateItem", 1.0)],
        ),
        (
            "getUsage",
            scene.call("getUsage"),
            &[("Query", 0.5), ("Query", 0.5), ("Query", 0.5), ("Query", 0.5), ("UpdateItem", 1.0)],
        ),
        (
            "getBilling",
            scene.call("getBilling"),
            &[("GetItem", 1.0), ("GetItem", 1.0), ("Query", 0.5), ("UpdateItem", 1.0)],
        ),
        (
            "updateBudget",
            scene.call("updateBudget").if_match(0),
            &[("GetItem", 1.0), ("TransactWriteItems", 4.0)],
        ),
        ("updateBudget to the same", scene.call("updateBudget").if_match(1), &[("GetItem", 1.0)]),
        ("logout without a session", scene.call("logout"), &[("GetItem", 1.0)]),
        ("getHealth", scene.world.call("getHealth"), &[("GetItem", 0.5)]),
        ("getJwks", scene.world.call("getJwks"), &[]),
        ("getOpenidConfiguration", scene.world.call("getOpenidConfiguration"), &[]),
        ("listSessions", scene.call("listSessions"), &[("Query", 0.5), ("UpdateItem", 1.0)]),
        ("revokeOtherSessions without others", scene.call("revokeOtherSessions"), &[("Query", 0.5)]),
        ("getOpenapi", scene.world.call("getOpenapi"), &[]),
        ("getApiDocs", scene.world.call("getApiDocs"), &[]),
    ];
    let mut wrong = Vec::new();
    for (name, call, expected) in table {
        let calls = scene.calls(call).await;
        let expected: Vec<(String, f64)> =
            expected.iter().map(|(operation, capacity)| ((*operation).to_owned(), *capacity)).collect();
        if calls != expected {
            wrong.push(format!("{name}: {calls:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// In addition to writing a score: one look-up, one reservation and one settlement; for a cached answer, the look-up
/// and the record. Three limits are counted: that of scores, that of models, and that of models for the organization.
#[tokio::test]
async fn a_model_s_score_takes_three_calls_more_and_a_kept_one_two() {
    let world = World::with_chain(api_tests::MODELS);
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await["id"].as_str().unwrap().to_owned();
    let answer = json!({"abstain": true, "budget": 0, "authority": 0, "need": 0, "timeline": 0,
        "confidence_percent": 10, "factors": []});
    world.model().script.answer(answer.to_string());
    let mut seen = Vec::new();
    for _ in 0..2 {
        world.environment().wire().take_calls();
        world.call("scoreLead").by(&person).path("id", &lead).send().await.expect(200);
        let calls = world.environment().wire().take_calls();
        let mut names: Vec<String> = calls.into_iter().map(|call| call.operation).collect();
        names.sort();
        seen.push(names);
    }
    let (limits, reads) = (["UpdateItem"; 3], ["BatchGetItem"; 2]);
    // Reservation, settlement and score. Processes begin to count answers at a random number below ten: for one of ten this
    // is the tenth answer, which is reported to the breaker with two further calls.
    let reported = ["UpdateItem"; 5];
    let expected =
        |updates: &[&'static str]| [reads.as_slice(), &["TransactWriteItems"; 3], updates].concat();
    assert!(seen[0] == expected(&limits) || seen[0] == expected(&reported), "{:?}", seen[0]);
    // Record and score.
    assert_eq!(seen[1], [reads.as_slice(), &["PutItem", "TransactWriteItems"], &limits].concat());
}

/// The calls that check a bearer token.
async fn judged(scene: &Scene, token: &str) -> Vec<(String, f64)> {
    scene.world.environment().wire().take_calls();
    scene.world.authorize(token).await.unwrap();
    let calls = scene.world.environment().wire().take_calls();
    calls.into_iter().map(|call| (call.operation, call.capacity)).collect()
}

#[tokio::test]
async fn judging_an_api_key_is_one_read_and_once_an_hour_one_write() {
    let scene = Scene::start().await;
    let (read, write) = (("GetItem".to_owned(), 1.0), ("UpdateItem".to_owned(), 1.0));
    let key = &scene.api_key.text;
    assert_eq!(judged(&scene, key).await, [read.clone(), write.clone()]);
    for _ in 0..5 {
        scene.world.pass(600);
        assert_eq!(judged(&scene, key).await, std::slice::from_ref(&read));
    }
    scene.world.pass(600);
    assert_eq!(judged(&scene, key).await, [read, write]);
}

/// Holds the first call to the database until the second one arrives. Returns whether it never arrived.
fn alone(world: &World) -> Arc<AtomicBool> {
    let alone = Arc::new(AtomicBool::new(false));
    let (arrived, told) = ((Mutex::new(0), Condvar::new()), Arc::clone(&alone));
    world.environment().wire().gate(move || {
        let mut calls = arrived.0.lock().unwrap();
        *calls += 1;
        arrived.1.notify_all();
        let patience = Duration::from_secs(10);
        let waited = arrived.1.wait_timeout_while(calls, patience, |calls| *calls < 2).unwrap().1;
        told.fetch_or(waited.timed_out(), Ordering::SeqCst);
        true
    });
    alone
}

#[tokio::test]
async fn counting_a_read_takes_no_time_of_its_own() {
    let scene = Scene::start().await;
    for operation in ["getLead", "listLeads", "getProfile"] {
        let call = scene.call(operation);
        let call = if operation == "getLead" { call.path("id", &scene.lead) } else { call };
        let alone = alone(&scene.world);
        call.send().await.expect(200);
        assert!(!alone.load(Ordering::SeqCst), "{operation} reads and counts one after the other");
    }
}

#[tokio::test]
async fn a_cold_process_reads_the_tenants_key_once() {
    let scene = Scene::start().await;
    let keys = scene.world.environment().tenant_keys();
    keys.forget();
    let before = keys.calls();
    let calls = scene.calls(scene.call("createLead").json(&lead_body())).await;
    assert_eq!(
        calls.iter().map(|call| call.0.as_str()).collect::<Vec<_>>(),
        ["GetItem", "TransactWriteItems"]
    );
    let calls = scene.calls(scene.call("createLead").json(&lead_body())).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(keys.calls(), before + 1);

    // When a lead is changed, the data key is read together with the lead.
    keys.forget();
    let mut body = lead_body();
    body["company_size"] = json!(8);
    let update = scene.call("updateLead").path("id", &scene.lead).if_match(2).json(&body);
    let calls = scene.calls(update).await;
    assert_eq!(
        calls.iter().map(|call| call.0.as_str()).collect::<Vec<_>>(),
        ["BatchGetItem", "TransactWriteItems"]
    );
}

#[tokio::test]
async fn a_replayed_creation_is_one_refused_write_and_one_read() {
    let scene = Scene::start().await;
    let create = || scene.call("createLead").json(&lead_body()).key("k1");
    create().send().await.expect(201);
    let calls = scene.calls(create()).await;
    let names: Vec<&str> = calls.iter().map(|call| call.0.as_str()).collect();
    assert_eq!(names, ["GetItem", "TransactWriteItems"]);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_unavailable_and_nothing_is_done() {
    for (operation, request) in [
        ("GetItem", "getLead"),
        ("Query", "listLeads"),
        ("TransactWriteItems", "createLead"),
        ("BatchGetItem", "scoreLead"),
        ("UpdateItem", "getOrganization"),
    ] {
        let scene = Scene::start().await;
        let before = scene.world.snapshot().await;
        let wire = scene.world.environment().wire();
        // More failures than the retries of the adapter.
        for _ in 0..20 {
            wire.fail_next(operation, Fault::Answer(500, json!({"__type": "InternalServerError"})));
        }
        let call = scene.call(request);
        let call =
            if ["getLead", "scoreLead"].contains(&request) { call.path("id", &scene.lead) } else { call };
        let answer = call.send().await;
        assert_eq!(
            (answer.status, answer.code()),
            (503, "unavailable".into()),
            "{operation}: {}",
            answer.body
        );
        assert!(wire.faults_left() > 0, "{operation} was tried twenty times");
        scene.world.unchanged_since(&before).await;
    }
}

#[tokio::test]
async fn a_lost_answer_creates_once() {
    let scene = Scene::start().await;
    let before = scene.world.events("lead_created").await.len();
    scene.world.environment().wire().fail_next("TransactWriteItems", Fault::LostAnswer);
    let created = scene.call("createLead").json(&lead_body()).send().await.expect(201).json();
    assert_eq!(scene.world.events("lead_created").await.len(), before + 1);
    let lead: Value = scene.world.get_lead(&scene.person, created["id"].as_str().unwrap()).await.json();
    assert_eq!(lead, created);
}

#[tokio::test]
async fn a_request_that_is_late_is_told_so() {
    let scene = Scene::start().await;
    scene.world.environment().wire().fail_next("GetItem", Fault::Delay(Duration::from_millis(400)));
    let call = scene.call("getLead").path("id", &scene.lead).within(Duration::from_millis(100));
    let answer = call.send().await.problem(503, "deadline_exceeded");
    assert_eq!(answer.header("Retry-After"), Some("1"));
}
