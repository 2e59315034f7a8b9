//! Bills: prices of each line, budgets beside them, and what explains an amount.

use crate::analytics::{CLAUDE, DOLLAR, NOVA, NOVA_COST, check_sums, meter, nano, report, report_of};
use api_tests::World;
use domain::ai::Feature;
use ports::ModelError;
use serde_json::json;

/// A call without reported usage, which may be billed, is charged at Claude's highest input price. No token of the bill
/// has this price.
#[tokio::test]
async fn what_nobody_metered_is_presumed_and_the_bill_is_explained() {
    let world = World::start();
    let admin = world.admin().await;
    world.model().script.fail(ModelError::ProviderTimedOut);
    world.model().script.answer("A wren.");
    let ask =
        json!({"model": CLAUDE, "temperature": 0, "messages": [{"role": "user", "content": "Which bird?"}]});
    world.call("createCompletion").by(&admin).json(&ask).send().await.expect(200);
    assert_eq!(world.model().script.calls().len(), 2);
    meter(&world).await;
    let bill = report(&world, "getBilling", &admin).await;
    let line = &bill["lines"][0];
    assert_eq!(bill["lines"].as_array().unwrap().len(), 1);
    assert_eq!((&line["difference_usd"], &line["presumed_requests"]), (&json!("0.000000000"), &json!(1)));
    assert_eq!((&line["tokens"][0]["tokens"], &line["tokens"][1]["tokens"]), (&json!(1000), &json!(200)));
    let event = &world.events("ai_request_metered").await[0]["data"]["M"];
    let presumed = &event["unmetered"]["M"]["cost_nano_usd"]["N"];
    assert_eq!(nano(&bill["presumed_usd"]).to_string(), presumed.as_str().unwrap());
    assert!(nano(&bill["presumed_usd"]) > 0);
    assert_eq!(check_sums(&bill).to_string(), event["cost_nano_usd"]["N"].as_str().unwrap());
}

/// Prices for one organization that changed and ended within the month: each line is explained with the prices of its
/// time.
#[tokio::test]
async fn a_bill_explains_prices_of_the_tenants_own() {
    let world = World::start();
    let admin = world.admin().await;
    world.model().script.always("A wren.");
    let nova = |input: &str| json!({NOVA: {"input": input, "output": "0.32", "cache_read": "0.02", "cache_write": "0.08"}});
    let claude = json!({CLAUDE: {"input": "1", "output": "1", "cache_read": "1", "cache_write": "1"}});
    for (number, prices) in [nova("0.08"), nova("0.05"), claude, json!({})].into_iter().enumerate() {
        let event = json!({"organization_id": admin.tenant.to_string(), "reference": format!("contract {number}"),
            "prices": prices});
        assert_eq!(world.override_model_prices(event).await["outcome"], "changed");
        let text = format!("Which bird is number {number}?");
        let ask = json!({"model": NOVA, "temperature": 0, "messages": [{"role": "user", "content": text}]});
        world.call("createCompletion").by(&admin).json(&ask).send().await.expect(200);
    }
    meter(&world).await;
    let bill = report(&world, "getBilling", &admin).await;
    let mut told: Vec<(&str, &str, &str)> = Vec::new();
    for line in bill["lines"].as_array().unwrap() {
        assert_eq!(line["difference_usd"], "0.000000000", "{line}");
        let version = line["price_version"].as_str().unwrap();
        let (_, own) = version.split_once('+').unwrap_or((version, ""));
        told.push((
            own,
            line["tokens"][0]["price_usd"].as_str().unwrap(),
            line["amount_usd"].as_str().unwrap(),
        ));
    }
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("", "0.000000800", NOVA_COST),
            ("tenant.1", "0.000000080", "0.000144000"),
            ("tenant.2", "0.000000050", "0.000114000"),
            // This tenant's price applies to another model only.
            ("tenant.3", "0.000000800", NOVA_COST),
        ]
    );
    check_sums(&bill);
}

/// The last version is the one that a look for gaps between versions can't miss.
#[tokio::test]
async fn a_bill_whose_prices_lack_a_version_is_a_defect_and_never_a_wrong_bill() {
    for missing in [1, 2] {
        let world = World::start();
        let admin = world.admin().await;
        world.model().script.always("A wren.");
        for number in 1..=2 {
            let event = json!({"organization_id": admin.tenant.to_string(), "reference": format!("contract {number}"),
                "prices": {NOVA: {"input": "0.08", "output": format!("0.3{number}"), "cache_read": "0.02", "cache_write": "0.08"}}});
            assert_eq!(world.override_model_prices(event).await["outcome"], "changed");
            let text = format!("Which bird is number {number}?");
            let ask =
                json!({"model": NOVA, "temperature": 0, "messages": [{"role": "user", "content": text}]});
            world.call("createCompletion").by(&admin).json(&ask).send().await.expect(200);
        }
        meter(&world).await;
        report(&world, "getBilling", &admin).await;
        world
            .environment()
            .forget_event(&format!("{}#ai_prices#{}", admin.tenant, admin.tenant), missing)
            .await;
        let bill = world.call("getBilling").by(&admin).query("month", "2026-11").send().await;
        bill.problem(500, "internal_error");
    }
}

#[tokio::test]
async fn a_bill_says_how_much_of_the_budget_is_spent_and_what_was_told() {
    let world = World::start();
    let admin = world.admin().await;
    let stranger = world.admin().await;
    let empty = report(&world, "getBilling", &admin).await;
    assert_eq!((&empty["total_usd"], &empty["lines"]), (&json!("0.000000000"), &json!([])));
    let body = json!({"tenant_month_usd": "20", "tenant_day_usd": "1000", "user_day_usd": "1000",
        "feature_month_usd": {}, "expected_month_usd": "10"});
    world.call("updateBudget").by(&admin).if_match(0).json(&body).send().await.expect(200);
    for (cost, of_expected, of_limit, told) in [
        (8 * DOLLAR - 1, 79, 39, json!([])),
        (1, 80, 40, json!([80])),
        (8 * DOLLAR, 160, 80, json!([80, 100, 150])),
    ] {
        world.metered(&admin, Feature::Completion, cost).await;
        meter(&world).await;
        let bill = report(&world, "getBilling", &admin).await;
        assert_eq!(
            bill["budget"],
            json!({"tenant_month_usd": "20.000000000", "expected_month_usd": "10.000000000",
                "percent_of_limit": of_limit, "percent_of_expected": of_expected, "told_percent": told})
        );
    }
    let none = json!({"tenant_month_usd": "0", "tenant_day_usd": "0", "user_day_usd": "0", "feature_month_usd": {},
        "expected_month_usd": "0"});
    world.call("updateBudget").by(&admin).if_match(1).json(&none).send().await.expect(200);
    let bill = report(&world, "getBilling", &admin).await;
    assert_eq!(
        (&bill["budget"]["percent_of_limit"], &bill["budget"]["percent_of_expected"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(bill["total_usd"], "16.000000000");
    // Another organization has its own bill, and so has another month.
    assert_eq!(report(&world, "getBilling", &stranger).await, empty);
    let found = report(&world, "getUsage", &stranger).await;
    assert_eq!((&found["total"]["requests"], &found["by_account"]), (&json!(0), &json!([])));
    let before = report_of(&world, "getBilling", &admin, "2026-10").await;
    assert_eq!(
        (&before["total_usd"], &before["budget"]["told_percent"], &before["forecast_usd"]),
        (&json!("0.000000000"), &json!([]), &json!(null))
    );
}
