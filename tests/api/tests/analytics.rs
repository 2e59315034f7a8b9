//! The usage and the bill of a month are complete, exact, and visible to their own organization only.

use api_tests::{Person, World, read};
use domain::ai::{Feature, nano_usd};
use domain::id::made_at;
use domain::tenancy::Role;
use ports::AiState;
use serde_json::{Value, json};

pub(crate) const NOVA: &str = "amazon.nova-pro-v1:0";
pub(crate) const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
/// The cost of the scripted model's answer: 1,000 tokens at $0.80 and 200 at $3.20 a million.
pub(crate) const NOVA_COST: &str = "0.001440000";
pub(crate) const DOLLAR: u64 = 1_000_000_000;

/// Meters all events so far.
pub(crate) async fn meter(world: &World) {
    let messages: Vec<Value> = world
        .messages()
        .await
        .into_iter()
        .filter(|message| message["detail-type"] == "ai_request_metered")
        .collect();
    assert_eq!(world.meter(&messages).await.failed, Vec::<String>::new());
}

pub(crate) async fn report(world: &World, operation: &str, by: &Person) -> Value {
    world.call(operation).by(by).send().await.expect(200).json()
}

pub(crate) async fn report_of(world: &World, operation: &str, by: &Person, month: &str) -> Value {
    world.call(operation).by(by).query("month", month).send().await.expect(200).json()
}

pub(crate) fn usage(requests: u64, tokens: (u64, u64), cost: &str) -> Value {
    json!({"requests": requests, "cache_hits": 0, "presumed_requests": 0, "input_tokens": tokens.0,
        "output_tokens": tokens.1, "cache_read_tokens": 0, "cache_write_tokens": 0, "cost_usd": cost,
        "presumed_usd": "0.000000000"})
}

/// An amount that may be negative.
pub(crate) fn nano(amount: &Value) -> i128 {
    let text = amount.as_str().unwrap();
    let size = i128::from(nano_usd(text.trim_start_matches('-')).unwrap());
    if text.starts_with('-') { -size } else { size }
}

/// Fails unless every total of the bill is the sum of its parts. Returns the sum of its lines.
pub(crate) fn check_sums(bill: &Value) -> i128 {
    let lines = bill["lines"].as_array().unwrap();
    let mut presumed = 0;
    for line in lines {
        let tokens: i128 =
            line["tokens"].as_array().unwrap().iter().map(|kind| nano(&kind["amount_usd"])).sum();
        let explained = tokens + nano(&line["presumed_usd"]) + nano(&line["difference_usd"]);
        assert_eq!(nano(&line["amount_usd"]), explained, "{line}");
        for kind in line["tokens"].as_array().unwrap() {
            let count = i128::from(kind["tokens"].as_u64().unwrap());
            assert_eq!(nano(&kind["amount_usd"]), count * nano(&kind["price_usd"]), "{kind}");
        }
        presumed += nano(&line["presumed_usd"]);
    }
    let total = lines.iter().map(|line| nano(&line["amount_usd"])).sum();
    assert_eq!((nano(&bill["total_usd"]), nano(&bill["presumed_usd"])), (total, presumed));
    total
}

