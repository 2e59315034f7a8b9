//! Refresh tokens: each use replaces the token, a reused or invented token ends the session, and none is ever stored.

use super::{HOUR, PASSWORD, authorized, refresh, refresh_token, signed_in};
use api_tests::World;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde_json::Value;

#[tokio::test]
async fn a_refresh_token_is_replaced_at_every_use() {
    let (world, first) = signed_in().await;
    let mut seen = vec![first.clone()];
    let mut token = first;
    for _ in 0..5 {
        world.pass(HOUR);
        let answer = refresh(&world, &token).await.expect(200);
        token = refresh_token(&answer);
        assert!(token.starts_with("sxr_") && !seen.contains(&token));
        seen.push(token.clone());
        let person = authorized(&world, answer.json()["access_token"].as_str().unwrap()).await.unwrap();
        world.call("getProfile").by(&person).send().await.expect(200);
    }
    assert_eq!(world.events("session_refreshed").await.len(), 5);
    world.check_folds().await;
}

#[tokio::test]
async fn the_previous_token_gets_the_same_successor_for_ten_seconds() {
    let (world, first) = signed_in().await;
    let second = refresh_token(&refresh(&world, &first).await.expect(200));
    let before = world.snapshot().await;
    for seconds in [0, 5, 5] {
        world.pass(seconds);
        assert_eq!(refresh_token(&refresh(&world, &first).await.expect(200)), second);
    }
    // The repeated request wrote nothing, and the next token is still valid.
    world.unchanged_since(&before).await;
    refresh(&world, &second).await.expect(200);
}

/// Fails unless the session ended for reuse, once, and none of these tokens works.
async fn ended_for_reuse(world: &World, tokens: &[&str]) {
    for token in tokens {
        refresh(world, token).await.problem(401, "invalid_refresh_token");
    }
    let events = world.events("session_revoked").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["data"]["M"]["reason"]["S"], "refresh_token_reuse");
    // The owner gets a notification.
    let messages = world.messages().await;
    let event: Vec<Value> =
        messages.into_iter().filter(|message| message["detail-type"] == "session_revoked").collect();
    assert_eq!(world.notify(&event).await.failed, Vec::<String>::new());
    let created = world.events("notification_created").await;
    assert_eq!(created.len(), 1);
    let told = &created[0]["data"]["M"];
    assert_eq!(told["kind"]["S"], "session_revoked");
    assert_eq!(told["recipient_id"], events[0]["data"]["M"]["account_id"]);
    assert_eq!(told["params"]["M"]["session_id"], events[0]["aggregate_id"]);
    world.check_folds().await;
}

#[tokio::test]
async fn the_previous_token_after_ten_seconds_ends_the_session() {
    let (world, first) = signed_in().await;
    let second = refresh_token(&refresh(&world, &first).await.expect(200));
    world.pass(10);
    world.tick();
    refresh(&world, &first).await.problem(401, "invalid_refresh_token");
    ended_for_reuse(&world, &[&first, &second]).await;
}

#[tokio::test]
async fn an_older_token_ends_the_session_at_once() {
    let (world, first) = signed_in().await;
    let second = refresh_token(&refresh(&world, &first).await.expect(200));
    let third = refresh_token(&refresh(&world, &second).await.expect(200));
    refresh(&world, &first).await.problem(401, "invalid_refresh_token");
    ended_for_reuse(&world, &[&first, &second, &third]).await;
}

#[tokio::test]
async fn a_tampered_token_works_nowhere_and_ends_nothing() {
    let (world, token) = signed_in().await;
    let stranger = world.admin().await;
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("sxr_").unwrap()).unwrap();
    assert_eq!(bytes.len(), 96);
    let encoded = |bytes: &[u8]| format!("sxr_{}", URL_SAFE_NO_PAD.encode(bytes));
    let mut tampered = vec![
        String::from("x"),
        token.to_uppercase(),
        token.replacen("sxr_", "sxt_", 1),
        token.trim_start_matches("sxr_").to_owned(),
        format!("{token}A"),
        format!("{token}="),
        token[..token.len() - 1].to_owned(),
        format!(" {token}"),
        encoded(&bytes[..64]),
        encoded(&[0; 96]),
    ];
    // The loop changes one bit in each byte of organization, account, session and family.
    for position in 0..64 {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        tampered.push(encoded(&changed));
    }
    // The same session with the id of another tenant or another account.
    let mut moved = bytes.clone();
    moved[..16].copy_from_slice(stranger.tenant.uuid().as_bytes());
    tampered.push(encoded(&moved));
    moved[16..32].copy_from_slice(stranger.account.uuid().as_bytes());
    tampered.push(encoded(&moved));
    let before = world.snapshot().await;
    for token in tampered {
        refresh(&world, &token).await.problem(401, "invalid_refresh_token");
    }
    world.unchanged_since(&before).await;
    refresh(&world, &token).await.expect(200);
}

#[tokio::test]
async fn a_token_of_the_family_that_was_never_issued_ends_the_session() {
    // A caller with the secret of the family but not the token has a part of a stolen token.
    let (world, token) = signed_in().await;
    let mut bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("sxr_").unwrap()).unwrap();
    bytes[95] ^= 1;
    refresh(&world, &format!("sxr_{}", URL_SAFE_NO_PAD.encode(bytes)))
        .await
        .problem(401, "invalid_refresh_token");
    ended_for_reuse(&world, &[&token]).await;
}

#[tokio::test]
async fn twenty_refreshes_at_once_get_the_same_successor() {
    let (world, token) = signed_in().await;
    let answers = join_all((0..20).map(|_| refresh(&world, &token))).await;
    let successors: Vec<String> =
        answers.into_iter().map(|answer| refresh_token(&answer.expect(200))).collect();
    assert!(successors.iter().all(|successor| *successor == successors[0]));
    assert_ne!(successors[0], token);
    assert_eq!(world.events("session_refreshed").await.len(), 1);
    refresh(&world, &successors[0]).await.expect(200);
    world.check_folds().await;
}

#[tokio::test]
async fn tokens_are_never_stored_and_never_travel() {
    let (world, first) = signed_in().await;
    let answer = refresh(&world, &first).await.expect(200);
    let access = answer.json()["access_token"].as_str().unwrap().to_owned();
    let bytes = world.bytes().await;
    let messages: String = world.messages().await.iter().map(Value::to_string).collect();
    for token in [&first, &refresh_token(&answer)] {
        let secret = URL_SAFE_NO_PAD.decode(token.strip_prefix("sxr_").unwrap()).unwrap();
        for part in [token.as_bytes(), &secret[48..64], &secret[64..96], access.as_bytes()] {
            assert!(!bytes.windows(part.len()).any(|window| window == part));
        }
        let hash = application_core::fingerprint(&secret[64..96]);
        assert!(bytes.windows(hash.len()).any(|window| window == hash.as_bytes()), "the hash is kept");
        assert!(!messages.contains(&hash), "and does not leave the ledger");
        assert!(!messages.contains(&application_core::fingerprint(&secret[48..64])));
    }
    assert!(!bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()));
}
