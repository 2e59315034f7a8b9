//! The job that sends mails.

use super::{ADA, Post, subjects};
use api_tests::token_in;
use application_core::fingerprint;
use ports::{MailSuppressions, SuppressionReason};
use serde_json::json;

#[tokio::test]
async fn an_event_is_mailed_once_however_often_it_is_delivered() {
    let post = Post::start().await;
    assert_eq!(post.deliver().await.len(), 1);
    for _ in 0..3 {
        assert_eq!(post.deliver().await, []);
    }
    let messages = post.world.messages().await;
    let twice: Vec<_> = messages.iter().chain(&messages).cloned().collect();
    post.register("bob@contoso.example").await;
    assert_eq!(post.world.send_mails(&post.mailer, &twice).await.failed, Vec::<String>::new());
    assert_eq!(post.deliver().await.len(), 1);
}

#[tokio::test]
async fn a_mail_that_can_not_be_sent_is_sent_later_with_the_same_link() {
    let post = Post::start().await;
    let messages = post.world.messages().await;
    post.mailer.break_down(true);
    let failed = post.world.send_mails(&post.mailer, &messages).await.failed;
    assert_eq!(failed.len(), 1);
    post.mailer.break_down(false);
    assert_eq!(post.deliver().await.len(), 1);
    // After a crash between sending and marking the same mail would be made again.
    let mail = post.mailer.sent().remove(0);
    post.verify(&token_in(&mail)).await.expect(204);
}

#[tokio::test]
async fn a_token_that_was_used_or_expired_is_not_mailed_any_more() {
    let post = Post::start().await;
    post.world.pass(30 * 60);
    assert_eq!(post.deliver().await, []);
}

#[tokio::test]
async fn a_suppressed_address_gets_mail_about_security_only() {
    let post = Post::start().await;
    let suppressions = post.world.environment().mail_suppressions();
    let hash = fingerprint(ADA.as_bytes());
    suppressions.suppress(&hash, SuppressionReason::Complaint, post.world.now()).await.unwrap();
    assert_eq!(post.deliver().await, []);
    post.forgot(ADA).await.expect(202);
    let sent = post.deliver().await;
    assert_eq!(subjects(&sent), ["Choose a new password for Northwind"].into());
}

#[tokio::test]
async fn a_stolen_session_is_told_to_its_owner() {
    let post = Post::start().await;
    post.deliver().await;
    let tokens = post.login(super::PASSWORD).await.expect(200).json();
    post.refresh(&tokens["refresh_token"]).await.expect(200);
    post.world.pass(60);
    post.refresh(&tokens["refresh_token"]).await.expect(401);
    let sent = post.deliver().await;
    assert_eq!(subjects(&sent), ["A session of yours at Northwind was ended"].into());
}

#[tokio::test]
async fn no_token_and_no_secret_rests_anywhere() {
    let post = Post::start().await;
    let token = post.reset_token().await;
    let secret = &token[47..];
    let stored = String::from_utf8_lossy(&post.world.bytes().await).into_owned();
    assert!(!stored.contains(secret) && !stored.contains(&token));
    let messages = json!(post.world.messages().await).to_string();
    assert!(!messages.contains(secret) && !messages.contains(ADA), "{messages}");
    for private in ["secret_hash", "address_hash"] {
        assert!(!messages.contains(private), "{private}");
    }
}
