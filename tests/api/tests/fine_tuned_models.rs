//! Fine-tuned models for callers: asked on every wire, listed, in chains and allow-lists, billed, retired; and unknown to
//! every other organization.

use api_tests::{Person, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::{FineTuneId, new_id};
use ports::{DeploymentState, FileKey, JobName, JobState};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::TestTraining;

const LITE: &str = "amazon.nova-lite-v1:0";
/// The cost of a scripted answer: 1,000 tokens at $0.06 and 200 at $0.24 a million.
const ANSWER_COST: &str = "0.000108000";

/// The operations that converse.
const CONVERSATIONS: [&str; 4] =
    ["createCompletion", "createChatCompletion", "createResponse", "createMessage"];

fn file() -> String {
    let turn = |role: &str, text: &str| json!({"role": role, "content": [{"text": text}]});
    let messages = [turn("user", "Hi"), turn("assistant", "Hello")];
    let line = json!({"schemaVersion": "bedrock-conversation-2024", "messages": messages}).to_string();
    format!("{line}\n").repeat(8)
}

fn fine_tune(world: &World, number: u8) -> FineTuneId {
    new_id(world.now(), &[number; 10])
}

/// The cost of a training with this file: a token for three bytes, twice, at $2 a million.
fn training_cost() -> u64 {
    (file().len() as u64).div_ceil(3) * 2 * 2_000
}

/// Asks a model by one of the operations.
fn ask(operation: &str, model: &str) -> Value {
    let messages = json!([{"role": "user", "content": "A bird?"}]);
    match operation {
        "createResponse" => json!({"model": model, "input": "A bird?", "store": false}),
        "createMessage" => json!({"model": model, "max_tokens": 100, "messages": messages}),
        _ => json!({"model": model, "messages": messages}),
    }
}

fn budget(changes: Value) -> Value {
    let mut body = json!({"tenant_month_usd": "250", "tenant_day_usd": "25", "user_day_usd": "25",
        "feature_month_usd": {}, "expected_month_usd": "0"});
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

async fn create(world: &World, admin: &Person, training: &Arc<TestTraining>) -> FineTuneId {
    let body = json!({
        "name": "Ours", "base_model": LITE,
        "training_file": {"bytes": file().len(), "sha256": STANDARD.encode(digest(&SHA256, file().as_bytes()))},
    });
    let created = world.call("createFineTune").by(admin).json(&body).send().await.expect(201).json();
    let id = created["fine_tune"]["id"].as_str().unwrap().parse().unwrap();
    training.bring(&FileKey::new(admin.tenant, &id), file());
    world.advance_fine_tunes(training).await;
    id
}

/// A fine-tuned model of the organization: its fine-tune and its name.
async fn model(world: &World, admin: &Person, training: &Arc<TestTraining>) -> (FineTuneId, String) {
    let id = create(world, admin, training).await;
    training.end(&JobName::of(id), JobState::Completed("arn:model".to_owned()));
    world.advance_fine_tunes(training).await;
    training.deploy_as(&JobName::of(id), DeploymentState::Active("arn:deployment".to_owned()));
    world.advance_fine_tunes(training).await;
    (id, get(world, admin, &id).await["model"].as_str().unwrap().to_owned())
}

async fn get(world: &World, admin: &Person, id: &FineTuneId) -> Value {
    world.pass(1);
    world.call("getFineTune").by(admin).path("id", &id.to_string()).send().await.expect(200).json()
}

async fn listed(world: &World, by: &Person, operation: &str) -> Vec<String> {
    world.pass(1);
    let list = world.call(operation).by(by).send().await.expect(200).json();
    list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
}

async fn meter(world: &World) {
    let messages = world.messages().await.into_iter();
    let messages: Vec<Value> =
        messages.filter(|message| message["detail-type"] == "ai_request_metered").collect();
    for _ in 0..2 {
        assert_eq!(world.meter(&messages).await.failed, Vec::<String>::new());
    }
}

#[tokio::test]
async fn it_answers_on_every_wire_and_for_its_own_organization_alone() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let training = Arc::new(TestTraining::default());
    let (id, name) = model(&world, &admin, &training).await;
    assert_eq!(name, format!("ft:{LITE}:{id}"));
    world.model().script.always("A wren.");
    for operation in CONVERSATIONS {
        let answer = world.call(operation).by(&admin).json(&ask(operation, &name)).send().await.expect(200);
        assert_eq!(answer.json()["model"], name, "{operation}");
        let by_stranger = |model| world.call(operation).by(&stranger).json(&ask(operation, model)).named("x");
        let foreign = by_stranger(&name).send().await.problem(404, "model_not_found");
        let unknown = by_stranger("none").send().await;
        assert_eq!(foreign.json(), unknown.problem(404, "model_not_found").json(), "{operation}");
    }
    let calls = world.model().script.calls();
    assert_eq!(calls.len(), 4);
    assert!(calls.iter().all(|call| call.model == "arn:deployment" && call.family() == LITE));
    // Streams, too.
    let mut streamed = ask("createChatCompletion", &name);
    streamed["stream"] = json!(true);
    let refused = world.call("createChatCompletion").by(&stranger).json(&streamed).send().await;
    refused.problem(404, "model_not_found");
    world.check_folds().await;
}

#[tokio::test]
async fn it_is_listed_and_read_by_its_own_organization_alone() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let training = Arc::new(TestTraining::default());
    let (_, first) = model(&world, &admin, &training).await;
    let (_, second) = model(&world, &admin, &training).await;
    for operation in ["listModels", "listOpenaiModels"] {
        let own = listed(&world, &admin, operation).await;
        assert_eq!(own[own.len() - 2..], [second.clone(), first.clone()], "{operation}");
        assert_eq!(own[..own.len() - 2], listed(&world, &stranger, operation).await, "{operation}");
    }
    let models = world.call("listModels").by(&admin).send().await.expect(200).json();
    let find = |id: &str| models["data"].as_array().unwrap().iter().find(|model| model["id"] == id).unwrap();
    let mut expected = find(LITE).clone();
    expected["id"] = json!(first);
    assert_eq!(*find(&first), expected);
    let read = |by, id: String| world.call("getOpenaiModel").by(by).path("id", &id).send();
    assert_eq!(read(&admin, first.replace(':', "%3A")).await.expect(200).json()["id"], first);
    read(&stranger, first.clone()).await.problem(404, "model_not_found");
    read(&admin, first.replace("lite", "pro")).await.problem(404, "model_not_found");
}

