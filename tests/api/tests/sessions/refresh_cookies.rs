//! The refresh token in a cookie, for pages in browsers.

use super::{PASSWORD, authorized, refresh_token, register};
use api_tests::{Answer, Call, Person, World};
use serde_json::{Value, json};

const EMAIL: &str = "ada@northwind.example";
const PAGE: &str = "https://console.example.com";
const NAME: &str = "__Host-sextant_refresh";

async fn login(world: &World) -> Answer {
    let body = json!({"email": EMAIL, "password": PASSWORD, "use_cookie": true});
    world.call("login").json(&body).from(EMAIL).allowing(PAGE).header("Origin", PAGE).send().await.expect(200)
}

/// The value of the cookie that an answer sets, whose attributes must be right.
fn cookie(answer: &Answer) -> String {
    let header = answer.header("Set-Cookie").expect("a cookie");
    let (pair, attributes) = header.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=28800");
    let (name, value) = pair.split_once('=').unwrap();
    assert_eq!(name, NAME);
    value.to_owned()
}

/// A refresh by a page of this origin with these cookies.
fn refresh<'a>(world: &'a World, cookies: &str) -> Call<'a> {
    let call = world.call("refreshSession").json(&json!({})).allowing(PAGE).header("Cookie", cookies);
    call.header("Origin", PAGE).header("X-Requested-With", "sextant")
}

async fn signed_in() -> (World, Answer) {
    let world = World::start();
    register(&world, EMAIL).await;
    let answer = login(&world).await;
    (world, answer)
}

#[tokio::test]
async fn the_token_comes_as_a_cookie_alone_and_rotates_there() {
    let (world, first) = signed_in().await;
    let token = cookie(&first);
    assert!(token.starts_with("sxr_") && !first.body.contains("sxr_"), "{}", first.body);
    assert_eq!(first.json().get("refresh_token"), None);
    assert_eq!(first.header("Access-Control-Allow-Origin"), Some(PAGE));
    assert_eq!(first.header("Access-Control-Allow-Credentials"), Some("true"));
    // Cookies of others do not matter, wherever they stand.
    let cookies = format!("theme=dark; {NAME}={token}; {NAME}_old=x; x{NAME}=y; =; ;junk");
    let second = refresh(&world, &cookies).send().await.expect(200);
    let next = cookie(&second);
    assert!(next != token && !second.body.contains("sxr_"), "{}", second.body);
    // A lost answer is answered by the same successor.
    let again = refresh(&world, &format!("{NAME}={token}")).send().await.expect(200);
    assert_eq!(cookie(&again), next);
    let third = refresh(&world, &format!("{NAME}={next}")).send().await.expect(200);
    // Reuse ends the session, as in the body.
    world.pass(60);
    refresh(&world, &format!("{NAME}={token}")).send().await.problem(401, "invalid_refresh_token");
    refresh(&world, &format!("{NAME}={}", cookie(&third))).send().await.problem(401, "invalid_refresh_token");
    assert_eq!(world.events("session_revoked").await[0]["data"]["M"]["reason"]["S"], "refresh_token_reuse");
}

#[tokio::test]
async fn without_use_cookie_there_is_no_cookie() {
    let (world, _) = signed_in().await;
    for body in [
        json!({"email": EMAIL, "password": PASSWORD}),
        json!({"email": EMAIL, "password": PASSWORD, "use_cookie": false}),
    ] {
        let call = world.call("login").json(&body).from(EMAIL).allowing(PAGE).header("Origin", PAGE);
        let answer = call.send().await.expect(200);
        assert_eq!(answer.header("Set-Cookie"), None);
        let again = world.call("refreshSession").json(&json!({"refresh_token": refresh_token(&answer)}));
        assert_eq!(again.send().await.expect(200).header("Set-Cookie"), None);
    }
}

