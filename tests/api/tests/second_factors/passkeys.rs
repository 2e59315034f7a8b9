//! Passkeys: adding them, signing in with them, and what is refused.

use super::{EMAIL, activated, challenge, codes, login, registered, session, signed_in, verify};
use api_tests::{Answer, Person, SoftwareAuthenticator, World};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

const REFUSED: &str = "invalid_second_factor";

fn handle(person: &Person) -> String {
    let bytes = [*person.account_organization.uuid().as_bytes(), *person.account.uuid().as_bytes()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

async fn options(world: &World) -> Value {
    world.pass(900);
    world.call("createPasskeyLoginOptions").send().await.expect(200).json()["public_key"].clone()
}

async fn login_with(world: &World, credential: &Value) -> Answer {
    let body = json!({"credential": credential, "device_name": "Ada's phone"});
    world.call("loginWithPasskey").json(&body).named("one and the same").send().await
}

/// Adds a passkey, uses it, sends an old count, and removes it.
pub(super) async fn every_event(world: &World, person: &Person) {
    let phone = SoftwareAuthenticator::new(9);
    let created = world.passkey(person, &phone).await;
    let of = handle(person);
    login_with(world, &phone.get(&options(world).await["challenge"], Some(&of))).await.expect(200);
    phone.count.store(0, Ordering::SeqCst);
    login_with(world, &phone.get(&options(world).await["challenge"], Some(&of))).await.expect(401);
    let id = created["passkey"]["id"].as_str().unwrap();
    world.call("deletePasskey").by(person).path("id", id).send().await.expect(204);
}

#[tokio::test]
async fn a_passkey_signs_in_alone_and_as_a_second_factor() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let phone = SoftwareAuthenticator::new(1);
    let asked = world.call("createPasskeyOptions").by(&ada).send().await.expect(200).json();
    let asked = &asked["public_key"];
    assert_eq!((&asked["rp"]["id"], &asked["user"]["name"]), (&json!("example.com"), &json!(EMAIL)));
    assert_eq!(asked["user"]["id"], handle(&ada));
    assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
    let created = world.passkey(&ada, &phone).await;
    assert_eq!(created["passkey"]["name"], "Ada's phone");
    assert_eq!(codes(&created).len(), 10);

    // Alone.
    let asked = options(&world).await;
    assert_eq!((&asked["rpId"], &asked["allowCredentials"]), (&json!("example.com"), &json!([])));
    let tokens = login_with(&world, &phone.get(&asked["challenge"], Some(&handle(&ada)))).await.expect(200);
    let person = signed_in(&world, &tokens.json()).await;
    assert_eq!((person.account, person.tenant), (ada.account, ada.tenant));
    let session = session(&world, &person).await;
    assert_eq!((&session["methods"], &session["device"]["name"]), (&json!(["hwk"]), &json!("Ada's phone")));
    let listed = world.call("listPasskeys").by(&ada).send().await.expect(200).json();
    assert_eq!(listed["data"][0]["last_used_at"], world.now().to_string());

    // After a password.
    let opened = challenge(&world, EMAIL).await;
    assert_eq!(opened["methods"], json!(["passkey", "recovery_code"]));
    let asked = &opened["passkey_options"];
    assert_eq!(asked["allowCredentials"][0]["transports"], json!(["hybrid", "internal"]));
    let verify = |credential: Value| {
        let body =
            json!({"challenge_id": opened["challenge_id"], "method": "passkey", "credential": credential});
        world.call("verifyMfa").json(&body).send()
    };
    // A security key that was told its credential may name no account.
    let assertion = phone.get(&asked["challenge"], None);
    let tokens = verify(assertion.clone()).await.expect(200).json();
    let person = signed_in(&world, &tokens).await;
    let session = super::session(&world, &person).await;
    assert_eq!(session["methods"], json!(["pwd", "hwk"]));
    verify(assertion).await.problem(401, REFUSED);
}

#[tokio::test]
async fn what_is_wrong_with_a_new_passkey_is_said() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let grace = registered(&world, "grace@northwind.example").await;
    let fresh = async || world.call("createPasskeyOptions").by(&ada).send().await.expect(200).json();
    let add = |credential: Value| {
        let body = json!({"name": "Ada's phone", "credential": credential});
        world.call("createPasskey").by(&ada).json(&body).send()
    };
    let code_of = |answer: Answer| {
        let problem = answer.problem(400, "invalid_request").json();
        assert_eq!(problem["errors"][0]["field"], "/credential");
        problem["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    let wrong = |change: fn(&mut SoftwareAuthenticator)| {
        let mut authenticator = SoftwareAuthenticator::new(2);
        change(&mut authenticator);
        authenticator
    };
    for (authenticator, reason) in [
        (wrong(|it| it.origin = "https://evil.example"), "origin is not allowed"),
        (wrong(|it| it.origin = "http://app.example.com"), "origin is not allowed"),
        (wrong(|it| it.relying_party = "evil.example"), "belongs to another site"),
        (wrong(|it| it.flags = 0x01), "without verifying the user"),
        (wrong(|it| it.flags = 0x04), "without verifying the user"),
        (wrong(|it| it.flags = 0x15), "PublicKeyCredential"),
    ] {
        let message = code_of(add(authenticator.create(&fresh().await)).await);
        assert!(message.contains(reason), "{message}");
    }
    let phone = SoftwareAuthenticator::new(3);
    // Of the other ceremony, of nobody's challenge, of another account's challenge.
    let asked = fresh().await;
    let mut other = phone.create(&asked);
    other["response"]["clientDataJSON"] =
        phone.get(&asked["public_key"]["challenge"], None)["response"]["clientDataJSON"].clone();
    assert!(code_of(add(other).await).contains("another call"));
    let made_up = json!({"public_key": {"challenge": "A".repeat(43)}});
    for _ in 0..2 {
        assert!(code_of(add(phone.create(&made_up)).await).contains("new options"));
    }
    let of_grace = world.call("createPasskeyOptions").by(&grace).send().await.expect(200).json();
    assert!(code_of(add(phone.create(&of_grace)).await).contains("new options"));
    for malformed in [json!({}), json!({"id": "x", "type": "public-key", "response": {}})] {
        assert!(code_of(add(malformed).await).contains("toJSON"));
    }
    // A challenge works for five minutes and once.
    let late = fresh().await;
    world.pass(300);
    let credential = phone.create(&late);
    assert!(code_of(add(credential).await).contains("new options"));
    let credential = phone.create(&fresh().await);
    add(credential.clone()).await.expect(201);
    assert!(code_of(add(credential).await).contains("new options"));
    assert!(code_of(add(phone.create(&fresh().await)).await).contains("passkey of the account"));
    let listed = world.call("listPasskeys").by(&ada).send().await.expect(200).json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_wrong_signature_gets_one_answer() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let grace = registered(&world, "grace@northwind.example").await;
    let (mut phone, of_grace) = (SoftwareAuthenticator::new(1), SoftwareAuthenticator::new(2));
    world.passkey(&ada, &phone).await;
    world.passkey(&grace, &of_grace).await;
    let of = handle(&ada);
    let refused = async |credential: Value| {
        login_with(&world, &credential).await.problem(401, REFUSED);
    };
    let challenge = async || options(&world).await["challenge"].clone();

    phone.origin = "https://evil.example";
    refused(phone.get(&challenge().await, Some(&of))).await;
    phone.origin = "https://app.example.com";
    phone.relying_party = "evil.example";
    refused(phone.get(&challenge().await, Some(&of))).await;
    phone.relying_party = "example.com";
    for flags in [0x00, 0x01, 0x04] {
        phone.flags = flags;
        refused(phone.get(&challenge().await, Some(&of))).await;
    }
    phone.flags = 0x0d;
    // Somebody else's passkey for this account, and this passkey for somebody else's account or for none.
    refused(of_grace.get(&challenge().await, Some(&of))).await;
    refused(phone.get(&challenge().await, Some(&handle(&grace)))).await;
    refused(phone.get(&challenge().await, None)).await;
    refused(phone.get(&challenge().await, Some("AAAA"))).await;
    // The same credential id with another key.
    refused(SoftwareAuthenticator::new(1).get(&challenge().await, Some(&of))).await;
    // A changed signature, and challenges that were never issued or have ended.
    let mut changed = phone.get(&challenge().await, Some(&of));
    changed["response"]["signature"] = phone.get(&json!("other"), None)["response"]["signature"].clone();
    refused(changed).await;
    for _ in 0..2 {
        refused(phone.get(&json!("A".repeat(43)), Some(&of))).await;
    }
    let late = challenge().await;
    world.pass(300);
    refused(phone.get(&late, Some(&of))).await;

    let right = phone.get(&challenge().await, Some(&of));
    login_with(&world, &right).await.expect(200);
    refused(right).await;
    assert!(!world.events("login_failed").await.is_empty());
}

#[tokio::test]
async fn a_challenge_of_one_purpose_is_none_of_another() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let phone = SoftwareAuthenticator::new(1);
    world.passkey(&ada, &phone).await;
    let fresh = ada.clone();
    let registration = world.call("createPasskeyOptions").by(&fresh).send().await.expect(200).json();
    let credential = phone.get(&registration["public_key"]["challenge"], Some(&handle(&ada)));
    login_with(&world, &credential).await.problem(401, REFUSED);
    let opened = challenge(&world, EMAIL).await;
    let credential = phone.get(&opened["passkey_options"]["challenge"], Some(&handle(&ada)));
    login_with(&world, &credential).await.problem(401, REFUSED);
    let asked = options(&world).await;
    let body = json!({
        "challenge_id": opened["challenge_id"], "method": "passkey",
        "credential": phone.get(&asked["challenge"], Some(&handle(&ada))),
    });
    world.call("verifyMfa").json(&body).send().await.problem(401, REFUSED);
}

