//! Fine-tunes: created, uploaded, checked, trained, canceled; and requests that are refused.

use api_tests::{Person, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::FineTuneId;
use ports::{DeploymentState, FileKey, JobName, JobState};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::TestTraining;

const DAY: i64 = 24 * 3600;

fn line(answer: &str) -> String {
    json!({
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "You sell."}],
        "messages": [
            {"role": "user", "content": [{"text": "zxqprivatezxq"}]},
            {"role": "assistant", "content": [{"text": answer}]},
        ],
    })
    .to_string()
}

fn file() -> String {
    (0..8).map(|number| format!("{}\n", line(&format!("Answer {number}")))).collect()
}

fn body(file: &str) -> Value {
    json!({
        "name": "Replies in our voice",
        "base_model": "amazon.nova-lite-v1:0",
        "training_file": {"bytes": file.len(), "sha256": STANDARD.encode(digest(&SHA256, file.as_bytes()))},
    })
}

async fn create(world: &World, admin: &Person, file: &str) -> (FineTuneId, FileKey) {
    let created = world.call("createFineTune").by(admin).json(&body(file)).send().await.expect(201).json();
    let id = created["fine_tune"]["id"].as_str().unwrap().parse().unwrap();
    (id, FileKey::new(admin.tenant, &id))
}

async fn get(world: &World, admin: &Person, id: &FineTuneId) -> Value {
    world.pass(1);
    world.call("getFineTune").by(admin).path("id", &id.to_string()).send().await.expect(200).json()
}

async fn cancel(world: &World, admin: &Person, id: &FineTuneId) -> Value {
    let call = world.call("cancelFineTune").by(admin).path("id", &id.to_string());
    call.send().await.expect(200).json()
}

#[tokio::test]
async fn a_file_is_brought_with_a_request_that_fits_nothing_else() {
    let world = World::start();
    let admin = world.admin().await;
    let file = file();
    let created = world.call("createFineTune").by(&admin).json(&body(&file)).send().await.expect(201).json();
    let fine_tune = &created["fine_tune"];
    assert_eq!(fine_tune["status"], "awaiting_file");
    assert_eq!(
        fine_tune["hyper_parameters"],
        json!({"epoch_count": 2, "learning_rate": 0.00001, "warmup_steps": 10})
    );
    let upload = &created["upload"];
    assert_eq!(upload["method"], "PUT");
    assert_eq!(upload["expires_at"], world.now().plus_seconds(3600).to_string());
    let id = fine_tune["id"].as_str().unwrap();
    let url = upload["url"].as_str().unwrap();
    assert!(url.contains(&format!("/fine-tunes/{}/{id}/training.jsonl?", admin.tenant)), "{url}");
    assert_eq!(upload["headers"]["content-length"], file.len().to_string());
    assert_eq!(upload["headers"]["x-amz-checksum-sha256"], body(&file)["training_file"]["sha256"]);
    // The signed upload is returned to the caller only.
    let kept = String::from_utf8_lossy(&world.bytes().await).into_owned();
    assert!(!kept.contains("X-Amz-Signature") && kept.contains(id));
    assert_eq!(get(&world, &admin, &id.parse().unwrap()).await, *fine_tune);
}

#[tokio::test]
async fn a_good_file_becomes_a_model_that_everybody_who_may_sees() {
    let world = World::start();
    let admin = world.admin().await;
    let training = Arc::new(TestTraining::default());
    let (id, place) = create(&world, &admin, &file()).await;
    world.advance_fine_tunes(&training).await;
    assert_eq!(get(&world, &admin, &id).await["status"], "awaiting_file");
    training.bring(&place, file());
    world.advance_fine_tunes(&training).await;
    let seen = get(&world, &admin, &id).await;
    assert_eq!((&seen["status"], &seen["records"]), (&json!("training"), &json!(8)));
    training.end(&JobName::of(id), JobState::Completed("arn:model".to_owned()));
    world.advance_fine_tunes(&training).await;
    world.advance_fine_tunes(&training).await;
    assert_eq!(get(&world, &admin, &id).await["status"], "deploying");
    training.deploy_as(&JobName::of(id), DeploymentState::Active("arn:deployment".to_owned()));
    world.advance_fine_tunes(&training).await;
    let seen = get(&world, &admin, &id).await;
    assert_eq!((&seen["status"], &seen["custom_model"]), (&json!("completed"), &json!("arn:model")));
    assert_eq!(seen["model"], format!("ft:amazon.nova-lite-v1:0:{id}"));
    for event in ["created", "file_accepted", "started", "trained", "completed"] {
        assert_eq!(world.events(&format!("fine_tune_{event}")).await.len(), 1, "{event}");
    }
    world.check_folds().await;
}

