//! The cost of requests to models afterwards: the charge for requests whose end was never recorded, and the limits of a
//! tenant.

use api_tests::World;
use domain::ai::Feature;
use domain::tenancy::Role;
use ports::AiState;
use serde_json::{Value, json};

const DOLLAR: u64 = 1_000_000_000;

#[tokio::test]
async fn a_request_that_nobody_ends_is_charged_once_by_the_minute() {
    let world = World::start();
    let admin = world.admin().await;
    let reservation = world.abandoned(&admin, Feature::Completion, 1_000).await;
    world.settle_ai_usage().await;
    assert_eq!(world.events("ai_request_metered").await.len(), 0);
    world.pass(61);
    for _ in 0..2 {
        world.settle_ai_usage().await;
        let events = world.events("ai_request_metered").await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["aggregate_id"]["S"], reservation.request_id().to_string());
        let data = &events[0]["data"]["M"];
        assert_eq!(
            (&data["outcome"]["S"], &data["cost_nano_usd"]["N"]),
            (&json!("presumed"), &json!("1000"))
        );
    }
    let spent = world.environment().ai_state().spent(admin.tenant, admin.account, world.now()).await.unwrap();
    assert_eq!((spent.tenant_month.committed, spent.tenant_month.settled), (1_000, 1_000));
    world.check_folds().await;
}

fn limits() -> Value {
    json!({"tenant_month_usd": "250", "tenant_day_usd": "25.50", "user_day_usd": "5",
        "feature_month_usd": {"completion": "40"}, "expected_month_usd": "120",
        "allowed_models": ["us.amazon.nova-pro-v1:0"]})
}

#[tokio::test]
async fn a_budget_is_that_of_a_new_tenant_until_it_is_set() {
    let world = World::start();
    let admin = world.admin().await;
    let manager = world.colleague(&admin, Role::Manager).await;
    let stranger = world.admin().await;
    let get = async |by| world.call("getBudget").by(by).send().await.expect(200);
    let unset = get(&manager).await;
    assert_eq!(unset.header("ETag"), Some("\"0\""));
    let nothing = json!({"tenant_month_usd": "0.000000000", "tenant_day_usd": "0.000000000",
        "user_day_usd": "0.000000000", "feature_month_usd": {}});
    assert_eq!(
        unset.json(),
        json!({"tenant_month_usd": "100.000000000", "tenant_day_usd": "20.000000000",
            "user_day_usd": "5.000000000", "feature_month_usd": {}, "expected_month_usd": "40.000000000",
            "allowed_models": null, "chains": {}, "mask_personal_data": false, "version": 0, "updated_at": null, "spent": nothing})
    );

    let put = |seen| world.call("updateBudget").by(&admin).if_match(seen).json(&limits());
    put(1).send().await.problem(412, "precondition_failed");
    let set = put(0).send().await.expect(200);
    assert_eq!(set.header("ETag"), Some("\"1\""));
    let mut expected = json!({"tenant_month_usd": "250.000000000", "tenant_day_usd": "25.500000000",
        "user_day_usd": "5.000000000", "feature_month_usd": {"completion": "40.000000000"},
        "expected_month_usd": "120.000000000", "allowed_models": ["us.amazon.nova-pro-v1:0"], "chains": {},
        "mask_personal_data": false, "version": 1,
        "updated_at": world.now().to_string()});
    assert_eq!(set.json(), expected);
    put(0).send().await.problem(412, "precondition_failed");
    expected["spent"] = nothing;
    assert_eq!(get(&manager).await.json(), expected);
    // The setting applies to no other tenant.
    assert_eq!(get(&stranger).await.json(), unset.json());

    // Setting the same values is not a change.
    world.pass(60);
    let again = put(1).send().await.expect(200);
    assert_eq!((again.header("ETag"), &again.json()), (Some("\"1\""), &set.json()));
    assert_eq!(world.events("ai_budget_set").await.len(), 1);
    world.call("updateBudget").by(&admin).json(&limits()).send().await.problem(428, "precondition_required");
    world.check_folds().await;
}

#[tokio::test]
async fn two_changes_at_once_are_one() {
    let world = World::start();
    let admin = world.admin().await;
    for seen in 0..3 {
        let put = |month: &str| {
            let mut body = limits();
            body["tenant_month_usd"] = month.into();
            world.call("updateBudget").by(&admin).if_match(seen).json(&body).send()
        };
        let (one, other) = (format!("{}", 10 + seen), format!("{}", 20 + seen));
        let (one, other) = futures_util::future::join(put(&one), put(&other)).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
    assert_eq!(world.events("ai_budget_set").await.len(), 3);
}

#[tokio::test]
async fn the_budget_shows_what_was_spent() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    world.metered(&admin, Feature::Completion, 3 * DOLLAR + 100_000_000).await;
    world.metered(&rep, Feature::LeadScoring, 44_220_000_000).await;
    // Reserved amounts are not spent.
    world.abandoned(&admin, Feature::Completion, DOLLAR).await;
    let body = world.call("getBudget").by(&admin).send().await.expect(200).json();
    assert_eq!(
        body["spent"],
        json!({"tenant_month_usd": "47.320000000", "tenant_day_usd": "47.320000000",
            "user_day_usd": "3.100000000",
            "feature_month_usd": {"completion": "3.100000000", "lead_scoring": "44.220000000"}})
    );
    world.pass(24 * 3600);
    let body = world.call("getBudget").by(&admin).send().await.expect(200).json();
    assert_eq!(body["spent"]["tenant_month_usd"], "47.320000000");
    assert_eq!(body["spent"]["tenant_day_usd"], "0.000000000");
}

#[tokio::test]
async fn amounts_that_are_not_exact_are_named() {
    let world = World::start();
    let admin = world.admin().await;
    let before = world.snapshot().await;
    for (field, pointer, value) in [
        ("tenant_month_usd", "/tenant_month_usd", json!("1e3")),
        ("tenant_day_usd", "/tenant_day_usd", json!("0.0000000001")),
        ("user_day_usd", "/user_day_usd", json!("-5")),
        ("expected_month_usd", "/expected_month_usd", json!("1000000000.1")),
        ("tenant_month_usd", "/tenant_month_usd", json!(250)),
        ("feature_month_usd", "/feature_month_usd/completion", json!({"completion": "5 USD"})),
        ("feature_month_usd", "/feature_month_usd/completion", json!({"completion": null})),
        ("feature_month_usd", "/feature_month_usd", json!({"mind_reading": "5"})),
        ("allowed_models", "/allowed_models", json!([])),
        ("allowed_models", "/allowed_models", json!(["gpt-99"])),
    ] {
        let mut body = limits();
        body[field] = value;
        let answer = world.call("updateBudget").by(&admin).if_match(0).json(&body).send().await;
        assert_eq!((answer.status, answer.fields()), (400, vec![pointer.to_owned()]), "{}", answer.body);
    }
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn a_model_that_is_not_allowed_is_not_listed() {
    let world = World::start();
    let admin = world.admin().await;
    let all = world.call("listModels").by(&admin).send().await.expect(200).json();
    assert!(all["data"].as_array().unwrap().len() > 1);
    world.call("updateBudget").by(&admin).if_match(0).json(&limits()).send().await.expect(200);
    let allowed = world.call("listModels").by(&admin).send().await.expect(200).json();
    let names: Vec<&str> =
        allowed["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["us.amazon.nova-pro-v1:0"]);
}