#[tokio::test]
async fn a_count_that_does_not_grow_is_refused_and_reported() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let phone = SoftwareAuthenticator::new(1);
    world.passkey(&ada, &phone).await;
    let of = handle(&ada);
    phone.count.store(7, Ordering::SeqCst);
    login_with(&world, &phone.get(&options(&world).await["challenge"], Some(&of))).await.expect(200);
    for count in [7, 0, 3] {
        phone.count.store(count, Ordering::SeqCst);
        let credential = phone.get(&options(&world).await["challenge"], Some(&of));
        login_with(&world, &credential).await.problem(401, REFUSED);
    }
    assert_eq!(world.everything().await.matches("passkey_count_refused").count(), 3);
    phone.count.store(8, Ordering::SeqCst);
    login_with(&world, &phone.get(&options(&world).await["challenge"], Some(&of))).await.expect(200);

    // Authenticators that never count always say zero.
    let grace = registered(&world, "grace@northwind.example").await;
    let mut manager = SoftwareAuthenticator::new(2);
    manager.counts = false;
    world.passkey(&grace, &manager).await;
    for _ in 0..2 {
        let credential = manager.get(&options(&world).await["challenge"], Some(&handle(&grace)));
        login_with(&world, &credential).await.expect(200);
    }
}

#[tokio::test]
async fn one_of_many_uses_of_a_signature_opens_a_session() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let mut phone = SoftwareAuthenticator::new(1);
    phone.counts = false;
    world.passkey(&ada, &phone).await;
    let credential = phone.get(&options(&world).await["challenge"], Some(&handle(&ada)));
    let calls = (0..20).map(|number| {
        let body = json!({"credential": credential});
        world.call("loginWithPasskey").json(&body).from(&format!("198.51.100.{number}")).send()
    });
    let answers = join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
}

