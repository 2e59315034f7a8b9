//! Tokens that must not work. Every refusal has the same answer and changes nothing.

use super::{OTHER_PASSWORD, PASSWORD, Post};
use api_tests::token_in;

#[tokio::test]
async fn a_token_works_for_its_own_purpose_only() {
    let post = Post::start().await;
    let verification = token_in(&post.deliver().await[0]);
    let reset = post.reset_token().await;
    let before = post.world.ledger().await.len();
    let refused = post.reset(&verification, OTHER_PASSWORD).await.problem(400, "invalid_token");
    assert_eq!(post.verify(&reset).await.problem(400, "invalid_token"), refused);
    assert_eq!(post.world.ledger().await.len(), before);
    post.verify(&verification).await.expect(204);
    post.reset(&reset, OTHER_PASSWORD).await.expect(204);
}

#[tokio::test]
async fn no_altered_token_works() {
    let post = Post::start().await;
    let token = post.reset_token().await;
    let before = post.world.ledger().await.len();
    // One character of the organization, of the id, of the secret, and of the prefix.
    for place in [0, 4, 15, 27, 40, 50, 70, 88] {
        let mut altered: Vec<char> = token.chars().collect();
        altered[place] = if altered[place] == 'A' { 'B' } else { 'A' };
        let altered: String = altered.into_iter().collect();
        post.reset(&altered, OTHER_PASSWORD).await.problem(400, "invalid_token");
    }
    for other in ["x", "sxm_", &token[..89], &format!("{token}A"), &token.replace("sxm_", "sxr_")] {
        post.reset(other, OTHER_PASSWORD).await.problem(400, "invalid_token");
    }
    assert_eq!(post.world.ledger().await.len(), before);
    post.reset(&token, OTHER_PASSWORD).await.expect(204);
}

#[tokio::test]
async fn the_secret_of_one_token_does_not_open_another() {
    let post = Post::start().await;
    let (one, two) = (post.reset_token().await, post.reset_token().await);
    // 16 bytes of organization and 16 of id are 42 characters and a part of the next, so the last 43 are the secret's.
    let mixed = format!("{}{}", &one[..47], &two[47..]);
    assert_ne!(one, mixed);
    post.reset(&mixed, OTHER_PASSWORD).await.problem(400, "invalid_token");
    post.login(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_token_is_valid_for_thirty_minutes_and_not_a_moment_longer() {
    let post = Post::start().await;
    let token = post.reset_token().await;
    post.world.pass(30 * 60);
    post.reset(&token, OTHER_PASSWORD).await.problem(400, "invalid_token");
    let token = post.reset_token().await;
    post.world.pass(30 * 60 - 1);
    post.reset(&token, OTHER_PASSWORD).await.expect(204);
}

#[tokio::test]
async fn a_token_works_once_also_for_twenty_at_the_same_time() {
    let post = Post::start().await;
    let token = post.reset_token().await;
    let passwords: Vec<String> = (0..20).map(|number| format!("{OTHER_PASSWORD} {number}")).collect();
    let requests = passwords.iter().map(|password| post.reset(&token, password));
    let answers = futures_util::future::join_all(requests).await;
    let accepted: Vec<usize> = (0..20).filter(|number| answers[*number].status == 204).collect();
    assert_eq!(accepted.len(), 1, "{accepted:?}");
    assert!(answers.iter().all(|answer| [204, 400, 409].contains(&answer.status)));
    assert_eq!(post.world.events("password_changed").await.len(), 1);
    post.login(&passwords[accepted[0]]).await.expect(200);
    post.world.pass(60);
    post.reset(&token, OTHER_PASSWORD).await.problem(400, "invalid_token");
    post.world.check_folds().await;
}
