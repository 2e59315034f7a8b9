//! Splits of an organization's own chain: an end user keeps a side on every route, nothing of the user's name is kept or
//! sent, and the usage of a month tells the sides apart, for this organization alone.

use api_tests::{MODELS, Person, World, lead_body};
use domain::tenancy::Role;
use ports::ModelError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NOVA: &str = "amazon.nova-pro-v1:0";
const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

fn split() -> String {
    format!("{NOVA}:50|{HAIKU}:50")
}

/// Sets the chains of the admin's organization.
async fn choose(world: &World, admin: &Person, chains: Value) {
    let body = json!({"tenant_month_usd": "250", "tenant_day_usd": "25", "user_day_usd": "25",
        "feature_month_usd": {}, "expected_month_usd": "0", "chains": chains});
    world.call("updateBudget").by(admin).if_match(0).json(&body).send().await.expect(200);
}

/// A world whose first organization splits its conversations.
async fn splitting() -> (World, Person) {
    let world = World::start();
    let admin = world.admin().await;
    choose(&world, &admin, json!({"completion": [split(), SONNET]})).await;
    world.model().script.always("A wren.");
    (world, admin)
}

/// The model that this request gets; the rate limit is never reached.
async fn model(world: &World, by: &Person, operation: &str, members: Value) -> String {
    world.pass(60);
    let turns = json!([{"role": "user", "content": "A bird?"}]);
    let mut body = match operation {
        "createCompletion" => json!({ "messages": turns }),
        "createChatCompletion" => json!({"model": "auto", "messages": turns}),
        "createResponse" => json!({"model": "auto", "input": "A bird?"}),
        "createMessage" => json!({"model": "auto", "max_tokens": 100, "messages": turns}),
        other => panic!("{other} answers no conversation"),
    };
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let answer = world.call(operation).by(by).json(&body).send().await.expect(200);
    answer.json()["model"].as_str().unwrap().to_owned()
}