/// Several people, an API key, an answer from the cache and a process that died, through the real routes and jobs.
#[tokio::test]
async fn a_month_is_told_from_every_side() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let manager = world.colleague(&admin, Role::Manager).await;
    let key = world.api_key(&admin, &["completion:create"]).await;
    let policy = world.authorize(&key.text).await.unwrap();
    let ask = |text: &str| {
        let messages = json!([{"role": "user", "content": text}]);
        json!({"model": NOVA, "temperature": 0, "messages": messages})
    };
    world.model().script.always("A wren.");
    world.call("createCompletion").by(&admin).json(&ask("one")).send().await.expect(200);
    world.call("createCompletion").by(&rep).json(&ask("two")).send().await.expect(200);
    let hit = world.call("createCompletion").by(&rep).json(&ask("two")).send().await.expect(200);
    assert_eq!(hit.header("x-sextant-cache"), Some("hit"));
    world.call("createChatCompletion").let_in(&policy).json(&ask("three")).send().await.expect(200);
    world.call("createChatCompletion").let_in(&policy).json(&ask("four")).send().await.expect(200);
    world.abandoned(&admin, Feature::LeadScoring, 5).await;
    world.pass(61);
    world.settle_ai_usage().await;
    for _ in 0..2 {
        meter(&world).await;
    }

    let found = report(&world, "getUsage", &manager).await;
    let presumed = json!({"requests": 1, "cache_hits": 0, "presumed_requests": 1, "input_tokens": 0,
        "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0, "cost_usd": "0.000000005",
        "presumed_usd": "0.000000005"});
    let mut completions = usage(5, (4000, 800), "0.005760000");
    completions["cache_hits"] = json!(1);
    let mut total = completions.clone();
    for (field, value) in [
        ("requests", json!(6)),
        ("presumed_requests", json!(1)),
        ("cost_usd", json!("0.005760005")),
        ("presumed_usd", json!("0.000000005")),
    ] {
        total[field] = value;
    }
    let mut of_admin = usage(2, (1000, 200), "0.001440005");
    of_admin["presumed_requests"] = json!(1);
    of_admin["presumed_usd"] = json!("0.000000005");
    let mut of_rep = usage(2, (1000, 200), NOVA_COST);
    of_rep["cache_hits"] = json!(1);
    let prices: Value = serde_json::from_str(&read("shared/application/ai/src/models.json")).unwrap();
    let version = &prices["version"];
    assert_eq!(
        found,
        json!({
            "month": "2026-11",
            "total": total,
            "by_feature": [
                {"feature": "lead_scoring", "usage": presumed},
                {"feature": "completion", "usage": completions},
            ],
            "by_model": [
                {"model": NOVA, "price_version": version, "usage": completions},
                {"model": "us.amazon.nova-pro-v1:0", "price_version": "1", "usage": presumed},
            ],
            "by_account": [
                {"account_id": admin.account.to_string(), "usage": of_admin},
                {"account_id": rep.account.to_string(), "usage": of_rep},
            ],
            "by_api_key": [{"api_key_id": key.id, "usage": usage(2, (2000, 400), "0.002880000")}],
            "others": null,
            "variants": [],
        })
    );

    // It is too early for a forecast of the month.
    assert_eq!(report(&world, "getBilling", &admin).await["forecast_usd"], json!(null));
    let start = 1_793_491_200_000;
    world.pass(7 * 24 * 3600);
    let bill = report(&world, "getBilling", &admin).await;
    let charge = |kind: &str, tokens: u64, price: &str, amount: &str| json!({"kind": kind, "tokens": tokens, "price_usd": price, "amount_usd": amount});
    let unknown = ["input", "output", "cache_read", "cache_write"]
        .map(|kind| json!({"kind": kind, "tokens": 0, "price_usd": null, "amount_usd": null}));
    let nothing = "0.000000000";
    assert_eq!(
        bill,
        json!({
            "month": "2026-11", "total_usd": "0.005760005", "presumed_usd": "0.000000005",
            "forecast_usd": bill["forecast_usd"],
            "lines": [
                // The price table has no such version.
                {"feature": "lead_scoring", "model": "us.amazon.nova-pro-v1:0", "price_version": "1",
                 "requests": 1, "cache_hits": 0, "amount_usd": "0.000000005", "presumed_requests": 1,
                 "presumed_usd": "0.000000005", "difference_usd": null,
                 "tokens": unknown},
                {"feature": "completion", "model": NOVA, "price_version": version, "requests": 5,
                 "cache_hits": 1, "amount_usd": "0.005760000", "presumed_requests": 0,
                 "presumed_usd": nothing,
                 "tokens": [
                     charge("input", 4000, "0.000000800", "0.003200000"),
                     charge("output", 800, "0.000003200", "0.002560000"),
                     charge("cache_read", 0, "0.000000200", nothing),
                     charge("cache_write", 0, "0.000000800", nothing),
                 ],
                 "difference_usd": nothing},
            ],
            "budget": {"tenant_month_usd": "100.000000000", "expected_month_usd": "40.000000000",
                "percent_of_limit": 0, "percent_of_expected": 0, "told_percent": []},
            "training": [],
        })
    );
    // The report ends at the current time.
    let now = world.now().millis();
    let month = 30 * 24 * 3600 * 1000;
    let forecast = 5_760_005_i128 * month / i128::from(now - start);
    assert_eq!(nano(&bill["forecast_usd"]), forecast);
    world.check_folds().await;
}

/// The first model's answers are unusable. Both models are billed, each at its own prices.
#[tokio::test]
async fn attempts_at_other_models_are_in_those_models_lines() {
    let world = World::with_chain(api_tests::MODELS);
    let admin = world.admin().await;
    let lead = world.lead(&admin, &api_tests::lead_body()).await["id"].as_str().unwrap().to_owned();
    let good = json!({"abstain": true, "budget": 0, "authority": 0, "need": 0, "timeline": 0,
        "confidence_percent": 10, "factors": []});
    for text in ["no", "still no", &good.to_string()] {
        world.model().script.answer(text.to_owned());
    }
    world.call("scoreLead").by(&admin).path("id", &lead).send().await.expect(200);
    assert_eq!(world.model().script.calls().len(), 3);
    meter(&world).await;
    let bill = report(&world, "getBilling", &admin).await;
    let lines = bill["lines"].as_array().unwrap();
    let mut told: Vec<(u64, u64, &Value)> = lines
        .iter()
        .map(|line| {
            let tokens = line["tokens"][0]["tokens"].as_u64().unwrap();
            (line["requests"].as_u64().unwrap(), tokens, &line["difference_usd"])
        })
        .collect();
    told.sort_by_key(|(requests, _, _)| *requests);
    let exact = json!("0.000000000");
    assert_eq!(told, [(0, 2000, &exact), (1, 1000, &exact)]);
    let event = &world.events("ai_request_metered").await[0]["data"]["M"];
    assert_eq!(check_sums(&bill).to_string(), event["cost_nano_usd"]["N"].as_str().unwrap());
}

