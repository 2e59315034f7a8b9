//! Leads from their creation to their deletion.

use api_tests::{World, lead_body, thin_body};
use domain::tenancy::Role;
use serde_json::{Value, json};

fn id(lead: &Value) -> &str {
    lead["id"].as_str().unwrap()
}

#[tokio::test]
async fn a_lead_from_creation_to_deletion() {
    let world = World::start();
    let person = world.admin().await;
    let created = world.call("createLead").by(&person).json(&lead_body()).send().await.expect(201);
    let lead = created.json();
    assert_eq!(created.header("Location"), Some(format!("/v1/leads/{}", id(&lead)).as_str()));
    assert_eq!(created.header("ETag"), Some("\"1\""));
    for (field, value) in lead_body().as_object().unwrap() {
        assert_eq!(&lead[field], value, "{field}");
    }
    assert_eq!(lead["owner_id"], person.account.to_string());
    assert_eq!(
        (&lead["score"], &lead["score_breakdown"], &lead["scored_at"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(
        (&lead["created_at"], &lead["updated_at"]),
        (&json!("2026-11-02T09:00:00.000Z"), &json!("2026-11-02T09:00:00.000Z"))
    );
    assert_eq!(world.get_lead(&person, id(&lead)).await.expect(200).json(), lead);

    world.pass(60);
    let replaced = json!({"company_name": " Contoso ", "status": "won", "notes": "  ", "industry": null});
    let call = world.call("updateLead").by(&person).path("id", id(&lead)).if_match(1).json(&replaced);
    let updated = call.send().await.expect(200);
    assert_eq!(updated.header("ETag"), Some("\"2\""));
    let updated = updated.json();
    assert_eq!((&updated["company_name"], &updated["status"]), (&json!("Contoso"), &json!("won")));
    for cleared in ["industry", "company_size", "contact_name", "contact_email", "contact_phone", "notes"] {
        assert_eq!(updated[cleared], Value::Null, "{cleared}");
    }
    assert_eq!(
        (&updated["created_at"], &updated["updated_at"]),
        (&lead["created_at"], &json!("2026-11-02T09:01:00.000Z"))
    );
    assert_eq!(world.get_lead(&person, id(&lead)).await.expect(200).json(), updated);

    for _ in 0..2 {
        world.call("deleteLead").by(&person).path("id", id(&lead)).send().await.expect(204);
        world.get_lead(&person, id(&lead)).await.problem(404, "not_found");
    }
    let list = world.call("listLeads").by(&person).send().await.expect(200).json();
    assert_eq!(list, json!({"data": [], "next_cursor": null}));
    assert_eq!(world.events("lead_deleted").await.len(), 1);
    world.check_folds().await;
}

#[tokio::test]
async fn what_is_left_out_takes_its_default() {
    let world = World::start();
    let person = world.admin().await;
    let lead = world.lead(&person, &thin_body()).await;
    assert_eq!(lead["status"], "new");
    for field in ["industry", "company_size", "contact_name", "contact_email", "contact_phone", "notes"] {
        assert_eq!(lead[field], Value::Null, "{field}");
    }
    let mut body = thin_body();
    body["contact_email"] = " Grace.HOPPER@Contoso.EXAMPLE ".into();
    assert_eq!(world.lead(&person, &body).await["contact_email"], "grace.hopper@contoso.example");
}

#[tokio::test]
async fn a_replacement_needs_the_current_version() {
    let world = World::start();
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await;
    let update = || world.call("updateLead").by(&person).path("id", id(&lead)).json(&thin_update());
    let before = world.snapshot().await;
    update().send().await.problem(428, "precondition_required");
    for stale in
        ["\"0\"", "\"2\"", "\"01\"", "W/\"1\"", "\"x\"", "\"18446744073709551616\"", "\"2\", W/\"1\""]
    {
        let answer = update().header("If-Match", stale).send().await;
        assert_eq!((answer.status, answer.code()), (412, "precondition_failed".into()), "{stale}");
    }
    world.unchanged_since(&before).await;
    update().header("If-Match", "\"x\", \"1\"").send().await.expect(200);
    // `If-Match` has an earlier version.
    update().if_match(1).send().await.problem(412, "precondition_failed");
}

fn thin_update() -> Value {
    json!({"company_name": "Fabrikam", "status": "new"})
}

#[tokio::test]
async fn a_replacement_by_the_same_changes_nothing() {
    let world = World::start();
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await;
    let before = world.snapshot().await;
    world.pass(60);
    let call = world.call("updateLead").by(&person).path("id", id(&lead)).if_match(1).json(&lead_body());
    assert_eq!(call.send().await.expect(200).json(), lead);
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn a_deleted_lead_can_not_be_changed_or_scored() {
    let world = World::start();
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await;
    world.call("deleteLead").by(&person).path("id", id(&lead)).send().await.expect(204);
    let before = world.snapshot().await;
    let call = world.call("updateLead").by(&person).path("id", id(&lead)).if_match(2).json(&thin_update());
    call.send().await.problem(404, "not_found");
    world.call("scoreLead").by(&person).path("id", id(&lead)).send().await.problem(404, "not_found");
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn reads_are_limited_for_each_person() {
    let world = World::start();
    let person = world.admin().await;
    let colleague = world.colleague(&person, Role::Admin).await;
    let lead = world.lead(&person, &thin_body()).await;
    for left in (0..100).rev() {
        let answer = world.get_lead(&person, id(&lead)).await.expect(200);
        assert!(
            answer.header("RateLimit").unwrap().starts_with(&format!("\"reads\";r={left};t=")),
            "{answer:?}"
        );
        assert_eq!(answer.header("RateLimit-Policy"), Some("\"reads\";q=100;w=60"));
    }
    // All reads count against one limit.
    for operation in ["getLead", "listLeads", "getProfile", "getOrganization", "listNotifications"] {
        let call = world.call(operation).by(&person);
        let call = if operation == "getLead" { call.path("id", id(&lead)) } else { call };
        let answer = call.send().await.problem(429, "rate_limited");
        assert_eq!(answer.number("Retry-After"), 1);
        assert!(answer.header("RateLimit").unwrap().starts_with("\"reads\";r=0;t=60"), "{answer:?}");
    }
    world.get_lead(&colleague, id(&lead)).await.expect(200);
    world.pass(1);
    world.get_lead(&person, id(&lead)).await.expect(200);
}

#[tokio::test]
async fn a_profile_and_an_organization_are_ones_own() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    for person in [&admin, &rep] {
        let profile = world.call("getProfile").by(person).send().await.expect(200).json();
        assert_eq!(profile["id"], person.account.to_string());
        assert_eq!(profile["email"], person.email);
        assert_eq!(profile["role"], person.role.as_str());
        assert_eq!(profile["organization_id"], person.tenant.to_string());
        let organization = world.call("getOrganization").by(person).send().await.expect(200).json();
        assert_eq!(organization["id"], person.tenant.to_string());
        assert_eq!(
            (&organization["name"], &organization["subscription_tier"]),
            (&json!("Northwind"), &json!("starter"))
        );
    }
}
