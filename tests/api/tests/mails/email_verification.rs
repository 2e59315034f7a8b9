//! The verification of an address.

use super::{ADA, PASSWORD, Post};
use api_tests::{Person, token_in};
use domain::Timestamp;
use domain::tenancy::Role;
use serde_json::Value;

async fn signed_in(post: &Post) -> Person {
    let tokens = post.login(PASSWORD).await.expect(200).json();
    let policy = post.world.authorize(tokens["access_token"].as_str().unwrap()).await.unwrap();
    let text = |name: &str| policy["context"][name].as_str().unwrap().to_owned();
    Person {
        tenant: text("org_id").parse().unwrap(),
        account: text("sub").parse().unwrap(),
        role: Role::Admin,
        session: text("sid").parse().unwrap(),
        email: ADA.to_owned(),
        account_organization: text("account_org_id").parse().unwrap(),
        authenticated_at: Timestamp::from_millis(text("auth_time").parse::<i64>().unwrap() * 1000),
    }
}

#[tokio::test]
async fn the_link_of_the_registration_verifies_the_address_once() {
    let post = Post::start().await;
    let sent = post.deliver().await;
    assert_eq!((sent.len(), sent[0].recipient.as_str()), (1, ADA));
    assert_eq!(sent[0].subject, "Confirm your e-mail address for Northwind");
    assert!(
        sent[0].text.contains("https://console.sextant.example/verify-email#token=sxm_"),
        "{}",
        sent[0].text
    );
    let token = token_in(&sent[0]);
    post.verify(&token).await.expect(204);
    // People open links twice.
    post.world.pass(3600);
    post.verify(&token).await.expect(204);
    let verified = post.world.events("email_verified").await;
    assert_eq!(verified.len(), 1);
    post.world.check_folds().await;
}

#[tokio::test]
async fn another_link_can_be_asked_for_until_the_address_is_verified() {
    let post = Post::start().await;
    let first = token_in(&post.deliver().await[0]);
    let ada = signed_in(&post).await;
    let again = || post.world.call("requestEmailVerification").by(&ada).send();
    again().await.expect(202);
    let second = token_in(&post.deliver().await[0]);
    assert_ne!(first, second);
    post.verify(&second).await.expect(204);
    // The first link is not used up, and has nothing left to do.
    post.verify(&first).await.expect(204);
    again().await.expect(202);
    assert_eq!(post.deliver().await, []);
    again().await.expect(202);
    again().await.problem(429, "rate_limited");
}

#[tokio::test]
async fn twenty_requests_with_one_token_verify_once() {
    let post = Post::start().await;
    let token = token_in(&post.deliver().await[0]);
    let requests = (0..20).map(|_| post.verify(&token));
    let answers = futures_util::future::join_all(requests).await;
    for answer in answers {
        assert!([204, 409].contains(&answer.status), "{}", answer.body);
    }
    let used: Vec<Value> = post.world.events("one_time_token_used").await;
    assert_eq!((used.len(), post.world.events("email_verified").await.len()), (1, 1));
    post.world.check_folds().await;
}
