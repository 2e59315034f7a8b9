//! Every read is repeated by a client that has the answer.

use api_tests::{Contract, World, lead_body};
use std::collections::BTreeSet;

/// Reads whose answer changes although no version changes.
const ALWAYS_WHOLE: [&str; 3] = ["getBudget", "getHealth", "getProfile"];

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let world = World::start();
    let admin = world.admin().await;
    let lead = world.call("createLead").by(&admin).json(&lead_body()).send().await.expect(201).json();
    let mut seen = BTreeSet::new();
    for operation in Contract::get().operations().iter().filter(|operation| operation.method == "GET") {
        let call = || {
            let call = world.call(&operation.id);
            let call = if operation.public { call } else { call.by(&admin) };
            if operation.id == "getLead" { call.path("id", lead["id"].as_str().unwrap()) } else { call }
        };
        // The account has no fine-tune, no batch and no job to read.
        if ["getFineTune", "getBatch", "getJob"].contains(&operation.id.as_str()) {
            continue;
        }
        let first = call().send().await.expect(200);
        let again = |tag: &str| call().header("If-None-Match", tag).send();
        if ALWAYS_WHOLE.contains(&operation.id.as_str()) {
            again("*").await.expect(200);
            continue;
        }
        let tag = first.header("ETag").unwrap_or_else(|| panic!("{} has no tag", operation.id));
        let unchanged = again(tag).await.expect(304);
        assert_eq!((unchanged.header("ETag"), unchanged.body.as_str()), (Some(tag), ""), "{}", operation.id);
        assert_eq!(unchanged.header("Cache-Control"), first.header("Cache-Control"), "{}", operation.id);
        again("*").await.expect(304);
        assert_eq!(again("\"another\"").await.expect(200).body, first.body, "{}", operation.id);
        seen.insert(operation.id.as_str());
    }
    assert!(seen.len() >= 13, "{seen:?}");
}

#[tokio::test]
async fn what_changed_is_sent() {
    let world = World::start();
    let admin = world.admin().await;
    let mut changed_body = lead_body();
    changed_body["company_name"] = "Contoso".into();
    let list = || world.call("listLeads").by(&admin);
    let empty = list().send().await.expect(200);
    let lead = world.call("createLead").by(&admin).json(&lead_body()).send().await.expect(201).json();
    let id = lead["id"].as_str().unwrap();
    let read = || world.call("getLead").by(&admin).path("id", id);
    let tag = read().send().await.expect(200).header("ETag").unwrap().to_owned();
    list().header("If-None-Match", empty.header("ETag").unwrap()).send().await.expect(200);

    world
        .call("updateLead")
        .by(&admin)
        .path("id", id)
        .if_match(1)
        .json(&changed_body)
        .send()
        .await
        .expect(200);
    let changed = read().header("If-None-Match", &tag).send().await.expect(200);
    assert_eq!((changed.header("ETag"), &changed.json()["company_name"]), (Some("\"2\""), &"Contoso".into()));

    // A caller without permission must not learn that nothing changed.
    let stranger = world.admin().await;
    world
        .call("getLead")
        .by(&stranger)
        .path("id", id)
        .header("If-None-Match", "*")
        .send()
        .await
        .problem(404, "not_found");
    world
        .call("getLead")
        .path("id", id)
        .header("If-None-Match", "*")
        .send()
        .await
        .problem(401, "unauthenticated");
}
