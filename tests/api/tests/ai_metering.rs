//! Requests to models are counted into their month exactly once, and thresholds are reported.

use api_tests::{Person, World};
use domain::ai::{Feature, Month};
use domain::tenancy::Role;
use futures_util::future::join_all;
use ports::{AiUsage, AiUsageSum, UsageByAsker, UsageLine};
use serde_json::{Value, json};
use testkit::Fault;

const DOLLAR: u64 = 1_000_000_000;

type Lines = Vec<(UsageLine, AiUsageSum)>;

async fn usage(world: &World, of: &Person) -> (Lines, UsageByAsker) {
    let (usage, month) = (world.environment().ai_usage(), Month::of(world.now()));
    let mut askers = usage.askers(of.tenant, &month, 100).await.unwrap();
    askers.accounts.sort_by_key(|(id, _)| *id);
    (usage.lines(of.tenant, &month).await.unwrap(), askers)
}

/// The requests and the cost of the month by its lines. The total for thresholds must be the same.
async fn total(world: &World, of: &Person) -> (u64, u64) {
    let (lines, _) = usage(world, of).await;
    let total = lines.into_iter().fold(AiUsageSum::default(), |total, (_, sum)| total.plus(sum));
    let cost = world.environment().ai_usage().month_cost(of.tenant, &Month::of(world.now())).await.unwrap();
    assert_eq!(cost, total.cost);
    (total.requests, total.cost)
}

/// The events of metered requests.
async fn metered(world: &World) -> Vec<Value> {
    let messages = world.messages().await;
    messages.into_iter().filter(|message| message["detail-type"] == "ai_request_metered").collect()
}

async fn reached(world: &World) -> Vec<u64> {
    let events = world.events("ai_budget_threshold_reached").await;
    events.iter().map(|event| event["data"]["M"]["percent"]["N"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn every_request_is_counted_once_however_often_it_is_told() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let stranger = world.admin().await;
    world.metered(&admin, Feature::Completion, 700).await;
    world.metered(&rep, Feature::LeadScoring, 20).await;
    world.metered(&rep, Feature::Completion, 1).await;
    world.metered(&stranger, Feature::Completion, 5_000).await;
    let messages = metered(&world).await;
    assert_eq!(messages.len(), 4);
    let sum = |requests, cost| AiUsageSum {
        requests,
        input_tokens: 100 * requests,
        output_tokens: 50 * requests,
        cost,
        ..AiUsageSum::default()
    };
    let line = |feature| UsageLine {
        feature,
        model: "us.amazon.nova-pro-v1:0".to_owned(),
        price_version: "1".to_owned(),
    };
    let mut accounts = vec![(admin.account, sum(1, 700)), (rep.account, sum(2, 21))];
    accounts.sort_by_key(|(id, _)| *id);
    let expected = (
        vec![(line(Feature::LeadScoring), sum(1, 20)), (line(Feature::Completion), sum(2, 701))],
        UsageByAsker { accounts, api_keys: vec![], complete: true },
    );
    for _ in 0..3 {
        let again: Vec<Value> = messages.iter().chain(&messages).cloned().collect();
        assert_eq!(world.meter(&again).await.failed, Vec::<String>::new());
        assert_eq!(usage(&world, &admin).await, expected);
        assert_eq!(total(&world, &stranger).await, (1, 5_000));
    }
    assert_eq!(reached(&world).await, Vec::<u64>::new());
}

#[tokio::test]
async fn consumers_at_once_count_every_request_once() {
    let world = World::start();
    let admin = world.admin().await;
    for _ in 0..12 {
        world.metered(&admin, Feature::Completion, 10).await;
    }
    let messages = metered(&world).await;
    for delivered in join_all((0..4).map(|_| world.meter(&messages))).await {
        assert_eq!(delivered.failed, Vec::<String>::new());
    }
    assert_eq!(total(&world, &admin).await, (12, 120));
}

#[tokio::test]
async fn a_month_ends() {
    let world = World::start();
    let admin = world.admin().await;
    world.metered(&admin, Feature::Completion, 700).await;
    world.pass(31 * 24 * 3600);
    world.metered(&admin, Feature::Completion, 1).await;
    world.meter(&metered(&world).await).await;
    assert_eq!(total(&world, &admin).await, (1, 1));
}

#[tokio::test]
async fn whoever_set_the_budget_is_told_once_of_each_part_that_is_reached() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let body = json!({"tenant_month_usd": "1000", "tenant_day_usd": "1000", "user_day_usd": "1000",
        "feature_month_usd": {}, "expected_month_usd": "10"});
    world.call("updateBudget").by(&admin).if_match(0).json(&body).send().await.expect(200);
    for (cost, parts) in [
        (7 * DOLLAR, &[][..]),
        (DOLLAR, &[80]),
        (DOLLAR, &[80]),
        (7 * DOLLAR, &[80, 100, 150]),
        (100 * DOLLAR, &[80, 100, 150]),
    ] {
        world.pass(1);
        world.metered(&rep, Feature::Completion, cost).await;
        // All events so far are delivered again, several times.
        for _ in 0..2 {
            assert_eq!(world.meter(&metered(&world).await).await.failed, Vec::<String>::new());
            let mut told = reached(&world).await;
            told.sort_unstable();
            assert_eq!(told, parts, "after {cost}");
        }
    }
    for _ in 0..2 {
        let messages = world.messages().await;
        assert_eq!(world.notify(&messages).await.failed, Vec::<String>::new());
    }
    let list = world.call("listNotifications").by(&admin).send().await.expect(200).json();
    let mut told: Vec<(u64, String)> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| {
            assert_eq!(told["kind"], "ai_budget_threshold_reached");
            assert_eq!(told["params"]["month"], "2026-11");
            (told["params"]["percent"].as_u64().unwrap(), told["title"].as_str().unwrap().to_owned())
        })
        .collect();
    told.sort();
    let title = |percent| format!("Models cost {percent} % of what a month usually does, in 2026-11");
    assert_eq!(told, [80, 100, 150].map(|percent| (percent, title(percent))));
    let none = world.call("listNotifications").by(&rep).send().await.expect(200).json();
    assert_eq!(none["data"], json!([]));
    // The next month starts at zero.
    world.pass(31 * 24 * 3600);
    world.metered(&rep, Feature::Completion, 8 * DOLLAR).await;
    world.meter(&metered(&world).await).await;
    assert_eq!(reached(&world).await.len(), 4);
    world.check_folds().await;
}

