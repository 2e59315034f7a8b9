//! The settings of one tenant: chains and masking, which its admins set, and prices, which only an operator sets. A
//! model that does not exist is 404 everywhere.

use api_tests::{MODELS, Person, World, lead_body};
use serde_json::{Value, json};

const NOVA: &str = "amazon.nova-pro-v1:0";
const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
const TITAN: &str = "amazon.titan-embed-text-v2:0";

fn settings(changes: Value) -> Value {
    let mut body = json!({"tenant_month_usd": "250", "tenant_day_usd": "25", "user_day_usd": "25",
        "feature_month_usd": {}, "expected_month_usd": "0"});
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

async fn set(world: &World, admin: &Person, changes: Value) -> Value {
    let put = world.call("updateBudget").by(admin).if_match(0).json(&settings(changes));
    put.send().await.expect(200).json()
}

fn unnamed(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

#[tokio::test]
async fn a_tenants_chain_answers_where_no_model_is_named() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let set =
        set(&world, &admin, json!({"chains": {"completion": [HAIKU, format!("{NOVA}:1|{HAIKU}:1")]}})).await;
    assert_eq!(set["chains"], json!({"completion": [HAIKU, format!("{NOVA}:1|{HAIKU}:1")]}));
    assert_eq!(world.call("getBudget").by(&admin).send().await.expect(200).json()["chains"], set["chains"]);
    world.model().script.always("A wren.");
    for (person, right) in [(&admin, HAIKU), (&stranger, "us.anthropic.claude-sonnet-4-5-20250929-v1:0")] {
        let asked = world.call("createCompletion").by(person).json(&unnamed("A bird?")).send().await;
        assert_eq!(asked.expect(200).json()["model"], right);
    }
    let mut named = unnamed("A bird?");
    named["model"] = json!(NOVA);
    let asked = world.call("createCompletion").by(&admin).json(&named).send().await.expect(200);
    assert_eq!(asked.json()["model"], NOVA);
    world.check_folds().await;
}

#[tokio::test]
async fn a_chain_that_can_t_be_used_is_refused_by_name() {
    let world = World::start();
    let admin = world.admin().await;
    let before = world.snapshot().await;
    for (changes, field) in [
        (json!({"chains": {"completion": ["gone"]}}), "/chains/completion/0"),
        (json!({"chains": {"completion": [NOVA, TITAN]}}), "/chains/completion/1"),
        (json!({"chains": {"completion": [HAIKU]}, "allowed_models": [NOVA]}), "/chains/completion/0"),
        (json!({"chains": {"completion": ["rules"]}}), "/chains/completion/0"),
        (json!({"chains": {"lead_scoring": ["rules", NOVA]}}), "/chains/lead_scoring/0"),
        (json!({"chains": {"lead_scoring": [NOVA, NOVA, NOVA, NOVA, NOVA, NOVA]}}), "/chains/lead_scoring"),
        (json!({"chains": {"embedding": [TITAN]}}), "/chains/embedding"),
        (json!({"chains": {"other": [NOVA]}}), "/chains"),
    ] {
        let put = world.call("updateBudget").by(&admin).if_match(0).json(&settings(changes)).send().await;
        assert_eq!((put.status, put.fields()), (400, vec![field.to_owned()]), "{}", put.body);
    }
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn a_lead_is_scored_by_the_tenants_chain_without_its_personal_data() {
    let world = World::with_chain(MODELS);
    let admin = world.admin().await;
    let mut body = lead_body();
    body["notes"] = json!("ada@x.example says the budget is approved, call +49 171 1234567");
    let lead = world.lead(&admin, &body).await;
    set(&world, &admin, json!({"chains": {"lead_scoring": [NOVA, "rules"]}, "mask_personal_data": true}))
        .await;
    let quote = "[email_1] says the budget is approved";
    let judgement = json!({
        "abstain": false, "budget": 80, "authority": 60, "need": 70, "timeline": 50, "confidence_percent": 82,
        "factors": [{"dimension": "budget", "impact": 30, "field": "notes", "quote": quote, "reason": "Money"}],
    });
    world.model().script.answer(judgement.to_string());
    let id = lead["id"].as_str().unwrap();
    let score = world.call("scoreLead").by(&admin).path("id", id).send().await.expect(200).json();
    assert_eq!((&score["model"], &score["engine"]), (&json!(NOVA), &json!("model")));
    assert_eq!(score["factors"][0]["evidence"]["quote"], "ada@x.example says the budget is approved");
    let calls = world.model().script.calls();
    assert_eq!(calls.len(), 1);
    let told = calls[0].messages[0].joined_text();
    assert!(told.contains("[email_1] says") && told.contains("call [phone_1]"), "{told}");
    assert!(!told.contains("ada@") && !told.contains("1234567"), "{told}");
}

fn prices(world_org: &str) -> Value {
    json!({"organization_id": world_org, "reference": "contract 7", "prices": {
        NOVA: {"input": "0.08", "output": "0.32", "cache_read": "0.02", "cache_write": "0.08"},
        TITAN: {"input": "0.01", "output": "0", "cache_read": "0", "cache_write": "0"}}})
}

#[tokio::test]
async fn an_operators_prices_are_charged_shown_and_named() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let event = prices(&admin.tenant.to_string());
    let answer = world.override_model_prices(event.clone()).await;
    let version = answer["price_version"].as_str().unwrap().to_owned();
    assert!(version.ends_with("+tenant.1"), "{version}");
    assert_eq!(answer["outcome"], "changed");
    assert_eq!(world.override_model_prices(event).await["outcome"], "unchanged");
    assert_eq!(world.events("ai_prices_overridden").await.len(), 1);

    world.model().script.always("A wren.");
    let mut body = unnamed("A bird?");
    body["model"] = json!(NOVA);
    let ask = async |by| world.call("createCompletion").by(by).json(&body).send().await.expect(200).json();
    let (own, usual) = (ask(&admin).await, ask(&stranger).await);
    assert_eq!((&own["cost_usd"], &own["price_version"]), (&json!("0.000144000"), &json!(version)));
    assert_eq!(usual["cost_usd"], "0.001440000");
    assert!(!usual["price_version"].as_str().unwrap().contains("tenant"));
    let vectors = json!({"model": TITAN, "texts": ["a bird"]});
    let vectors = world.call("createEmbedding").by(&admin).json(&vectors).send().await.expect(200).json();
    assert_eq!(vectors["price_version"], version);

    let list = async |by| world.call("listModels").by(by).send().await.expect(200).json();
    let input = |list: &Value| {
        let models = list["data"].as_array().unwrap();
        models.iter().find(|model| model["id"] == NOVA).unwrap()["input_usd"].clone()
    };
    let (own, usual) = (list(&admin).await, list(&stranger).await);
    assert_eq!((input(&own), &own["price_version"]), (json!("0.080"), &json!(version)));
    assert_eq!(input(&usual), "0.800");
    let metered = world.events("ai_request_metered").await;
    let versions = metered.iter().filter(|event| event["data"]["M"]["price_version"]["S"] == *version);
    assert_eq!(versions.count(), 2);
    world.check_folds().await;
}

#[tokio::test]
async fn an_operators_mistakes_are_named_and_change_nothing() {
    let world = World::start();
    let admin = world.admin().await;
    let right = prices(&admin.tenant.to_string());
    let with = |pointer: &str, value: Value| {
        let mut event = right.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let before = world.snapshot().await;
    for (event, field) in [
        (with("/organization_id", json!("org_01jd2wzq4sf1a6p8d2y7b9t3ge")), "organization_id"),
        (with("/organization_id", json!("lead_01jd2wzq4sf1a6p8d2y7b9t3ge")), "organization_id"),
        (with("/reference", json!(" ")), "reference"),
        (with("/prices", json!({"gone": right["prices"][NOVA]})), "prices"),
        (with("/prices/amazon.nova-pro-v1:0/input", json!("1e3")), "prices.amazon.nova-pro-v1:0.input"),
        (with("/prices/amazon.nova-pro-v1:0/input", json!(1)), "prices.amazon.nova-pro-v1:0.input"),
        (json!([]), "event"),
    ] {
        let answer = world.override_model_prices(event).await;
        assert_eq!((&answer["outcome"], &answer["errors"][0]["field"]), (&json!("refused"), &json!(field)));
    }
    let mut event = with("/prices/amazon.nova-pro-v1:0/input", json!(1));
    event.as_object_mut().unwrap().remove("reference");
    event["referense"] = json!("a contract");
    let answer = world.override_model_prices(event).await;
    let mut named: Vec<&str> =
        answer["errors"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, ["prices.amazon.nova-pro-v1:0.input", "reference", "referense"]);
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn a_model_that_is_not_there_is_404_on_every_route() {
    let world = World::start();
    let admin = world.admin().await;
    let turns = json!([{"role": "user", "content": "x"}]);
    let refused = async || {
        for model in ["no-such-model", "rules", "us.anthropic.claude-haiku-4-5"] {
            for (operation, body) in [
                ("createCompletion", json!({"model": model, "messages": turns})),
                ("createChatCompletion", json!({"model": model, "messages": turns})),
                ("createChatCompletion", json!({"model": model, "messages": turns, "stream": true})),
                ("createMessage", json!({"model": model, "max_tokens": 9, "messages": turns})),
                ("createEmbedding", json!({"model": model, "texts": ["x"]})),
                ("createOpenaiEmbedding", json!({"model": model, "input": "x"})),
            ] {
                let answer = world.call(operation).by(&admin).json(&body).send().await;
                answer.problem(404, "model_not_found");
            }
        }
    };
    refused().await;
    // The tenant's settings do not make an unknown name a model.
    set(&world, &admin, json!({"chains": {"completion": [NOVA]}, "allowed_models": [NOVA]})).await;
    world.override_model_prices(prices(&admin.tenant.to_string())).await;
    refused().await;
    let body = json!({"model": HAIKU, "messages": turns});
    world.call("createCompletion").by(&admin).json(&body).send().await.problem(404, "model_not_found");
    assert!(world.model().script.calls().is_empty());
}