#[tokio::test]
async fn a_cookie_counts_only_from_a_page_of_an_allowed_origin() {
    let (world, first) = signed_in().await;
    let cookies = format!("{NAME}={}", cookie(&first));
    let before = world.snapshot().await;
    let call = || refresh(&world, &cookies);
    for (what, call) in [
        ("no X-Requested-With", call().without_header("X-Requested-With")),
        ("another X-Requested-With", call().header("X-Requested-With", "XMLHttpRequest")),
        ("two X-Requested-With", call().header_lines("X-Requested-With", &["sextant", "x"])),
        ("no origin", call().without_header("Origin")),
        ("a foreign origin", call().header("Origin", "https://evil.example")),
        ("an origin that begins alike", call().header("Origin", "https://console.example.com.evil.example")),
        ("an opaque origin", call().header("Origin", "null")),
        ("two origins", call().header_lines("Origin", &[PAGE, "https://evil.example"])),
        ("no allowed origins", call().allowing("")),
    ] {
        let answer = call.send().await;
        assert_eq!((answer.status, answer.code()), (403, "forbidden".to_owned()), "{what}: {}", answer.body);
        assert!(answer.json()["detail"].as_str().unwrap().contains("X-Requested-With"), "{what}");
        assert_eq!(answer.header("Set-Cookie"), None, "{what}");
    }
    world.unchanged_since(&before).await;
    call().send().await.expect(200);
}

#[tokio::test]
async fn several_or_damaged_cookies_and_two_tokens_are_refused() {
    let (world, first) = signed_in().await;
    let token = cookie(&first);
    let before = world.snapshot().await;
    let twice = format!("{NAME}={token}; {NAME}={token}");
    refresh(&world, &twice).send().await.problem(400, "invalid_request");
    let lines = [format!("{NAME}=x"), format!("{NAME}={token}")];
    let lines = [lines[0].as_str(), lines[1].as_str()];
    refresh(&world, "").header_lines("Cookie", &lines).send().await.problem(400, "invalid_request");
    let both =
        refresh(&world, &format!("{NAME}={token}")).json(&json!({"refresh_token": token})).send().await;
    assert_eq!(both.problem(400, "invalid_request").fields(), ["/refresh_token"]);
    for wrong in
        [String::new(), "x".to_owned(), format!("\"{token}\""), format!("{token}x"), token.to_uppercase()]
    {
        let answer = refresh(&world, &format!("{NAME}={wrong}")).send().await;
        answer.problem(401, "invalid_refresh_token");
    }
    // A cookie of another name is none.
    for name in ["sextant_refresh", "__host-sextant_refresh", "__Secure-sextant_refresh"] {
        let answer = refresh(&world, &format!("{name}={token}")).send().await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), ["/refresh_token"], "{name}");
    }
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn signing_out_clears_the_cookie_also_when_the_session_is_gone() {
    let (world, first) = signed_in().await;
    let person = authorized(&world, first.json()["access_token"].as_str().unwrap()).await.unwrap();
    let cookies = format!("{NAME}={}", cookie(&first));
    let call = |person: &Person| {
        let call = world.call("logout").by(person).allowing(PAGE).header("Cookie", &cookies);
        call.header("Origin", PAGE).header("X-Requested-With", "sextant")
    };
    call(&person).header("Origin", "https://evil.example").send().await.problem(403, "forbidden");
    assert_eq!(world.events("session_revoked").await.len(), 0);
    let cleared = Some("__Host-sextant_refresh=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    for _ in 0..2 {
        assert_eq!(call(&person).send().await.expect(204).header("Set-Cookie"), cleared);
    }
    let gone = Person { session: world.context().new_id().unwrap(), ..person.clone() };
    assert_eq!(call(&gone).send().await.expect(204).header("Set-Cookie"), cleared);
    // Programs without a cookie sign out as before.
    let plain = world.call("logout").by(&person).send().await.expect(204);
    assert_eq!(plain.header("Set-Cookie"), None);
    let events = world.events("session_revoked").await;
    assert_eq!(
        events.iter().map(|event| &event["data"]["M"]["reason"]["S"]).collect::<Vec<_>>(),
        [&Value::from("logout")]
    );
}