/// Several consumers find that a threshold is reached; one of them reports it.
#[tokio::test]
async fn consumers_at_once_tell_each_part_once() {
    let world = World::start();
    let admin = world.admin().await;
    for _ in 0..16 {
        world.metered(&admin, Feature::Completion, 4 * DOLLAR).await;
    }
    let messages = metered(&world).await;
    assert_eq!(messages.len(), 16);
    let mut again: Vec<Value> = Vec::new();
    // Each consumer gets a part of the events, and all events are delivered twice.
    let batches: Vec<&[Value]> = messages.chunks(2).chain(messages.chunks(5)).collect();
    for (delivered, batch) in
        join_all(batches.iter().map(|batch| world.meter(batch))).await.into_iter().zip(&batches)
    {
        again.extend(delivered.failed.iter().map(|number| batch[number.parse::<usize>().unwrap()].clone()));
    }
    // Deliveries that failed because another consumer was faster are repeated.
    assert_eq!(world.meter(&again).await.failed, Vec::<String>::new());
    let mut told = reached(&world).await;
    told.sort_unstable();
    assert_eq!(told, [80, 100, 150]);
    assert_eq!(total(&world, &admin).await, (16, 64 * DOLLAR));
    world.check_folds().await;
}

/// The process died after it counted the request; the next delivery reports the threshold.
#[tokio::test]
async fn what_could_not_be_told_is_told_by_the_next_delivery() {
    let world = World::start();
    let admin = world.admin().await;
    world.metered(&admin, Feature::Completion, 40 * DOLLAR).await;
    let messages = metered(&world).await;
    let refused = json!({"__type": "com.amazon.coral.validate#ValidationException", "message": "no"});
    world.environment().wire().fail_next("GetItem", Fault::Answer(400, refused));
    assert_eq!(world.meter(&messages).await.failed, ["0"]);
    assert_eq!((total(&world, &admin).await, reached(&world).await), ((1, 40 * DOLLAR), vec![]));
    assert_eq!(world.meter(&messages).await.failed, Vec::<String>::new());
    assert_eq!((total(&world, &admin).await, reached(&world).await), ((1, 40 * DOLLAR), vec![80, 100]));
    // Nobody set this budget, so nobody is notified.
    assert_eq!(world.notify(&world.messages().await).await.failed, Vec::<String>::new());
    let none = world.call("listNotifications").by(&admin).send().await.expect(200).json();
    assert_eq!(none["data"], json!([]));
}

#[tokio::test]
async fn malformed_messages_are_given_back_and_count_nothing() {
    let world = World::start();
    let admin = world.admin().await;
    world.metered(&admin, Feature::Completion, 7).await;
    let good = metered(&world).await.remove(0);
    let mut messages = Vec::new();
    for (place, wrong) in [
        ("/detail/event_type", json!("lead_scored")),
        ("/detail/schema_version", json!(2)),
        ("/detail/tenant_id", json!("org_x")),
        ("/detail/event_id", json!("")),
        ("/detail/data/cost_nano_usd", json!(-1)),
        ("/detail/data/request_id", json!("aireq_00000000000000000000000000")),
        ("/detail/data/feature", json!("mind_reading")),
        ("/detail/data", json!(null)),
    ] {
        let mut message = good.clone();
        *message.pointer_mut(place).unwrap() = wrong;
        messages.push(message);
    }
    let wrong: Vec<String> = (0..messages.len()).map(|number| number.to_string()).collect();
    messages.push(good);
    assert_eq!(world.meter(&messages).await.failed, wrong);
    assert_eq!(total(&world, &admin).await, (1, 7));
}
