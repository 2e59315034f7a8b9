//! Requests that weaken security need a sign-in of the last ten minutes.

use super::{PASSWORD, login, refresh, refresh_token, register};
use api_tests::{Answer, World};
use domain::tenancy::Role;
use serde_json::json;

/// Creates an API key as the authorizer lets the bearer of the token in.
async fn create_key(world: &World, tokens: &Answer) -> Answer {
    let policy = world.authorize(tokens.json()["access_token"].as_str().unwrap()).await.unwrap();
    let body = json!({"name": "CRM export", "scopes": ["model:read"]});
    world.call("createApiKey").let_in(&policy).json(&body).send().await
}

#[tokio::test]
async fn an_api_key_needs_a_sign_in_of_the_last_ten_minutes() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let tokens = login(&world, "ada@northwind.example", PASSWORD).await.expect(200);
    world.pass(600);
    create_key(&world, &tokens).await.expect(201);
    world.pass(1);
    let refused = create_key(&world, &tokens).await.problem(403, "reauthentication_required");
    assert!(refused.json()["detail"].as_str().unwrap().contains("POST /v1/auth/login"), "{}", refused.body);
    // A refresh is no sign-in; the next sign-in is.
    let refreshed = refresh(&world, &refresh_token(&tokens)).await.expect(200);
    create_key(&world, &refreshed).await.problem(403, "reauthentication_required");
    let again = login(&world, "ada@northwind.example", PASSWORD).await.expect(200);
    create_key(&world, &again).await.expect(201);
    assert_eq!(world.events("api_key_created").await.len(), 2);
}

#[tokio::test]
async fn claims_that_say_nothing_of_the_sign_in_are_old() {
    let world = World::start();
    let admin = world.admin().await;
    let before = world.snapshot().await;
    let call = || world.call("createApiKey").by(&admin);
    call().claim("auth_time", serde_json::Value::Null).send().await.problem(403, "reauthentication_required");
    let old = world.now().plus_seconds(-601);
    call().signed_in_at(old).send().await.problem(403, "reauthentication_required");
    world.unchanged_since(&before).await;
    // Whoever may not create keys at all is told that, however recent the sign-in is.
    let rep = world.colleague(&admin, Role::SalesRep).await;
    world.call("createApiKey").by(&rep).signed_in_at(old).send().await.problem(403, "forbidden");
}