/// The members by which each route takes the end user's name.
fn naming(user: &str) -> [(&'static str, Value); 6] {
    [
        ("createCompletion", json!({ "user": user })),
        ("createChatCompletion", json!({ "user": user })),
        ("createChatCompletion", json!({"safety_identifier": user, "user": "somebody else"})),
        ("createResponse", json!({ "user": user })),
        ("createResponse", json!({"safety_identifier": user, "user": "somebody else"})),
        ("createMessage", json!({"metadata": {"user_id": user, "plan": 7}})),
    ]
}

/// End users on the sides of Nova and of Haiku.
async fn one_of_each(world: &World, by: &Person) -> [String; 2] {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for number in 0..40 {
        let user = format!("wanda-{number}");
        let side = model(world, by, "createCompletion", json!({ "user": user })).await;
        found.entry(side).or_insert(user);
    }
    [NOVA, HAIKU].map(|side| found[side].clone())
}

async fn meter(world: &World) {
    let messages = world.messages().await;
    let metered: Vec<Value> =
        messages.into_iter().filter(|message| message["detail-type"] == "ai_request_metered").collect();
    assert_eq!(world.meter(&metered).await.failed, Vec::<String>::new());
}

async fn variants(world: &World, by: &Person) -> Value {
    world.call("getUsage").by(by).send().await.expect(200).json()["variants"].clone()
}

#[tokio::test]
async fn an_end_user_keeps_a_side_on_every_route_whoever_asks() {
    let (world, admin) = splitting().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let users = one_of_each(&world, &admin).await;
    for (user, side) in users.iter().zip([NOVA, HAIKU]) {
        for by in [&admin, &rep] {
            for (operation, members) in naming(user) {
                assert_eq!(
                    model(&world, by, operation, members.clone()).await,
                    side,
                    "{operation} {members}"
                );
            }
        }
    }
    // Nothing tells who they are: neither what is stored nor what a provider got.
    let stored = world.bytes().await;
    let told: Vec<String> =
        world.model().script.calls().iter().map(|call| format!("{:?}{}", call, call.system)).collect();
    for text in [stored.as_slice(), told.concat().as_bytes()] {
        assert!(!text.windows(6).any(|bytes| bytes == b"wanda-"));
    }
    world.check_folds().await;
}

#[tokio::test]
async fn without_an_end_user_the_account_or_the_key_keeps_its_side() {
    let (world, admin) = splitting().await;
    let mut sides: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..20 {
        let by = world.colleague(&admin, Role::SalesRep).await;
        let side = model(&world, &by, "createCompletion", json!({})).await;
        // A blank name is none.
        let blank = if number % 2 == 0 { json!({"user": null}) } else { json!({"user": " "}) };
        assert_eq!(model(&world, &by, "createCompletion", blank).await, side);
        for operation in ["createChatCompletion", "createResponse", "createMessage"] {
            assert_eq!(model(&world, &by, operation, json!({})).await, side, "{operation}");
        }
        *sides.entry(side).or_default() += 1;
    }
    assert_eq!(sides.keys().collect::<Vec<_>>(), [NOVA, HAIKU]);
}

#[tokio::test]
async fn a_name_that_is_too_long_is_named_where_it_was_sent() {
    let (world, admin) = splitting().await;
    let before = world.snapshot().await;
    let long = "x".repeat(513);
    let turns = json!([{"role": "user", "content": "A bird?"}]);
    for (operation, members, field) in [
        ("createCompletion", json!({ "user": long }), "/user"),
        ("createChatCompletion", json!({ "user": long }), "/user"),
        ("createChatCompletion", json!({ "safety_identifier": long }), "/safety_identifier"),
        ("createChatCompletion", json!({"safety_identifier": "a", "user": long}), "/user"),
        ("createMessage", json!({"max_tokens": 9, "metadata": {"user_id": long}}), "/metadata/user_id"),
        ("createMessage", json!({"max_tokens": 9, "metadata": {"user_id": 7}}), "/metadata/user_id"),
    ] {
        let mut body = json!({"model": NOVA, "messages": turns});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let refused = world.call(operation).by(&admin).json(&body).send().await;
        assert_eq!(refused.status, 400, "{operation}: {}", refused.body);
        assert!(refused.fields().iter().any(|name| name == field), "{operation}: {}", refused.body);
        assert!(!refused.body.contains("xxx"), "{operation}");
    }
    let body = json!({"model": NOVA, "input": "A bird?", "safety_identifier": long});
    let refused = world.call("createResponse").by(&admin).json(&body).send().await;
    assert_eq!((refused.status, refused.json()["error"]["param"].clone()), (400, json!("safety_identifier")));
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn the_usage_tells_the_sides_apart_and_counts_every_request_once() {
    let (world, admin) = splitting().await;
    let stranger = world.admin().await;
    let [of_nova, of_haiku] = one_of_each(&world, &admin).await;
    // Into the next month, where only the following requests count.
    world.pass(31 * 24 * 3600);
    let ask = async |user: &str| {
        let messages = json!([{"role": "user", "content": "Which bird?"}]);
        let body = json!({"messages": messages, "temperature": 0, "user": user});
        world.call("createCompletion").by(&admin).json(&body).send().await
    };
    for cache in ["miss", "hit", "hit"] {
        assert_eq!(ask(&of_nova).await.expect(200).header("x-sextant-cache"), Some(cache));
    }
    // The other side does not get that completion. Its model fails, and the next one of the chain answers.
    world.model().script.fail(ModelError::NoSuchModel);
    assert_eq!(ask(&of_haiku).await.expect(200).json()["model"], SONNET);
    let others = json!({"messages": [{"role": "user", "content": "Which bird?"}]});
    world.call("createCompletion").by(&stranger).json(&others).send().await.expect(200);
    for _ in 0..3 {
        meter(&world).await;
        let found = variants(&world, &admin).await;
        let usage = |requests: u64, hits: u64, cost: &str| {
            json!({"requests": requests, "cache_hits": hits, "presumed_requests": 0, "input_tokens": 1000,
                "output_tokens": 200, "cache_read_tokens": 0, "cache_write_tokens": 0, "cost_usd": cost,
                "presumed_usd": "0.000000000"})
        };
        let latency = |at: usize| found[at]["mean_latency_ms"].as_u64().unwrap();
        assert_eq!(
            found,
            json!([
                {"feature": "completion", "experiment": split(), "variant": NOVA,
                 "usage": usage(3, 2, "0.001440000"), "failed_requests": 0, "timed_requests": 1,
                 "mean_latency_ms": latency(0)},
                {"feature": "completion", "experiment": split(), "variant": HAIKU,
                 "usage": usage(1, 0, "0.006600000"), "failed_requests": 0, "timed_requests": 1,
                 "mean_latency_ms": latency(1)},
            ])
        );
        assert_eq!(variants(&world, &stranger).await, json!([]));
    }
    // The month before has the requests that found the users.
    let before = world.call("getUsage").by(&admin).query("month", "2026-11").send().await.expect(200).json();
    let requests = before["variants"].as_array().unwrap().iter().map(|it| it["usage"]["requests"].as_u64());
    assert_eq!(requests.map(Option::unwrap).sum::<u64>(), 40);
    world.check_folds().await;
}

#[tokio::test]
async fn a_lead_keeps_its_side_and_a_failure_counts_for_it() {
    let world = World::with_chain(MODELS);
    let admin = world.admin().await;
    choose(&world, &admin, json!({"lead_scoring": [split(), "rules"]})).await;
    let lead = world.lead(&admin, &lead_body()).await["id"].as_str().unwrap().to_owned();
    let good = json!({"abstain": true, "budget": 0, "authority": 0, "need": 0, "timeline": 0,
        "confidence_percent": 10, "factors": []});
    world.model().script.answer(good.to_string());
    let score = async || world.call("scoreLead").by(&admin).path("id", &lead).send().await.expect(200).json();
    let side = score().await["model"].as_str().unwrap().to_owned();
    assert!([NOVA, HAIKU].contains(&side.as_str()));
    let mut body = lead_body();
    body["company_size"] = json!(7);
    world.call("updateLead").by(&admin).path("id", &lead).if_match(2).json(&body).send().await.expect(200);
    world.model().script.fail(ModelError::NoSuchModel);
    assert_eq!(score().await["engine"], "rules");
    assert_eq!(world.model().script.asked(), [side.clone(), side.clone()]);
    meter(&world).await;
    let found = variants(&world, &admin).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    let told =
        ["feature", "experiment", "variant", "failed_requests", "timed_requests"].map(|name| &found[0][name]);
    assert_eq!(told, [&json!("lead_scoring"), &json!(split()), &json!(side), &json!(1), &json!(2)]);
    assert_eq!(found[0]["usage"]["requests"], 2);
}
