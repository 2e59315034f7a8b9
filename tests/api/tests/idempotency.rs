//! A repeated request gets the answer of the first one, and its work is done once.

mod scoring;

use api_tests::{Answer, Contract, MODELS, World, lead_body, thin_body};
use application_sales::erase_lead_contact;
use domain::authority::WriteLeads;
use domain::tenancy::Role;
use futures_util::future::join_all;
use ports::ModelError;
use serde_json::{Value, json};

fn judgement() -> String {
    json!({
        "abstain": false, "budget": 80, "authority": 60, "need": 70, "timeline": 50, "confidence_percent": 82,
        "factors": [{"dimension": "budget", "impact": 30, "field": "notes", "quote": "the budget is approved",
            "reason": "Money is there"}],
    })
    .to_string()
}

#[track_caller]
fn assert_replay(first: &Answer, again: &Answer) {
    assert!(!first.is_replay(), "the first answer is no replay");
    assert!(again.is_replay(), "{again:?}");
    assert_eq!(first.essence(), again.essence());
}

#[tokio::test]
async fn a_repeated_creation_is_answered_alike_and_done_once() {
    let world = World::start();
    let person = world.admin().await;
    let create = || world.call("createLead").by(&person).json(&lead_body()).key("k1");
    let first = create().send().await.expect(201);
    for _ in 0..3 {
        world.pass(3600);
        assert_replay(&first, &create().send().await.expect(201));
    }
    assert_eq!(world.events("lead_created").await.len(), 1);
}

#[tokio::test]
async fn a_replay_from_a_ledger_with_a_gap_is_a_defect_that_is_told_once() {
    let world = World::start();
    let person = world.admin().await;
    let create = || world.call("createLead").by(&person).json(&lead_body()).key("k1");
    let lead = create().send().await.expect(201).json();
    let id = lead["id"].as_str().unwrap();
    let mut body = lead_body();
    body["company_size"] = json!(7);
    world.call("updateLead").by(&person).path("id", id).if_match(1).json(&body).send().await.expect(200);
    // The state has version 2, so the answer is made from the ledger, in which the first event is missing.
    world.environment().forget_event(&format!("{}#lead#{id}", person.tenant), 1).await;
    let (answer, lines) = edge::log::capture(create().send()).await;
    answer.problem(500, "internal_error");
    let told: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line.get("Defects").is_some())
        .collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    assert_eq!(told[0]["Defect"], "IncompleteHistory");
    assert_eq!((&told[0]["aggregate_id"], &told[0]["missing_version"]), (&json!(id), &json!(1)));
}