#[tokio::test]
async fn one_of_many_registrations_with_a_challenge_adds_a_passkey() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let asked = world.call("createPasskeyOptions").by(&ada).send().await.expect(200).json();
    let calls = (0..20).map(|number| {
        let credential = SoftwareAuthenticator::new(number).create(&asked);
        let body = json!({"name": "Ada's phone", "credential": credential});
        world.call("createPasskey").by(&ada).json(&body).send()
    });
    let answers = join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    let listed = world.call("listPasskeys").by(&ada).send().await.expect(200).json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_deleted_passkey_signs_nobody_in_and_the_last_factor_takes_the_codes_along() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let phone = SoftwareAuthenticator::new(1);
    let created = world.passkey(&ada, &phone).await;
    let id = created["passkey"]["id"].as_str().unwrap();
    let app = activated(&world, &ada).await;
    let second = world.passkey(&ada, &SoftwareAuthenticator::new(2)).await;
    assert!(second.get("recovery_codes").is_none(), "an app is there already");

    let fresh = ada.clone();
    let grace = registered(&world, "grace@northwind.example").await;
    let delete = |by: &Person, id: &str| world.call("deletePasskey").by(by).path("id", id).send();
    delete(&grace, id).await.problem(404, "not_found");
    let stale =
        world.call("deletePasskey").by(&ada).path("id", id).signed_in_at(world.now().plus_seconds(-601));
    stale.send().await.problem(403, "reauthentication_required");
    delete(&fresh, id).await.expect(204);
    delete(&fresh, id).await.expect(204);
    let credential = phone.get(&options(&world).await["challenge"], Some(&handle(&ada)));
    login_with(&world, &credential).await.problem(401, REFUSED);

    delete(&fresh, second["passkey"]["id"].as_str().unwrap()).await.expect(204);
    let opened = challenge(&world, EMAIL).await;
    assert_eq!(opened["methods"], json!(["totp", "recovery_code"]));
    verify(&world, &opened, "totp", &app.code(&world)).await.expect(200);
    world.call("disableTotp").by(&fresh).send().await.expect(204);
    assert!(login(&world, EMAIL).await.expect(200).json()["access_token"].is_string());
}

#[tokio::test]
async fn an_account_has_at_most_twenty_passkeys() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    for number in 0..20 {
        world.passkey(&ada, &SoftwareAuthenticator::new(number)).await;
    }
    let asked = world.call("createPasskeyOptions").by(&ada).send().await.expect(200).json();
    assert_eq!(asked["public_key"]["excludeCredentials"].as_array().unwrap().len(), 20);
    let body = json!({"name": "One more", "credential": SoftwareAuthenticator::new(20).create(&asked)});
    let answer =
        world.call("createPasskey").by(&ada).json(&body).send().await.problem(400, "invalid_request").json();
    assert_eq!(answer["errors"][0]["code"], "too_many");
}
