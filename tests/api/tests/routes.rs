//! The edge counts requests of every route with a permission, and records refused accesses.

use api_tests::{Contract, Operation, Person, World, lead_body, read};
use application_core::limits::{AI_CALLS_OF_ORGANIZATION, KEY_READS_OF_ORGANIZATION, READS};
use domain::authority::Scope;
use domain::tenancy::Role;
use ports::{Limiter, RateLimit};
use serde_json::Value;
use std::collections::BTreeSet;

/// Uses a limit up.
async fn use_up(world: &World, limit: RateLimit, who: &str) {
    let limiter = world.environment().limiter();
    for _ in 0..limit.burst {
        assert!(limiter.take(limit, who, world.now()).await.unwrap().allowed);
    }
}

/// A representative, and the lead of a colleague.
async fn with_foreign_lead(world: &World) -> (Person, Person, String) {
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let colleague = world.colleague(&admin, Role::SalesRep).await;
    let lead = world.lead(&colleague, &lead_body()).await["id"].as_str().unwrap().to_owned();
    (rep, colleague, lead)
}

#[tokio::test]
async fn a_request_over_its_limit_records_no_refusal() {
    let world = World::start();
    let (rep, colleague, lead) = with_foreign_lead(&world).await;
    let get = || world.call("getLead").by(&rep).path("id", &lead).send();
    let list = || world.call("listLeads").by(&rep).query("owner", &colleague.account.to_string()).send();
    get().await.problem(404, "not_found");
    list().await.expect(200);
    assert_eq!(world.events("access_denied").await.len(), 2);

    world.pass(60);
    use_up(&world, READS, &rep.account.to_string()).await;
    let before = world.ledger().await;
    get().await.problem(429, "rate_limited");
    list().await.problem(429, "rate_limited");
    assert_eq!(world.ledger().await, before);
}

#[tokio::test]
async fn a_malformed_request_is_not_counted() {
    let world = World::start();
    let (rep, _, lead) = with_foreign_lead(&world).await;
    world.environment().wire().take_calls();
    world.call("getLead").by(&rep).path("id", "7").send().await.problem(404, "not_found");
    world.call("listLeads").by(&rep).query("limit", "0").send().await.problem(400, "invalid_request");
    world.call("listLeads").by(&rep).query("cursor", "x").send().await.problem(400, "invalid_cursor");
    assert!(world.environment().wire().take_calls().is_empty());

    // It is answered in the same way by a caller who has used the limit up.
    use_up(&world, READS, &rep.account.to_string()).await;
    world.call("getLead").by(&rep).path("id", "7").send().await.problem(404, "not_found");
    world.call("getLead").by(&rep).path("id", &lead).send().await.problem(429, "rate_limited");
}

/// The operations that API keys may call, with the scope that they need. Changes of batches have limits of their own, and
/// one batch is an object that a new key does not have.
fn for_keys() -> Vec<(&'static Operation, String)> {
    let table: Value = serde_yaml_ng::from_str(&read("tests/authorization.yaml")).unwrap();
    let operations = Contract::get().operations().iter();
    operations
        .filter(|operation| table[&operation.id]["api_key"].is_string())
        .filter(|operation| {
            operation.id == "listBatches" || table[&operation.id]["permission"] != "batch:use"
        })
        .map(|operation| {
            let entry = &table[&operation.id];
            let scope = entry["scope"].as_str().or(entry["permission"].as_str());
            (operation, scope.unwrap().to_owned())
        })
        .collect()
}

#[tokio::test]
async fn requests_of_keys_count_against_their_organization() {
    let world = World::start();
    world.model().script.always("{\"country\": \"France\"}");
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let mut permissions = BTreeSet::new();
    for (operation, permission) in for_keys() {
        world.pass(60);
        // A count of tokens asks no model.
        let counts = ["countMessageTokens", "countResponseTokens"];
        let is_read = operation.method == "GET" || counts.contains(&operation.id.as_str());
        let limit = if is_read { KEY_READS_OF_ORGANIZATION } else { AI_CALLS_OF_ORGANIZATION };
        let scope = [permission.as_str()];
        let (key, other) = (world.api_key(&admin, &scope).await, world.api_key(&stranger, &scope).await);
        let policy = world.authorize(&key.text).await.unwrap();
        let of_stranger = world.authorize(&other.text).await.unwrap();
        let send = |policy| world.call(&operation.id).let_in(policy).send();
        assert!(send(&policy).await.status < 300, "{}", operation.id);

        world.pass(60);
        use_up(&world, limit, &admin.tenant.to_string()).await;
        let refused = send(&policy).await.problem(429, "rate_limited");
        let counted = refused.header("RateLimit").unwrap();
        assert!(counted.starts_with(&format!("\"{}\";r=0", limit.name)), "{}: {counted}", operation.id);
        // People, and keys of other organizations, have limits of their own.
        assert!(send(&of_stranger).await.status < 300, "{}", operation.id);
        if is_read {
            world.call(&operation.id).by(&admin).send().await.expect(200);
        }
        permissions.insert(permission);
    }
    let scopes = Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect();
    assert_eq!(permissions, scopes, "a permission for keys that no operation needs");
}