#[tokio::test]
async fn another_request_with_the_same_key_is_refused() {
    let world = World::start();
    let person = world.admin().await;
    world.call("createLead").by(&person).json(&lead_body()).key("k1").send().await.expect(201);
    let before = world.snapshot().await;
    let other = world.call("createLead").by(&person).json(&thin_body()).key("k1").send().await;
    other.problem(422, "idempotency_key_reused");
    let mut nearly = lead_body();
    nearly["company_name"] = format!("{}.", nearly["company_name"].as_str().unwrap()).into();
    let other = world.call("createLead").by(&person).json(&nearly).key("k1").send().await;
    other.problem(422, "idempotency_key_reused");
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn the_same_document_written_otherwise_is_the_same_request() {
    let world = World::start();
    let person = world.admin().await;
    let create = |text: &str| world.call("createLead").by(&person).text(text).key("k1").send();
    let first = create(r#"{"company_name": "Caf\u00e9/Bar", "company_size": 850, "industry": null}"#)
        .await
        .expect(201);
    for same in [
        r#"{"company_name":"Café/Bar","company_size":850,"industry":null}"#,
        r#"{"industry":null,"company_size":850,"company_name":"Caf\u00E9\/Bar"}"#,
        " {\n  \"company_size\": 850,\n  \"industry\": null,\n  \"company_name\": \"Café/Bar\"\n}\n",
    ] {
        assert_replay(&first, &create(same).await.expect(201));
    }
    let other = create(r#"{"company_name":"Café/Bar","company_size":851,"industry":null}"#).await;
    other.problem(422, "idempotency_key_reused");
    assert_eq!(world.events("lead_created").await.len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_one_person_and_one_operation() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let colleague = world.colleague(&person, Role::Admin).await;
    let stranger = world.admin().await;
    let mut ids = Vec::new();
    for who in [&person, &colleague, &stranger] {
        let answer = world.call("createLead").by(who).json(&lead_body()).key("k1").send().await.expect(201);
        assert!(!answer.is_replay());
        ids.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
    world.model().script.answer(judgement());
    let scored = world.call("scoreLead").by(&person).path("id", &ids[0]).key("k1").send().await.expect(200);
    assert!(!scored.is_replay());
}

#[tokio::test]
async fn a_replay_shows_what_the_first_answer_showed_whatever_happened_since() {
    let world = World::start();
    let person = world.admin().await;
    let create = || world.call("createLead").by(&person).json(&lead_body()).key("k1");
    let first = create().send().await.expect(201);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let mut changed = lead_body();
    changed["company_name"] = "Another name".into();
    world.call("updateLead").by(&person).path("id", &id).if_match(1).json(&changed).send().await.expect(200);
    assert_replay(&first, &create().send().await.expect(201));
    world.call("scoreLead").by(&person).path("id", &id).send().await.expect(200);
    assert_replay(&first, &create().send().await.expect(201));
}

#[tokio::test]
async fn what_was_deleted_is_not_shown_again() {
    let world = World::start();
    let person = world.admin().await;
    let create = || world.call("createLead").by(&person).json(&lead_body()).key("k1").send();
    let id = create().await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let score = || world.call("scoreLead").by(&person).path("id", &id).key("k2").send();
    let ids = json!({"lead_ids": [id]});
    let score_many = || world.call("scoreLeads").by(&person).json(&ids).key("k3").send();
    score().await.expect(200);
    let many = score_many().await.expect(200);
    assert_eq!(many.json()["data"][0]["status"], "scored");
    assert!(score_many().await.expect(200).is_replay());
    world.call("deleteLead").by(&person).path("id", &id).send().await.expect(204);
    let before = world.snapshot().await;

    let created = create().await.problem(410, "gone");
    let scored = score().await.problem(404, "not_found");
    let many = score_many().await.expect(200);
    assert_eq!(many.json()["data"][0]["status"], "not_found");
    assert!(many.json()["data"][0]["score"].is_null());
    for answer in [created, scored, many] {
        for shown in ["Grace Hopper", "grace.hopper", "Contoso", "the budget is approved"] {
            assert!(!answer.body.contains(shown), "{}", answer.body);
        }
    }
    world.unchanged_since(&before).await;
    // With another key the lead is created again.
    world.call("createLead").by(&person).json(&lead_body()).key("k4").send().await.expect(201);
}

#[tokio::test]
async fn a_revoked_api_key_is_not_shown_again() {
    let world = World::start();
    let person = world.admin().await;
    let body = json!({"name": "importer", "scopes": ["model:read"]});
    let create = || world.call("createApiKey").by(&person).json(&body).key("k1").send();
    let id = create().await.expect(201).json()["id"].as_str().unwrap().to_owned();
    assert!(create().await.expect(201).is_replay());
    world.call("revokeApiKey").by(&person).path("id", &id).send().await.expect(204);
    let again = create().await.problem(410, "gone");
    assert!(!again.body.contains(&id) && !again.body.contains("importer"), "{}", again.body);
}

#[tokio::test]
async fn strangers_who_register_with_the_same_key_do_not_meet() {
    let world = World::start();
    let register = |email: &str| {
        let body = json!({"email": email, "password": "correct horse battery staple", "name": "Ada",
            "organization_name": "Northwind"});
        world.call("registerAccount").json(&body).key("1").send()
    };
    let ada = register("ada@northwind.example").await.expect(201);
    let eve = register("eve@contoso.example").await.expect(201);
    assert!(!eve.is_replay());
    assert_ne!(ada.json()["account_id"], eve.json()["account_id"]);
    assert_replay(&ada, &register("ada@northwind.example").await.expect(201));
    assert_replay(&eve, &register("eve@contoso.example").await.expect(201));
}

#[tokio::test]
async fn two_lines_of_a_key_are_refused_on_every_route_that_takes_one() {
    let world = World::start();
    let person = world.admin().await;
    let before = world.snapshot().await;
    let mut routes = 0;
    for operation in Contract::get().operations() {
        if !operation.parameters_in("header").any(|parameter| parameter.name == "Idempotency-Key") {
            continue;
        }
        let call = world.call(&operation.id);
        let call = if operation.public { call } else { call.by(&person) };
        let answer = call.header_lines("Idempotency-Key", &["k1", "k2"]).send().await;
        // The sample of a route with a path names an object that this person does not have.
        if answer.status != 404 {
            answer.clone().problem(400, "invalid_request");
            // Other formats than problem documents name a header like a field of the body, too.
            let named = answer.fields().into_iter().filter(|field| !field.starts_with('/'));
            assert_eq!(named.collect::<Vec<_>>(), ["Idempotency-Key"], "{}", operation.id);
            routes += 1;
        }
    }
    assert!(routes >= 4, "{routes}");
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn a_replay_after_erasure_is_the_first_answer_without_the_person() {
    let world = World::start();
    let person = world.admin().await;
    let create = || world.call("createLead").by(&person).json(&lead_body()).key("k1");
    let first = create().send().await.expect(201);
    let id = first.json()["id"].as_str().unwrap().parse().unwrap();
    let caller = person.caller();
    let authority = caller.authorize::<WriteLeads>().unwrap();
    erase_lead_contact(world.store().as_ref(), &world.context(), &authority, &id).await.unwrap();
    let again = create().send().await.expect(201);
    assert!(again.is_replay());
    let mut expected = first.json();
    for erased in ["contact_name", "contact_email", "contact_phone", "notes"] {
        assert!(!expected[erased].is_null());
        expected[erased] = Value::Null;
    }
    assert_eq!(again.json(), expected);
}

#[tokio::test]
async fn concurrent_duplicates_create_once() {
    let world = World::start();
    let person = world.admin().await;
    let create = || world.call("createLead").by(&person).json(&lead_body()).key("k1").send();
    let answers = join_all((0..20).map(|_| create())).await;
    let first: Vec<&Answer> = answers.iter().filter(|answer| !answer.is_replay()).collect();
    assert_eq!(first.len(), 1);
    for answer in &answers {
        assert_eq!(answer.essence(), first[0].essence());
    }
    assert_eq!(world.events("lead_created").await.len(), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let world = World::start();
    let person = world.admin().await;
    let create = || world.call("createLead").by(&person).json(&lead_body()).key("k1");
    let first = create().send().await.expect(201);
    world.pass(24 * 3600 - 1);
    assert!(create().send().await.expect(201).is_replay());
    world.pass(1);
    let anew = create().send().await.expect(201);
    assert!(!anew.is_replay());
    assert_ne!(first.json()["id"], anew.json()["id"]);
}

#[tokio::test]
async fn a_refused_creation_does_not_use_up_its_key() {
    let world = World::start();
    let person = world.admin().await;
    world
        .call("createLead")
        .by(&person)
        .json(&json!({"company_name": ""}))
        .key("k1")
        .send()
        .await
        .expect(400);
    world.call("createLead").by(&person).json(&lead_body()).key("k1").send().await.expect(201);
}

#[tokio::test]
async fn a_repeated_registration_is_answered_alike_and_done_once() {
    let world = World::start();
    let body = |name: &str| {
        json!({"email": "ada@northwind.example", "password": "correct horse battery staple", "name": name,
            "organization_name": "Northwind"})
    };
    let register = |name: &str| world.call("registerAccount").json(&body(name)).key("k1").send();
    let first = register("Ada").await.expect(201);
    assert_replay(&first, &register("Ada").await.expect(201));
    register("Eve").await.problem(422, "idempotency_key_reused");
    let mut other_password = body("Ada");
    other_password["password"] = "another horse battery staple".into();
    let other_password = world.call("registerAccount").json(&other_password).key("k1").send().await;
    other_password.problem(422, "idempotency_key_reused");
    let without_key = world.call("registerAccount").json(&body("Ada")).send().await;
    without_key.problem(409, "email_taken");
    let other_key = world.call("registerAccount").json(&body("Ada")).key("k2").send().await;
    other_key.problem(409, "email_taken");
    assert_eq!(world.events("account_registered").await.len(), 1);
    assert_eq!(world.events("organization_registered").await.len(), 1);
}

#[tokio::test]
async fn marking_a_notification_with_a_key_is_replayed() {
    let world = World::start();
    let person = world.admin().await;
    let (one, other) = (world.notification(&person).await, world.notification(&person).await);
    let mark =
        |id: &str, key: &str| world.call("markNotificationRead").by(&person).path("id", id).key(key).send();
    let first = mark(&one, "k1").await.expect(200);
    world.pass(60);
    assert_replay(&first, &mark(&one, "k1").await.expect(200));
    mark(&other, "k1").await.problem(422, "idempotency_key_reused");
    // Another request that marks it again changes nothing.
    let again = mark(&one, "k2").await.expect(200);
    assert!(!again.is_replay());
    assert_eq!(again.json(), first.json());
    assert_eq!(world.events("notification_read").await.len(), 1);
    assert_eq!(mark(&other, "k3").await.expect(200).json()["id"], other);
}