#[tokio::test]
async fn wrong_lines_are_named_and_nowhere_repeated() {
    let world = World::start();
    let admin = world.admin().await;
    let training = Arc::new(TestTraining::default());
    let wrong = format!("{}{{\"zxqprivatezxq\n{}\n", file(), line(" "));
    let (id, place) = create(&world, &admin, &wrong).await;
    training.bring(&place, wrong);
    world.advance_fine_tunes(&training).await;
    let seen = get(&world, &admin, &id).await;
    assert_eq!(seen["status"], "failed");
    assert_eq!(
        seen["failure"],
        json!({
            "reason": "invalid_lines",
            "lines": [{"line": 9, "reason": "not_json"}, {"line": 10, "reason": "blank_text"}],
            "message": null,
        })
    );
    assert!(training.started().is_empty());
    assert!(!String::from_utf8_lossy(&world.bytes().await).contains("zxqprivatezxq"));
}

#[tokio::test]
async fn canceling_twice_is_canceling_once() {
    let world = World::start();
    let admin = world.admin().await;
    let training = Arc::new(TestTraining::default());
    let (id, place) = create(&world, &admin, &file()).await;
    training.bring(&place, file());
    world.advance_fine_tunes(&training).await;
    let canceled = cancel(&world, &admin, &id).await;
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(cancel(&world, &admin, &id).await, canceled);
    world.advance_fine_tunes(&training).await;
    world.advance_fine_tunes(&training).await;
    assert_eq!((training.stops(), world.events("fine_tune_canceled").await.len()), (1, 1));
    assert_eq!(get(&world, &admin, &id).await["status"], "canceled");
}

