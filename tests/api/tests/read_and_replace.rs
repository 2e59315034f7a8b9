//! The answer of a GET can be sent back with PUT: members that a caller can't set may be in it, and must be as they were.

use api_tests::{World, lead_body};
use serde_json::{Value, json};

#[tokio::test]
async fn what_get_returned_can_be_sent_back() {
    let world = World::start();
    let person = &world.admin().await;
    let lead = world.lead(person, &lead_body()).await["id"].as_str().unwrap().to_owned();
    world.call("scoreLead").by(person).path("id", &lead).send().await.expect(200);
    let read = world.get_lead(person, &lead).await.json();
    let replace = |body: &Value| {
        let call = world.call("updateLead").by(person).path("id", &lead).json(body);
        call.if_match(read["version"].as_u64().unwrap()).send()
    };
    // Nothing changed, so nothing is written.
    let before = world.snapshot().await;
    assert_eq!(replace(&read).await.expect(200).json(), read);
    world.unchanged_since(&before).await;
    // A read-only field is reported if it was changed.
    for (name, value) in [
        ("id", json!("lead_01jd2x5k8qf3v9m4t7w6z0r1sa")),
        ("owner_id", json!("somebody")),
        ("score", json!(100)),
        ("score_breakdown", json!(null)),
        ("scored_at", json!("2026-01-01T00:00:00Z")),
        ("created_at", json!("2026-01-01T00:00:00Z")),
        ("updated_at", json!(7)),
        ("version", json!(99)),
    ] {
        let mut changed = read.clone();
        changed[name] = value;
        changed["contact_email"] = "nobody".into();
        let answer = replace(&changed).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), [format!("/{name}"), "/contact_email".to_owned()]);
        assert_eq!(answer.json()["errors"][0]["code"], "read_only");
    }
    world.unchanged_since(&before).await;
    // One field is changed, and the rest is sent as it was read.
    let mut changed = read.clone();
    changed["industry"] = "Shipping".into();
    assert_eq!(replace(&changed).await.expect(200).json()["industry"], "Shipping");
    // An outdated copy is refused, whatever is in it.
    replace(&changed).await.problem(412, "precondition_failed");
}

#[tokio::test]
async fn a_budget_that_was_read_can_be_sent_back() {
    let world = World::start();
    let person = &world.admin().await;
    for version in [0, 1] {
        let mut read = world.call("getBudget").by(person).send().await.expect(200).json();
        assert_eq!(read["version"], version);
        read["expected_month_usd"] = format!("{version}.500000000").into();
        // Amounts spent meanwhile are no reason to refuse it.
        read["spent"]["tenant_month_usd"] = "3.000000000".into();
        let replace =
            |body: &Value| world.call("updateBudget").by(person).if_match(version).json(body).send();
        let mut changed = read.clone();
        changed["version"] = 7.into();
        changed["updated_at"] = "2026-01-01T00:00:00Z".into();
        let answer = replace(&changed).await.problem(400, "invalid_request");
        let mut fields = answer.fields();
        fields.sort_unstable();
        assert_eq!(fields, ["/updated_at", "/version"]);
        let after = replace(&read).await.expect(200).json();
        assert_eq!(after["expected_month_usd"], read["expected_month_usd"]);
    }
}
