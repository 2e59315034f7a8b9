//! What a challenge refuses, and what works once.

use super::{EMAIL, activated, challenge, login, registered, verify};
use api_tests::World;
use futures_util::future::join_all;
use serde_json::{Value, json};

const REFUSED: &str = "invalid_second_factor";

#[tokio::test]
async fn a_challenge_works_once_and_for_five_minutes() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let app = activated(&world, &ada).await;
    let opened = challenge(&world, EMAIL).await;
    verify(&world, &opened, "totp", &app.code(&world)).await.expect(200);
    world.pass(30);
    verify(&world, &opened, "totp", &app.code(&world)).await.problem(401, REFUSED);

    let late = challenge(&world, EMAIL).await;
    world.pass(300);
    verify(&world, &late, "totp", &app.code(&world)).await.problem(401, REFUSED);
    let just = challenge(&world, EMAIL).await;
    world.pass(299);
    verify(&world, &just, "totp", &app.code(&world)).await.expect(200);
}

#[tokio::test]
async fn a_code_works_once_even_with_another_challenge() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let app = activated(&world, &ada).await;
    let opened = challenge(&world, EMAIL).await;
    let code = app.code(&world);
    verify(&world, &opened, "totp", &code).await.expect(200);
    let body = json!({"email": EMAIL, "password": super::PASSWORD});
    let again = world.call("login").json(&body).from(EMAIL).send().await.expect(200).json();
    verify(&world, &again, "totp", &code).await.problem(401, REFUSED);
    world.pass(30);
    verify(&world, &again, "totp", &app.code(&world)).await.expect(200);
}

#[tokio::test]
async fn the_fifth_wrong_answer_ends_a_challenge_and_no_other() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let app = activated(&world, &ada).await;
    let (guessed, other) = (challenge(&world, EMAIL).await, challenge(&world, EMAIL).await);
    world.pass(-900);
    for _ in 0..5 {
        verify(&world, &guessed, "totp", &app.wrong_code(&world)).await.problem(401, REFUSED);
    }
    verify(&world, &guessed, "totp", &app.code(&world)).await.problem(401, REFUSED);
    world.pass(900);
    verify(&world, &other, "totp", &app.code(&world)).await.expect(200);
    let events = world.everything().await;
    assert_eq!(events.matches("second_factor_refused").count(), 5);
}

#[tokio::test]
async fn at_most_five_of_many_wrong_answers_at_once_are_judged() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let app = activated(&world, &ada).await;
    let opened = challenge(&world, EMAIL).await;
    let wrong = app.wrong_code(&world);
    let answers = join_all((0..20).map(|_| verify(&world, &opened, "recovery_code", &wrong))).await;
    assert!(answers.iter().all(|answer| [401, 409, 429].contains(&answer.status)), "{answers:?}");
    let recorded = world.everything().await.matches("second_factor_refused").count();
    assert!((1..=5).contains(&recorded), "{recorded}");
}

#[tokio::test]
async fn one_of_many_uses_of_a_code_opens_a_session() {
    for method in ["totp", "recovery_code"] {
        let world = World::start();
        let ada = registered(&world, EMAIL).await;
        let app = activated(&world, &ada).await;
        let opened = challenge(&world, EMAIL).await;
        let code = if method == "totp" { app.code(&world) } else { app.recovery_codes[0].clone() };
        let calls = (0..20).map(|number| {
            let body = json!({"challenge_id": opened["challenge_id"], "method": method, "code": code});
            world.call("verifyMfa").json(&body).from(&format!("198.51.100.{number}")).send()
        });
        let answers = join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{method}: {answers:?}");
        assert!(answers.iter().all(|answer| [200, 401, 409, 429].contains(&answer.status)), "{answers:?}");
    }
}