#[tokio::test]
async fn one_that_is_not_done_can_t_be_asked_and_a_retired_one_neither() {
    let world = World::start();
    let admin = world.admin().await;
    let training = Arc::new(TestTraining::default());
    let id = create(&world, &admin, &training).await;
    let name = format!("ft:{LITE}:{id}");
    world.model().script.always("A wren.");
    let asked = || world.call("createCompletion").by(&admin).json(&ask("createCompletion", &name));
    asked().send().await.problem(404, "model_not_found");
    training.end(&JobName::of(id), JobState::Completed("arn:model".to_owned()));
    world.advance_fine_tunes(&training).await;
    let deploying = get(&world, &admin, &id).await;
    assert_eq!((&deploying["status"], &deploying["model"]), (&json!("deploying"), &Value::Null));
    asked().send().await.problem(404, "model_not_found");
    training.deploy_as(&JobName::of(id), DeploymentState::Active("arn:deployment".to_owned()));
    world.advance_fine_tunes(&training).await;
    asked().send().await.expect(200);
    let cancel = || world.call("cancelFineTune").by(&admin).path("id", &id.to_string());
    let retired = cancel().send().await.expect(200).json();
    assert_eq!((&retired["status"], &retired["model"]), (&json!("canceled"), &Value::Null));
    assert_eq!(cancel().send().await.expect(200).json(), retired);
    asked().send().await.problem(404, "model_not_found");
    assert!(!listed(&world, &admin, "listModels").await.contains(&name));
    for _ in 0..2 {
        world.advance_fine_tunes(&training).await;
    }
    assert!(training.deployments().is_empty());
    assert_eq!(training.discarded(), ["arn:model"]);
    world.check_folds().await;
}

