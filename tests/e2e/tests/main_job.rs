//! The main job from registration to the audit log, over the real queues.

use adapter_dynamodb::DynamoAuditLog;
use e2e_tests::{
    Aws, BusTap, MODEL, Organization, PERSONAL, bus_event, events_of, eventually, judgement, lead, model,
    plain, soon, table,
};
use ports::AuditLog;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn leads_are_scored_listed_notified_and_audited() {
    let tap = BusTap::open("main-job-tap");
    let organization = Organization::register("main-job");
    let admin = &organization.admin;
    let model = model();

    let scored_by_model = score(&organization, "Northwind Logistics", || {
        model.script(&[json!({"tool_input": judgement(90, 80, 70, 60)})]);
    });
    assert_eq!((&scored_by_model["engine"], &scored_by_model["model"]), (&json!("model"), &json!(MODEL)));

    // Each way in which the model fails; then the rules score, and the score says so.
    let failures = [
        json!([{"status": 429, "retry_after": 1}]),
        json!([{"status": 500}]),
        json!([{"text": "{\"abstain\": fal"}, {"text": "I would rather not."}]),
    ];
    let mut by_rules = Vec::new();
    for (failure, company) in failures.iter().zip(["Throttled Ltd", "Broken Ltd", "Babbling Ltd"]) {
        let scored = score(&organization, company, || model.script(failure.as_array().unwrap()));
        assert_eq!((&scored["engine"], &scored["model"]), (&json!("rules"), &json!("rules")), "{failure}");
        assert!(scored["score"].as_u64().is_some_and(|score| score > 50), "{scored}");
        by_rules.push(scored);
    }
    // An unusable completion is paid for; a completion that never came is not.
    let cost = |scored: &Value| scored["cost_usd"].as_str().unwrap().parse::<f64>().unwrap();
    assert_eq!((cost(&by_rules[0]), cost(&by_rules[1])), (0.0, 0.0));
    assert!(cost(&by_rules[2]) > 0.0);
    // Failures that may pass are tried three times; an unusable completion is repaired once.
    assert_eq!(model.calls().len(), 1 + 3 + 3 + 2);
    drop(model);

    // Too little data: there is no number that looks like a score.
    let poor = admin.post("/v1/leads", &json!({"company_name": "Unknown Ltd"})).json(201);
    let listed = admin.get("/v1/leads?sort=score").json(200);
    let scores: Vec<Option<u64>> =
        listed["data"].as_array().unwrap().iter().map(|lead| lead["score"].as_u64()).collect();
    assert_eq!(scores.len(), 5);
    assert!(scores.is_sorted_by(|a, b| a >= b), "highest first, without a score last: {scores:?}");
    assert_eq!(listed["data"][4]["id"], poor["id"]);

    let expected: BTreeSet<&str> =
        by_rules.iter().chain([&scored_by_model]).filter_map(|scored| scored["lead_id"].as_str()).collect();
    let about = |notifications: &[Value]| -> BTreeSet<String> {
        let ids = notifications.iter().map(|notification| &notification["params"]["lead_id"]);
        ids.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let notifications = eventually("a notification of each score", 30, Duration::from_secs(1), || {
        let notifications = organization.notifications();
        (about(&notifications).len() == expected.len()).then_some(notifications)
    });
    assert!(about(&notifications).iter().map(String::as_str).eq(expected.iter().copied()));
    assert_eq!(notifications.len(), 4);

    let unread = &notifications[0];
    assert_eq!((&unread["kind"], &unread["read_at"]), (&json!("lead_scored"), &Value::Null));
    let path = format!("/v1/notifications/{}/read", unread["id"].as_str().unwrap());
    let read = admin.send("POST", &path, &[], None).json(200);
    assert!(read["read_at"].is_string());
    // Marking it again changes nothing.
    assert_eq!(admin.send("POST", &path, &[], None).json(200), read);

    every_event_is_audited(&organization);
    nothing_personal_is_in_the_ledger(&organization);
    every_event_is_published_without_what_is_secret(&organization, &tap);
}

fn score(organization: &Organization, company: &str, script: impl FnOnce()) -> Value {
    let created = organization.create_lead(company);
    let id = created["id"].as_str().unwrap();
    script();
    organization.admin.send("POST", &format!("/v1/leads/{id}/score"), &[], None).json(200)
}

/// The audit log's chain holds, and it has an entry for exactly the events of the ledger.
fn every_event_is_audited(organization: &Organization) {
    let log = DynamoAuditLog::new(&Aws::root_config(), table("state"));
    let tenant = organization.id.parse().unwrap();
    let events: BTreeSet<String> = events_of(&organization.id)
        .iter()
        // The usage of a request to a model is metered and not audited.
        .filter(|event| event["event_type"] != "ai_request_metered")
        .map(|event| event["event_id"].as_str().unwrap().to_owned())
        .collect();
    // Registration: three, and the link of its mail; session: one; five leads, four scores, four notifications, one of them read.
    assert_eq!(events.len(), 4 + 1 + 5 + 4 + 4 + 1);
    let audited = soon("an audit entry of each event", || {
        let entries = Aws::run(log.verify(tenant)).expect("the audit log's chain holds");
        (entries >= events.len() as u64).then_some(entries)
    });
    assert_eq!(audited, events.len() as u64);
    let entries: BTreeSet<String> = audit_entries(&organization.id)
        .iter()
        .map(|entry| plain(&entry["event_id"]).as_str().unwrap().to_owned())
        .collect();
    assert_eq!(entries, events);
}

fn audit_entries(organization: &str) -> Vec<Value> {
    let query = json!({
        "TableName": table("state"),
        "ConsistentRead": true,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :entry)",
        "ExpressionAttributeValues": {
            ":pk": {"S": format!("{organization}#audit")}, ":entry": {"S": "entry#"},
        },
    });
    let entries = Aws::call("DynamoDB_20120810.Query", &query)["Items"].as_array().unwrap().clone();
    assert!(!serde_json::to_string(&entries).unwrap().to_lowercase().contains(PERSONAL));
    entries
}

