//! A forgotten password.

use super::{ADA, OTHER_PASSWORD, PASSWORD, Post};
use serde_json::json;

#[tokio::test]
async fn a_new_password_replaces_the_old_one_and_ends_all_sessions() {
    let post = Post::start().await;
    let one = post.login(PASSWORD).await.expect(200).json();
    let two = post.login(PASSWORD).await.expect(200).json();
    post.world.authorize(one["access_token"].as_str().unwrap()).await.unwrap();
    let token = post.reset_token().await;
    post.world.tick();
    post.reset(&token, OTHER_PASSWORD).await.expect(204);
    post.login(PASSWORD).await.problem(401, "invalid_credentials");
    post.login(OTHER_PASSWORD).await.expect(200);
    for session in [one, two] {
        post.refresh(&session["refresh_token"]).await.problem(401, "invalid_refresh_token");
        post.world.authorize(session["access_token"].as_str().unwrap()).await.unwrap_err();
    }
    let revoked = post.world.events("session_revoked").await;
    assert_eq!(revoked.len(), 2);
    assert!(revoked.iter().all(|event| event["data"]["M"]["reason"]["S"] == "password_changed"));
    let sent = post.deliver().await;
    assert_eq!((sent.len(), sent[0].recipient.as_str()), (1, ADA));
    assert_eq!(sent[0].subject, "Your password for Northwind was changed");
    post.world.check_folds().await;
}

#[tokio::test]
async fn a_session_that_was_not_ended_can_not_be_refreshed_after_a_change() {
    let post = Post::start().await;
    let session = post.login(PASSWORD).await.expect(200).json();
    post.world.tick();
    // The change without its end of sessions, as for a session that is not in the list yet.
    post.world.change_password(ADA).await;
    assert_eq!(post.world.events("session_revoked").await.len(), 0);
    post.refresh(&session["refresh_token"]).await.problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_hash_of_an_earlier_day_is_made_again_at_the_next_sign_in() {
    let post = Post::start().await;
    // From the test vectors of argon2's reference implementation, with other parameters than today's.
    let old = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    post.world.rehash_password(ADA, old).await;
    let before = post.world.events("password_rehashed").await.len();
    post.login("wrong password").await.expect(401);
    assert_eq!(post.world.events("password_rehashed").await.len(), before);
    let session = post.login("password").await.expect(200).json();
    post.world.tick();
    assert_eq!(post.world.events("password_rehashed").await.len(), before + 1);
    post.login("password").await.expect(200);
    assert_eq!(post.world.events("password_rehashed").await.len(), before + 1);
    // The password is the same, so sessions go on.
    post.refresh(&session["refresh_token"]).await.expect(200);
    post.world.check_folds().await;
}

#[tokio::test]
async fn a_refused_password_does_not_use_the_token_up() {
    let post = Post::start().await;
    let token = post.reset_token().await;
    for (refused, code) in [("short", "too_short"), (ADA, "format"), ("qwertyuiop", "too_common")] {
        let problem = post.reset(&token, refused).await.problem(400, "invalid_request");
        assert_eq!(problem.fields(), ["/password"]);
        assert_eq!(problem.json()["errors"][0]["code"], code, "{refused}");
    }
    post.reset(&token, OTHER_PASSWORD).await.expect(204);
}

#[tokio::test]
async fn known_and_unknown_addresses_are_answered_alike_after_the_same_calls() {
    let post = Post::start().await;
    let wire = post.world.environment().wire();
    let mut seen = Vec::new();
    for email in ["ADA@Northwind.example", "eve@northwind.example"] {
        wire.take_calls();
        let call = post.world.call("requestPasswordReset").json(&json!({"email": email}));
        let answer = call.named("one and the same").from(email).send().await.expect(202);
        let calls = wire.take_calls().into_iter().map(|call| (call.operation, call.capacity.to_string()));
        let mut calls: Vec<_> = calls.collect();
        calls.sort();
        seen.push((answer, calls));
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].1.iter().any(|(operation, _)| operation == "TransactWriteItems"), "{seen:?}");
    // Only one of them gets a mail.
    let sent = post.deliver().await;
    let resets = sent.iter().filter(|mail| mail.subject.contains("new password"));
    assert_eq!(resets.map(|mail| mail.recipient.as_str()).collect::<Vec<_>>(), [ADA]);
}

#[tokio::test]
async fn three_mails_an_hour_for_each_address_whoever_asks() {
    let post = Post::start().await;
    for email in [ADA, "eve@northwind.example"] {
        let forgot = |address: &'static str| {
            let call = post.world.call("requestPasswordReset").json(&json!({"email": email}));
            call.from(address).send()
        };
        for address in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
            forgot(address).await.expect(202);
        }
        forgot("10.0.0.4").await.problem(429, "rate_limited");
    }
    post.world.pass(20 * 60);
    post.forgot(ADA).await.expect(202);
}

#[tokio::test]
async fn the_language_of_the_mail_is_the_requests() {
    let post = Post::start().await;
    post.deliver().await;
    for (header, subject) in [
        ("de-AT, en;q=0.5", "Neues Passwort für Northwind wählen"),
        ("fr, de;q=0.5, en;q=0.4", "Neues Passwort für Northwind wählen"),
        ("fr", "Choose a new password for Northwind"),
    ] {
        let call = post.world.call("requestPasswordReset").json(&json!({"email": ADA}));
        call.header("Accept-Language", header).from(header).send().await.expect(202);
        let sent = post.deliver().await;
        assert_eq!(sent.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), [subject], "{header}");
    }
}