/// The request began in the last minute of a month and was swept in the next month.
#[tokio::test]
async fn a_request_counts_in_the_month_in_which_it_began() {
    let world = World::start();
    let admin = world.admin().await;
    let end = 1_796_083_200_000_i64;
    world.pass((end - world.now().millis()) / 1000 - 1);
    let reservation = world.abandoned(&admin, Feature::Completion, 40).await;
    world.metered(&admin, Feature::Completion, 2).await;
    assert_eq!(made_at(&reservation.request_id()).unwrap().millis() / 1000, end / 1000 - 1);
    world.pass(120);
    assert!(world.now().to_string().starts_with("2026-12-01T00:0"));
    world.settle_ai_usage().await;
    world.metered(&admin, Feature::Completion, 700).await;
    meter(&world).await;
    for (month, cost) in [("2026-11", "0.000000042"), ("2026-12", "0.000000700")] {
        let found = report_of(&world, "getUsage", &admin, month).await;
        assert_eq!(found["total"]["cost_usd"], cost, "{month}");
        assert_eq!(report_of(&world, "getBilling", &admin, month).await["total_usd"], cost, "{month}");
    }
    // Budgets show the same amounts.
    let state = world.environment().ai_state();
    let spent = async |at| state.spent(admin.tenant, admin.account, at).await.unwrap();
    for (at, cost) in [(reservation.at, 42), (world.now(), 700)] {
        let spent = spent(at).await;
        for counted in [spent.tenant_month, spent.tenant_day, spent.user_day, spent.feature_month[0].1] {
            assert_eq!((counted.committed, counted.settled), (cost, cost), "{at}");
        }
    }
}

#[tokio::test]
async fn the_dearest_are_listed_and_all_others_are_told_together() {
    let world = World::start();
    let admin = world.admin().await;
    for number in 1..=103_u64 {
        // One made-up account for each request; they need not exist.
        let mut person = admin.clone();
        person.account = world.context().new_id().unwrap();
        let metered = world.metered(&person, Feature::Completion, number).await;
        assert_eq!(metered.account_id, person.account);
    }
    meter(&world).await;
    let found = report(&world, "getUsage", &admin).await;
    let listed = found["by_account"].as_array().unwrap();
    let costs: Vec<i128> = listed.iter().map(|listed| nano(&listed["usage"]["cost_usd"])).collect();
    assert_eq!(costs, (4..=103).rev().collect::<Vec<i128>>());
    assert_eq!(found["others"], usage(3, (300, 150), "0.000000006"));
    assert_eq!(found["total"]["requests"], 103);
}

#[tokio::test]
async fn a_month_that_is_not_there_is_named() {
    let world = World::start();
    let admin = world.admin().await;
    let before = world.snapshot().await;
    for operation in ["getUsage", "getBilling"] {
        for wrong in [
            "",
            "2026-12",
            "2027-01",
            "2024-10",
            "1969-12",
            "2026-13",
            "2026-1",
            "2026",
            "2026-11-01",
            "now",
            " 2026-11",
            "2026-11 ",
            "2026-11#x",
            "2026-11\0",
            "'; drop table",
            "\u{ff12}026-11",
            "-026-11",
            "9999-99",
            "2026-11\u{301}",
            &"9".repeat(5000),
        ] {
            let answer = world.call(operation).by(&admin).query("month", wrong).send().await;
            let answer = answer.problem(400, "invalid_request");
            assert_eq!(answer.fields(), ["month"], "{operation} {wrong:?}");
            assert!(wrong.len() < 9 || !answer.body.contains(wrong), "{operation} {wrong:?}");
        }
        for fine in ["2026-11", "2026-10", "2024-11"] {
            assert_eq!(report_of(&world, operation, &admin, fine).await["month"], fine);
        }
        let unknown = world.call(operation).by(&admin).query("tenant", "org_x").send().await;
        assert_eq!(unknown.problem(400, "invalid_request").fields(), ["tenant"]);
        let twice = world.call(operation).by(&admin).query("month", "2026-11").query("month", "2026-10");
        assert_eq!(twice.send().await.problem(400, "invalid_request").fields(), ["month"]);
    }
    world.unchanged_since(&before).await;
}