/// The personal data of the leads is in the ledger, but sealed.
fn nothing_personal_is_in_the_ledger(organization: &Organization) {
    assert!(lead("").to_string().to_lowercase().contains(PERSONAL));
    let events = events_of(&organization.id);
    let with_personal = events.iter().filter(|event| event["personal"].is_object()).count();
    assert!(with_personal > 5, "leads and the account have sealed parts: {with_personal}");
    assert!(!serde_json::to_string(&events).unwrap().to_lowercase().contains(PERSONAL));
}

/// The bus carries every event of the ledger, without personal data and without secrets of sessions.
fn every_event_is_published_without_what_is_secret(organization: &Organization, tap: &BusTap) {
    let events = events_of(&organization.id);
    let mut heard = Vec::new();
    soon("every event on the bus", || {
        let more = tap.heard().into_iter();
        heard.extend(more.filter(|event| event["detail"]["tenant_id"] == organization.id.as_str()));
        (heard.len() >= events.len()).then_some(())
    });
    for event in &events {
        let published = heard.iter().find(|heard| heard["detail"]["event_id"] == event["event_id"]);
        let published = published.unwrap_or_else(|| panic!("{} is not published", event["event_type"]));
        let mut expected = bus_event(event);
        if event["aggregate_type"] == "session" {
            let facts = expected["detail"]["data"].as_object_mut().unwrap();
            assert!(facts.remove("family_hash").is_some() && facts.remove("token").is_some());
        }
        if event["aggregate_type"] == "one_time_token" {
            let facts = expected["detail"]["data"].as_object_mut().unwrap();
            assert!(facts.remove("secret_hash").is_some() && facts.remove("address_hash").is_some());
        }
        assert_eq!(published["detail-type"], event["event_type"]);
        assert_eq!(published["detail"], expected["detail"]);
    }
    let text = serde_json::to_string(&heard).unwrap().to_lowercase();
    assert!(!text.contains(PERSONAL), "something personal is on the bus");
}
