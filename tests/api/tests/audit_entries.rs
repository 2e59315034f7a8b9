//! The audit log as people read it.

use api_tests::{Person, World, lead_body};
use domain::tenancy::Role;
use serde_json::Value;

async fn page(world: &World, by: &Person, query: &[(&str, &str)]) -> Value {
    world.pass(1);
    let mut call = world.call("listAuditEntries").by(by);
    for (name, value) in query {
        call = call.query(name, value);
    }
    call.send().await.expect(200).json()
}

fn numbers(page: &Value) -> Vec<u64> {
    page["data"].as_array().unwrap().iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect()
}

/// All entries that satisfy a filter, page by page, and the number of pages.
async fn all(world: &World, by: &Person, query: &[(&str, &str)]) -> (Vec<u64>, u32) {
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, None::<String>);
    loop {
        let mut query = query.to_vec();
        if let Some(cursor) = &cursor {
            query.push(("cursor", cursor));
        }
        let page = page(world, by, &query).await;
        found.extend(numbers(&page));
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return (found, pages),
        }
    }
}

#[tokio::test]
async fn entries_are_listed_newest_first_with_their_facts() {
    let world = World::start();
    let admin = world.admin().await;
    let stranger = world.admin().await;
    let lead = world.lead(&admin, &lead_body()).await;
    let id = lead["id"].as_str().unwrap();
    world.pass(60);
    world.call("deleteLead").by(&admin).path("id", id).send().await.expect(204);
    world.audit_all().await;
    let found = page(&world, &admin, &[]).await;
    let data = found["data"].as_array().unwrap();
    let last = &data[0];
    assert_eq!(numbers(&found), (1..=data.len() as u64).rev().collect::<Vec<_>>());
    assert_eq!(last["action"], "lead_deleted");
    assert_eq!(last["actor"], admin.account.to_string());
    assert_eq!(last["resource"]["id"], id);
    assert_eq!(last["resource"]["type"], "lead");
    assert_eq!(last["details"]["lead_id"], id);
    assert_eq!(last["previous_hash"], data[1]["hash"]);
    assert_eq!(data.last().unwrap()["previous_hash"], "0".repeat(64));
    // No personal data: the lead's contact and the admin's address are nowhere.
    let text = found.to_string();
    for personal in ["northwind.example", "Ada Byron", "contact_email", "grace"] {
        assert!(!text.contains(personal), "{personal}");
    }
    let of_stranger = page(&world, &stranger, &[]).await.to_string();
    assert!(!of_stranger.contains(id) && !of_stranger.contains(&admin.tenant.to_string()));
    // Reading is not recorded.
    world.audit_all().await;
    assert_eq!(page(&world, &admin, &[]).await, found);
}

#[tokio::test]
async fn only_admins_read_the_log() {
    let world = World::start();
    let admin = world.admin().await;
    for role in [Role::Manager, Role::SalesRep] {
        let colleague = world.colleague(&admin, role).await;
        world.call("listAuditEntries").by(&colleague).send().await.expect(403);
        world.call("exportAuditEntries").by(&colleague).send().await.expect(403);
    }
    for (name, value) in
        [("from", "yesterday"), ("actor", ""), ("limit", "0"), ("cursor", "x.y"), ("who", "me")]
    {
        world.call("listAuditEntries").by(&admin).query(name, value).send().await.expect(400);
    }
}

#[tokio::test]
async fn a_filter_reads_at_most_ten_times_what_it_answers() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let rare = world.lead(&rep, &lead_body()).await;
    // Events of the same millisecond are recorded in any order; this one comes first.
    world.audit_all().await;
    let began = world.now();
    for _ in 0..60 {
        world.lead(&admin, &lead_body()).await;
    }
    world.audit_all().await;
    let (everything, _) = all(&world, &admin, &[("limit", "100")]).await;
    let rep_id = rep.account.to_string();
    world.environment().wire().take_calls();
    let first = page(&world, &admin, &[("actor", &rep_id), ("limit", "2")]).await;
    assert_eq!(numbers(&first), Vec::<u64>::new());
    assert!(first["next_cursor"].is_string());
    let queries = world.environment().wire().take_calls();
    let queries = queries.iter().filter(|call| call.operation == "Query").count();
    assert_eq!(queries, 10, "ten rounds of two entries");
    let (found, pages) = all(&world, &admin, &[("actor", &rep_id), ("limit", "2")]).await;
    assert_eq!(found.len(), 1);
    assert!(pages > 3, "{pages}");
    let rare = rare["id"].as_str().unwrap();
    assert_eq!(all(&world, &admin, &[("resource", rare), ("limit", "100")]).await.0, found);
    let leads = all(&world, &admin, &[("action", "lead_created"), ("limit", "7")]).await.0;
    assert_eq!(leads.len(), 61);
    assert!(leads.is_sorted_by(|a, b| a > b));
    let (early, _) = all(&world, &admin, &[("to", &began.to_string()), ("limit", "100")]).await;
    let (late, _) = all(&world, &admin, &[("from", &began.to_string()), ("limit", "100")]).await;
    assert_eq!([late, early].concat(), everything);
    // A refusal is found by the first part of its action.
    world.call("listAuditEntries").by(&rep).send().await.expect(403);
    world.audit_all().await;
    assert_eq!(all(&world, &admin, &[("action", "access_denied")]).await.0.len(), 1);
    assert_eq!(all(&world, &admin, &[("action", "access_denied:audit:read")]).await.0.len(), 1);
    assert_eq!(all(&world, &admin, &[("action", "access")]).await.0.len(), 0);
}
