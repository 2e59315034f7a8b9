//! The list of one's own sessions, and the end of a session from another one.

use super::{DAY, HOUR, PASSWORD, authorized, login, refresh, refresh_token, register};
use api_tests::{Answer, Person, World};
use domain::tenancy::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};

const EMAIL: &str = "ada@northwind.example";

/// A new session of the account, with its first refresh token.
async fn session(world: &World, device: Option<&str>, country: Option<&str>) -> (Person, String) {
    let body = json!({"email": EMAIL, "password": PASSWORD, "device_name": device});
    let call = world.call("login").json(&body).from(EMAIL);
    let call = country.into_iter().fold(call, |call, code| call.header("CloudFront-Viewer-Country", code));
    let tokens = call.send().await.expect(200);
    let person = authorized(world, tokens.json()["access_token"].as_str().unwrap()).await.unwrap();
    (person, refresh_token(&tokens))
}

async fn listed(world: &World, by: &Person) -> Vec<Value> {
    world.call("listSessions").by(by).send().await.expect(200).json()["data"].as_array().unwrap().clone()
}

fn ids(sessions: &[Value]) -> Vec<String> {
    sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

async fn revoke(world: &World, by: &Person, id: &str) -> Answer {
    world.call("revokeSession").by(by).path("id", id).send().await
}

#[tokio::test]
async fn a_person_sees_the_active_sessions_with_device_country_and_times() {
    let world = World::start();
    register(&world, EMAIL).await;
    let began = world.now();
    let (phone, phone_token) = session(&world, Some("Ada's phone"), Some("GB")).await;
    world.pass(60);
    let (laptop, _) = session(&world, None, None).await;
    world.pass(60);
    refresh(&world, &phone_token).await.expect(200);
    let sessions = listed(&world, &phone).await;
    let expected = json!([
        {
            "id": laptop.session.to_string(), "device_name": null, "ip_country": null, "current": false,
            "created_at": began.plus_seconds(60).to_string(), "last_used_at": began.plus_seconds(60).to_string(),
        },
        {
            "id": phone.session.to_string(), "device_name": "Ada's phone", "ip_country": "GB", "current": true,
            "created_at": began.to_string(), "last_used_at": began.plus_seconds(120).to_string(),
        },
    ]);
    assert_eq!(json!(sessions), expected);
    // Sessions that have ended are left out, although they are still stored.
    revoke(&world, &laptop, &laptop.session.to_string()).await.expect(204);
    assert_eq!(ids(&listed(&world, &phone).await), [phone.session.to_string()]);
    world.pass(9 * HOUR);
    assert_eq!(listed(&world, &phone).await, Vec::<Value>::new());
    world.pass(8 * DAY);
    assert_eq!(listed(&world, &phone).await, Vec::<Value>::new());
    world.check_folds().await;
}

#[tokio::test]
async fn a_country_is_two_capital_letters_or_unknown() {
    let world = World::start();
    register(&world, EMAIL).await;
    for wrong in ["gb", "GBR", "G", "", "G1", "GB, US", "\u{fc}"] {
        world.pass(HOUR);
        let (person, _) = session(&world, None, Some(wrong)).await;
        assert_eq!(listed(&world, &person).await[0]["ip_country"], Value::Null, "{wrong:?}");
    }
}

#[tokio::test]
async fn the_device_and_the_country_are_sealed() {
    let world = World::start();
    register(&world, EMAIL).await;
    session(&world, Some("Zanzibar tablet"), Some("TZ")).await;
    let ledger = json!(world.events("session_started").await).to_string();
    assert!(!ledger.contains("Zanzibar") && !ledger.contains("\"TZ\""), "{ledger}");
}

#[tokio::test]
async fn the_list_has_pages() {
    let world = World::start();
    register(&world, EMAIL).await;
    let mut all = Vec::new();
    for _ in 0..5 {
        world.pass(600);
        all.insert(0, session(&world, None, None).await.0);
    }
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let call = world.call("listSessions").by(&all[0]).query("limit", "2");
        let call = cursor.iter().fold(call, |call, cursor| call.query("cursor", cursor));
        let page = call.send().await.expect(200).json();
        seen.extend(ids(page["data"].as_array().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, all.iter().map(|person| person.session.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_session_that_was_ended_elsewhere_is_refused_and_is_no_theft() {
    let world = World::start();
    register(&world, EMAIL).await;
    let (phone, phone_token) = session(&world, Some("phone"), None).await;
    let (laptop, laptop_token) = session(&world, Some("laptop"), None).await;
    let access = login(&world, EMAIL, PASSWORD).await.expect(200);
    let second = refresh_token(&refresh(&world, &phone_token).await.expect(200));
    for _ in 0..2 {
        revoke(&world, &laptop, &phone.session.to_string()).await.expect(204);
    }
    // The newest token, the one before it, and both again after the grace.
    for token in [&second, &phone_token] {
        refresh(&world, token).await.problem(401, "invalid_refresh_token");
    }
    world.pass(60);
    for token in [&second, &phone_token] {
        refresh(&world, token).await.problem(401, "invalid_refresh_token");
    }
    let revoked = world.events("session_revoked").await;
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0]["data"]["M"]["reason"]["S"], "ended_by_owner");
    // No notification: the person did it.
    let messages = world.messages().await;
    world.notify(&messages).await;
    assert_eq!(world.events("notification_created").await.len(), 0);
    // The others go on.
    refresh(&world, &laptop_token).await.expect(200);
    refresh(&world, &refresh_token(&access)).await.expect(200);
    world.check_folds().await;
}

#[tokio::test]
async fn an_ended_session_is_refused_by_the_authorizer() {
    let world = World::start();
    register(&world, EMAIL).await;
    let tokens = login(&world, EMAIL, PASSWORD).await.expect(200).json();
    let access = tokens["access_token"].as_str().unwrap();
    let ended = authorized(&world, access).await.unwrap();
    let (other, _) = session(&world, None, None).await;
    revoke(&world, &other, &ended.session.to_string()).await.expect(204);
    assert_eq!(authorized(&world, access).await.unwrap_err(), "Deny");
}

#[tokio::test]
async fn nobody_sees_or_ends_the_sessions_of_somebody_else() {
    let world = World::start();
    register(&world, EMAIL).await;
    let (ada, token) = session(&world, Some("phone"), None).await;
    let mut others = vec![world.admin().await];
    for role in Role::ALL {
        others.push(world.colleague(&ada, role).await);
    }
    for other in others {
        world.sign_in(&other).await;
        assert_eq!(ids(&listed(&world, &other).await), [other.session.to_string()]);
        let missing = "session_01jd2x1v7gf5w4n8q3k6m9z0tc";
        let refused = revoke(&world, &other, &ada.session.to_string()).await.problem(404, "not_found");
        assert_eq!(revoke(&world, &other, missing).await.essence().body.len(), refused.essence().body.len());
        world.call("revokeOtherSessions").by(&other).send().await.expect(204);
        // Each role ends its own.
        revoke(&world, &other, &other.session.to_string()).await.expect(204);
    }
    for id in
        ["7", "apikey_01jd2x3c6hf9b5r1m8v4n7q2wk", "session_", "..", "SESSION_01JD2X1V7GF5W4N8Q3K6M9Z0TC"]
    {
        revoke(&world, &ada, id).await.problem(404, "not_found");
    }
    refresh(&world, &token).await.expect(200);
}

#[tokio::test]
async fn signing_out_everywhere_else_keeps_the_current_session() {
    let world = World::start();
    register(&world, EMAIL).await;
    let mut tokens = Vec::new();
    for number in 0..25 {
        world.pass(300);
        let (person, token) = session(&world, None, None).await;
        tokens.push((person, token, number));
    }
    let (current, kept, _) = tokens.pop().unwrap();
    // Twice at the same time, and once more.
    let answers = join_all((0..2).map(|_| world.call("revokeOtherSessions").by(&current).send())).await;
    answers.into_iter().for_each(|answer| drop(answer.expect(204)));
    let ended = world.events("session_revoked").await;
    assert_eq!(ended.len(), 24);
    world.call("revokeOtherSessions").by(&current).send().await.expect(204);
    assert_eq!(world.events("session_revoked").await.len(), 24);
    for (_, token, _) in &tokens {
        refresh(&world, token).await.problem(401, "invalid_refresh_token");
    }
    refresh(&world, &kept).await.expect(200);
    assert_eq!(ids(&listed(&world, &current).await), [current.session.to_string()]);
    world.check_folds().await;
}

#[tokio::test]
async fn many_requests_end_a_session_once() {
    let world = World::start();
    register(&world, EMAIL).await;
    let (ada, _) = session(&world, None, None).await;
    let id = ada.session.to_string();
    for answer in join_all((0..8).map(|_| revoke(&world, &ada, &id))).await {
        answer.expect(204);
    }
    assert_eq!(world.events("session_revoked").await.len(), 1);
}