#[tokio::test]
async fn it_stands_in_the_organizations_chain_and_follows_its_base_model_in_the_allow_list() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let training = Arc::new(TestTraining::default());
    let (id, name) = model(&world, &admin, &training).await;
    world.model().script.always("A wren.");
    let chain = json!({"chains": {"completion": [name]}, "allowed_models": [LITE]});
    let put = |by, version: u64, body: &Value| {
        world.call("updateBudget").by(by).if_match(version).json(&budget(body.clone())).send()
    };
    put(&admin, 0, &chain).await.expect(200);
    let unnamed = json!({"messages": [{"role": "user", "content": "A bird?"}]});
    let answer = world.call("createCompletion").by(&admin).json(&unnamed).send().await.expect(200);
    assert_eq!(answer.json()["model"], name);
    // Another organization's model, one without a fine-tune, and one of another base model are unknown.
    let other = format!("ft:amazon.nova-pro-v1:0:{id}");
    for (by, version, name) in [(&stranger, 0, &name), (&admin, 1, &other)] {
        let wrong = put(by, version, &json!({"chains": {"completion": [name]}})).await;
        assert_eq!((wrong.status, wrong.fields()), (400, vec!["/chains/completion/0".to_owned()]));
        let wrong = put(by, version, &json!({"allowed_models": [name]})).await;
        assert_eq!((wrong.status, wrong.fields()), (400, vec!["/allowed_models".to_owned()]));
    }
    // A budget with more models than it may have reads none of them.
    let many: Vec<String> = (0..200_u8).map(|at| format!("ft:{LITE}:{}", fine_tune(&world, at))).collect();
    world.environment().wire().take_calls();
    assert_eq!(put(&admin, 1, &json!({"allowed_models": many})).await.status, 400);
    let calls = world.environment().wire().take_calls();
    assert!(calls.len() <= 2, "{}", calls.len());
    // The model alone is allowed, and not its base model.
    put(&admin, 1, &json!({"allowed_models": [name]})).await.expect(200);
    let asked = |model: &str| world.call("createCompletion").by(&admin).json(&ask("createCompletion", model));
    asked(&name).send().await.expect(200);
    asked(LITE).send().await.problem(404, "model_not_found");
    put(&admin, 2, &json!({"allowed_models": ["amazon.nova-pro-v1:0"]})).await.expect(200);
    asked(&name).send().await.problem(404, "model_not_found");
    assert!(!listed(&world, &admin, "listModels").await.contains(&name));
}

#[tokio::test]
async fn its_requests_and_its_training_are_billed_to_the_nano_dollar() {
    let world = World::start();
    let admin = world.admin().await;
    let training = Arc::new(TestTraining::default());
    let (id, name) = model(&world, &admin, &training).await;
    world.model().script.always("A wren.");
    let asked = world.call("createCompletion").by(&admin).json(&ask("createCompletion", &name)).send().await;
    assert_eq!(asked.expect(200).json()["cost_usd"], ANSWER_COST);
    meter(&world).await;
    let bill = world.call("getBilling").by(&admin).send().await.expect(200).json();
    let lines = bill["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["model"], &lines[0]["amount_usd"]), (&json!(name), &json!(ANSWER_COST)));
    assert_eq!(lines[0]["difference_usd"], "0.000000000");
    let cost = training_cost();
    let dollars = |nano: u64| format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000);
    assert_eq!(
        bill["training"],
        json!([{
            "fine_tune_id": id.to_string(), "base_model": LITE, "price_version": "2026-12-01",
            "tokens": cost / 2_000, "price_usd": "0.000002000", "amount_usd": dollars(cost),
            "presumed_usd": dollars(cost),
        }])
    );
    assert_eq!(
        (&bill["total_usd"], &bill["presumed_usd"]),
        (&json!(dollars(cost + 108_000)), &json!(dollars(cost)))
    );
    let usage = world.call("getUsage").by(&admin).send().await.expect(200).json();
    let features: Vec<(&Value, &Value)> = usage["by_feature"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| (&feature["feature"], &feature["usage"]["cost_usd"]))
        .collect();
    assert_eq!(
        features,
        [(&json!("completion"), &json!(ANSWER_COST)), (&json!("fine_tuning"), &json!(dollars(cost)))]
    );
    let spent = world.call("getBudget").by(&admin).send().await.expect(200).json()["spent"].clone();
    assert_eq!(spent["feature_month_usd"]["fine_tuning"], dollars(cost));
}

#[tokio::test]
async fn training_without_room_in_a_budget_is_refused_before_it_costs_anything() {
    let world = World::start();
    let admin = world.admin().await;
    let training = Arc::new(TestTraining::default());
    let changes = json!({"feature_month_usd": {"fine_tuning": "0.000000001"}});
    world.call("updateBudget").by(&admin).if_match(0).json(&budget(changes)).send().await.expect(200);
    let id = create(&world, &admin, &training).await;
    let failed = get(&world, &admin, &id).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        failed["failure"],
        json!({"reason": "budget_exceeded", "lines": [], "message": "feature_month"})
    );
    assert!(training.started().is_empty());
    assert!(world.events("ai_request_metered").await.is_empty());
}