#[tokio::test]
async fn a_repeated_creation_gets_the_same_one_with_a_new_upload() {
    let world = World::start();
    let admin = world.admin().await;
    let create = || world.call("createFineTune").by(&admin).json(&body(&file())).key("k1");
    let first = create().send().await.expect(201);
    world.pass(60);
    let again = create().send().await.expect(201);
    assert!(again.is_replay() && !first.is_replay());
    assert_eq!(again.json()["fine_tune"], first.json()["fine_tune"]);
    assert_ne!(again.json()["upload"], first.json()["upload"]);
    assert_eq!(world.events("fine_tune_created").await.len(), 1);
    // A fine-tune that awaits no file gets none.
    cancel(&world, &admin, &first.json()["fine_tune"]["id"].as_str().unwrap().parse().unwrap()).await;
    let canceled = create().send().await.expect(201);
    assert!(canceled.is_replay());
    assert_eq!(canceled.json()["fine_tune"], first.json()["fine_tune"]);
    assert_eq!(canceled.json().get("upload"), None);
    let other = world.call("createFineTune").by(&admin).json(&body("other")).key("k1");
    other.send().await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn they_are_listed_newest_first_and_to_nobody_else() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let mut ids = Vec::new();
    for _ in 0..3 {
        world.pass(1);
        ids.push(create(&world, &admin, &file()).await.0.to_string());
    }
    ids.reverse();
    let list = |who, query: Vec<(&'static str, String)>| {
        let call = world.call("listFineTunes").by(who);
        query.into_iter().fold(call, |call, (name, value)| call.query(name, &value))
    };
    let page = list(&admin, vec![("limit", "2".to_owned())]).send().await.expect(200).json();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let rest = list(&admin, vec![("limit", "2".to_owned()), ("cursor", cursor)]).send().await;
    let rest = rest.expect(200).json();
    let found = [&page, &rest].map(|page| page["data"].as_array().unwrap().clone()).concat();
    assert_eq!(found.iter().map(|one| one["id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    assert_eq!(rest["next_cursor"], Value::Null);
    assert_eq!(list(&stranger, vec![]).send().await.expect(200).json()["data"], json!([]));
}

#[tokio::test]
async fn a_foreign_one_is_answered_as_none() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let (id, _) = create(&world, &admin, &file()).await;
    let before = get(&world, &admin, &id).await;
    for operation in ["getFineTune", "cancelFineTune"] {
        let foreign = world.call(operation).by(&stranger).path("id", &id.to_string()).named("x").send().await;
        let none = world.call(operation).by(&stranger).path("id", "finetune_01jd2x9b4tf7c8n2s6w1z5k0qd");
        let none = none.named("x").send().await.problem(404, "not_found");
        assert_eq!(foreign.problem(404, "not_found").body, none.body, "{operation}");
    }
    assert_eq!(get(&world, &admin, &id).await, before);
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let world = World::start();
    let admin = world.admin().await;
    let before = world.snapshot().await;
    for (pointer, field, value) in [
        ("/name", "name", json!(" ")),
        ("/name", "name", json!("n".repeat(101))),
        ("/base_model", "base_model", json!("")),
        ("/base_model", "base_model", json!("a\0b")),
        ("/base_model", "base_model", json!("m".repeat(101))),
        ("/training_file/bytes", "training_file.bytes", json!(0)),
        ("/training_file/bytes", "training_file.bytes", json!(100_000_001)),
        ("/training_file/sha256", "training_file.sha256", json!("")),
        ("/training_file/sha256", "training_file.sha256", json!("../../etc/passwd")),
        ("/training_file/sha256", "training_file.sha256", json!(format!("{}=", "A".repeat(42)))),
        ("/training_file/sha256", "training_file.sha256", json!(format!("{}B=", "A".repeat(42)))),
        ("/hyper_parameters", "hyper_parameters.epoch_count", json!({"epoch_count": 6})),
        ("/hyper_parameters", "hyper_parameters.epoch_count", json!({"epoch_count": 0})),
        ("/hyper_parameters", "hyper_parameters.learning_rate", json!({"learning_rate": 0.001})),
        ("/hyper_parameters", "hyper_parameters.learning_rate", json!({"learning_rate": -1.0})),
        ("/hyper_parameters", "hyper_parameters.warmup_steps", json!({"warmup_steps": 101})),
    ] {
        let mut wrong = body(&file());
        wrong["hyper_parameters"] = json!({});
        *wrong.pointer_mut(pointer).unwrap() = value;
        let answer = world.call("createFineTune").by(&admin).json(&wrong).send().await;
        let problem = answer.problem(400, "invalid_request").json();
        let field = format!("/{}", field.replace('.', "/"));
        assert_eq!(problem["errors"][0]["field"], field, "{wrong}");
    }
    for unknown in ["no-such-model", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "self-hosted"] {
        let mut wrong = body(&file());
        wrong["base_model"] = unknown.into();
        let answer = world.call("createFineTune").by(&admin).json(&wrong).send().await;
        answer.problem(404, "model_not_found");
    }
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn an_organization_creates_twenty_a_day() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    for _ in 0..20 {
        let (id, _) = create(&world, &admin, &file()).await;
        cancel(&world, &admin, &id).await;
    }
    let one_more = || world.call("createFineTune").by(&admin).json(&body(&file()));
    one_more().send().await.problem(429, "rate_limited");
    create(&world, &stranger, &file()).await;
    world.pass(DAY / 20);
    one_more().send().await.expect(201);
}

#[tokio::test]
async fn an_organization_has_three_that_have_not_ended() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let training = Arc::new(TestTraining::default());
    let (first, place) = create(&world, &admin, &file()).await;
    training.bring(&place, file());
    world.advance_fine_tunes(&training).await;
    for _ in 0..2 {
        create(&world, &admin, &file()).await;
    }
    let one_more = || world.call("createFineTune").by(&admin).json(&body(&file()));
    let before = world.snapshot().await;
    one_more().send().await.problem(429, "rate_limited");
    world.unchanged_since(&before).await;
    create(&world, &stranger, &file()).await;
    // The provider trains until it reports that it stopped.
    cancel(&world, &admin, &first).await;
    one_more().send().await.problem(429, "rate_limited");
    world.advance_fine_tunes(&training).await;
    world.advance_fine_tunes(&training).await;
    one_more().send().await.expect(201);
}

#[tokio::test]
async fn a_repeated_creation_counts_for_nothing() {
    let world = World::start();
    let admin = world.admin().await;
    let keyed = |key: &'static str| world.call("createFineTune").by(&admin).json(&body(&file())).key(key);
    keyed("k1").send().await.expect(201);
    for _ in 0..20 {
        assert!(keyed("k1").send().await.expect(201).is_replay());
    }
    for key in ["k2", "k3"] {
        keyed(key).send().await.expect(201);
    }
    // The answer of a refused request is not repeated.
    keyed("k4").send().await.problem(429, "rate_limited");
    assert!(keyed("k1").send().await.expect(201).is_replay());
    let id = keyed("k1").send().await.json()["fine_tune"]["id"].as_str().unwrap().parse().unwrap();
    cancel(&world, &admin, &id).await;
    assert!(!keyed("k4").send().await.expect(201).is_replay());
}

#[tokio::test]
async fn a_model_that_the_budget_does_not_allow_is_none() {
    let world = World::start();
    let admin = world.admin().await;
    let budget = json!({
        "tenant_month_usd": "1", "tenant_day_usd": "1", "user_day_usd": "1", "feature_month_usd": {},
        "expected_month_usd": "1", "allowed_models": ["amazon.nova-pro-v1:0"],
    });
    world.call("updateBudget").by(&admin).if_match(0).json(&budget).send().await.expect(200);
    let mut asked = body(&file());
    let ask = |body: &Value| world.call("createFineTune").by(&admin).json(body);
    ask(&asked).send().await.problem(404, "model_not_found");
    assert!(world.events("fine_tune_created").await.is_empty());
    asked["base_model"] = "amazon.nova-pro-v1:0".into();
    ask(&asked).send().await.expect(201);
}