#[tokio::test]
async fn one_recovery_code_signs_in_once_with_many_challenges() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let app = activated(&world, &ada).await;
    let mut challenges = Vec::new();
    for number in 0..4 {
        let body = json!({"email": EMAIL, "password": super::PASSWORD});
        let from = format!("198.51.100.{number}");
        challenges.push(world.call("login").json(&body).from(&from).send().await.expect(200).json());
    }
    let code = &app.recovery_codes[0];
    let answers =
        join_all(challenges.iter().map(|opened| verify(&world, opened, "recovery_code", code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    assert_eq!(world.everything().await.matches("recovery_code_used").count(), 1);
}

#[tokio::test]
async fn unknown_foreign_and_malformed_challenges_get_one_answer() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let grace = registered(&world, "grace@northwind.example").await;
    let (of_ada, of_grace) = (activated(&world, &ada).await, activated(&world, &grace).await);
    let opened = challenge(&world, EMAIL).await;
    // Somebody else's code.
    let foreign = verify(&world, &opened, "totp", &of_grace.code(&world)).await.problem(401, REFUSED).json();
    let text = opened["challenge_id"].as_str().unwrap();
    // The secret is at the end: another one finds the challenge and does not prove it.
    let end = if text.ends_with('A') { "Q" } else { "A" };
    let guessed = format!("{}{end}", &text[..text.len() - 1]);
    for wrong in [guessed.as_str(), "sxc_", "nonsense", &text[..60], &text.replace("sxc_", "sxr_")] {
        let body = json!({"challenge_id": wrong});
        let answer = verify(&world, &body, "totp", &of_ada.code(&world)).await.problem(401, REFUSED).json();
        assert_eq!(answer, foreign, "{wrong}");
    }
    // None of that was an answer to the challenge.
    assert_eq!(world.everything().await.matches("second_factor_refused").count(), 1);
    verify(&world, &opened, "totp", &of_ada.code(&world)).await.expect(200);
}

#[tokio::test]
async fn wrong_codes_are_limited_for_an_account_and_recovery_codes_still_work() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let app = activated(&world, &ada).await;
    let mut limited = false;
    for _ in 0..6 {
        let opened = challenge(&world, EMAIL).await;
        for _ in 0..5 {
            let answer = verify(&world, &opened, "totp", &app.wrong_code(&world)).await;
            assert!([401, 429].contains(&answer.status));
            limited |= answer.status == 429;
        }
    }
    assert!(limited);
    let opened = challenge(&world, EMAIL).await;
    verify(&world, &opened, "recovery_code", &app.recovery_codes[0]).await.expect(200);
    world.pass(24 * 3600);
    let opened = challenge(&world, EMAIL).await;
    verify(&world, &opened, "totp", &app.code(&world)).await.expect(200);
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let world = World::start();
    let fields = |answer: Value| -> Vec<String> {
        let errors = answer["errors"].as_array().unwrap().iter();
        errors.map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    for (body, expected) in [
        (json!({"challenge_id": "", "method": "totp", "code": ""}), vec!["/challenge_id", "/code"]),
        (json!({"challenge_id": "x", "method": "sms", "code": "1"}), vec!["/method"]),
        (json!({"challenge_id": "x", "method": "totp"}), vec!["/code"]),
        (json!({"challenge_id": "x", "method": "passkey", "code": "1"}), vec!["/code", "/credential"]),
        (json!({"challenge_id": "x", "method": "passkey", "credential": {"id": 1}}), vec!["/credential"]),
        (json!({"challenge_id": "x", "method": "totp", "code": "1", "credential": {}}), vec!["/credential"]),
    ] {
        let answer = world.call("verifyMfa").json(&body).send().await.problem(400, "invalid_request").json();
        assert_eq!(fields(answer), expected, "{body}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_answered_the_same_with_a_second_factor() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    activated(&world, &ada).await;
    let body = json!({"email": EMAIL, "password": "wrong horse battery staple"});
    world.call("login").json(&body).from(EMAIL).send().await.problem(401, "invalid_credentials");
    assert!(login(&world, EMAIL).await.expect(200).json()["challenge_id"].is_string());
}
