//! Authenticator apps, recovery codes, and the challenge of a log-in.

mod challenges;
mod passkeys;

use api_tests::{Answer, Person, World, unbase32};
use application_identity::totp_code;
use base64::Engine as _;
use domain::AggregateType;
use ports::{AggregateKey, Store as _};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery staple";
const EMAIL: &str = "ada@northwind.example";

/// A registered person, and the session of a log-in with a password.
async fn registered(world: &World, email: &str) -> Person {
    let body =
        json!({"email": email, "password": PASSWORD, "name": "Ada Byron", "organization_name": "Northwind"});
    world.call("registerAccount").json(&body).from(email).send().await.expect(201);
    let tokens = login(world, email).await.expect(200).json();
    signed_in(world, &tokens).await
}

/// The person of an access token.
async fn signed_in(world: &World, tokens: &Value) -> Person {
    let policy = world.authorize(tokens["access_token"].as_str().unwrap()).await.unwrap();
    let text = |name: &str| policy["context"][name].as_str().unwrap().to_owned();
    Person {
        tenant: text("org_id").parse().unwrap(),
        account: text("sub").parse().unwrap(),
        role: text("role").parse().unwrap(),
        session: text("sid").parse().unwrap(),
        email: String::new(),
        account_organization: text("account_org_id").parse().unwrap(),
        authenticated_at: world.now(),
    }
}

async fn login(world: &World, email: &str) -> Answer {
    world.pass(900);
    let body = json!({"email": email, "password": PASSWORD, "device_name": "Ada's phone"});
    world.call("login").json(&body).from(email).send().await
}

/// The stored session of a person.
async fn session(world: &World, person: &Person) -> Value {
    let key = AggregateKey::new(person.tenant, AggregateType::Session, &person.session);
    serde_json::from_str(&world.store().load(&key).await.unwrap().unwrap().state).unwrap()
}

/// An app with its secret, in use.
struct App {
    secret: Vec<u8>,
    recovery_codes: Vec<String>,
}

impl App {
    fn code(&self, world: &World) -> String {
        totp_code(&self.secret, world.now())
    }

    /// A code that is wrong now, and a step before and after.
    fn wrong_code(&self, world: &World) -> String {
        let now = world.now();
        let near: Vec<_> =
            [-30, 0, 30].map(|seconds| totp_code(&self.secret, now.plus_seconds(seconds))).into();
        (0..).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

fn codes(body: &Value) -> Vec<String> {
    let codes = body["recovery_codes"].as_array().unwrap().iter();
    codes.map(|code| code.as_str().unwrap().to_owned()).collect()
}

async fn enrolled(world: &World, person: &Person) -> Vec<u8> {
    let enrollment = world.call("enrollTotp").by(person).send().await.expect(201).json();
    unbase32(enrollment["secret"].as_str().unwrap())
}

async fn activated(world: &World, person: &Person) -> App {
    let secret = enrolled(world, person).await;
    let body = json!({"code": totp_code(&secret, world.now())});
    let answer = world.call("activateTotp").by(person).json(&body).send().await.expect(200).json();
    world.pass(30);
    App { secret, recovery_codes: codes(&answer) }
}

/// A challenge of a log-in.
async fn challenge(world: &World, email: &str) -> Value {
    let answer = login(world, email).await.expect(200).json();
    assert_eq!(answer["mfa_required"], true);
    assert!(answer.get("access_token").is_none());
    answer
}

async fn verify(world: &World, challenge: &Value, method: &str, code: &str) -> Answer {
    let body = json!({"challenge_id": challenge["challenge_id"], "method": method, "code": code});
    world.call("verifyMfa").json(&body).named("one and the same").send().await
}

/// Writes every event of second factors and challenges.
pub(crate) async fn every_event(world: &World) {
    let email = "grace@contoso.example";
    let person = registered(world, email).await;
    let app = activated(world, &person).await;
    let opened = challenge(world, email).await;
    verify(world, &opened, "totp", &app.wrong_code(world)).await.expect(401);
    verify(world, &opened, "totp", &app.code(world)).await.expect(200);
    let opened = challenge(world, email).await;
    verify(world, &opened, "recovery_code", &app.recovery_codes[0]).await.expect(200);
    world.call("regenerateRecoveryCodes").by(&person).send().await.expect(200);
    passkeys::every_event(world, &person).await;
    world.call("disableTotp").by(&person).send().await.expect(204);
}

#[tokio::test]
async fn an_enrolled_app_asks_for_a_code_at_log_in_once_it_is_activated() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let enrollment = world.call("enrollTotp").by(&ada).send().await.expect(201).json();
    let secret = enrollment["secret"].as_str().unwrap();
    assert_eq!(
        enrollment["otpauth_url"],
        format!(
            "otpauth://totp/Sextant:ada%40northwind%2Eexample?secret={secret}&issuer=Sextant&algorithm=SHA1\
             &digits=6&period=30"
        )
    );
    assert!(enrollment["qr_svg"].as_str().unwrap().starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    // Not activated yet.
    assert!(login(&world, EMAIL).await.expect(200).json().get("mfa_required").is_none());

    let wrong = world.call("activateTotp").by(&ada).json(&json!({"code": "abcdef"})).send().await;
    assert_eq!(wrong.problem(400, "invalid_request").json()["errors"][0]["field"], "/code");
    let code = totp_code(&unbase32(secret), world.now());
    let body = json!({"code": code});
    let answer = world.call("activateTotp").by(&ada).json(&body).send().await.expect(200).json();
    assert_eq!(codes(&answer).len(), 10);
    // Nothing waits for activation any more.
    world.call("activateTotp").by(&ada).json(&body).send().await.problem(404, "not_found");

    let challenge = challenge(&world, EMAIL).await;
    assert_eq!(challenge["methods"], json!(["totp", "recovery_code"]));
    assert!(challenge.get("passkey_options").is_none());
    let tokens = verify(&world, &challenge, "totp", &totp_code(&unbase32(secret), world.now())).await;
    let person = signed_in(&world, &tokens.expect(200).json()).await;
    assert_eq!(person.account, ada.account);
    let profile = world.call("getProfile").by(&person).send().await.expect(200).json();
    assert_eq!((&profile["mfa_enabled"], &profile["email_verified"]), (&json!(true), &json!(false)));
    let session = session(&world, &person).await;
    assert_eq!(session["methods"], json!(["pwd", "otp"]));
    assert_eq!(session["device"]["name"], "Ada's phone");
}

#[tokio::test]
async fn the_tables_do_not_have_the_secret_and_the_bus_has_no_hash() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let app = activated(&world, &ada).await;
    let everything = world.everything().await;
    let secret = app.secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (name, form) in [("hexadecimal", secret), ("a recovery code", app.recovery_codes[0].clone())] {
        assert!(!everything.contains(&form), "the tables have {name}");
    }
    for form in [
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&app.secret),
        base64::engine::general_purpose::STANDARD.encode(&app.secret),
    ] {
        assert!(!everything.contains(&form));
    }
    assert!(everything.contains("totp_activated"));
}

#[tokio::test]
async fn enrolling_again_keeps_the_app_in_use_until_the_new_one_is_activated() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let first = activated(&world, &ada).await;
    let second = enrolled(&world, &ada).await;
    let opened = challenge(&world, EMAIL).await;
    verify(&world, &opened, "totp", &totp_code(&second, world.now()))
        .await
        .problem(401, "invalid_second_factor");
    verify(&world, &opened, "totp", &first.code(&world)).await.expect(200);

    // An enrollment waits for an hour.
    world.pass(3601);
    let body = json!({"code": totp_code(&second, world.now())});
    world.call("activateTotp").by(&ada).json(&body).send().await.problem(404, "not_found");
    let third = activated(&world, &ada).await;
    let opened = challenge(&world, EMAIL).await;
    verify(&world, &opened, "totp", &first.code(&world)).await.problem(401, "invalid_second_factor");
    let old = &first.recovery_codes[0];
    verify(&world, &opened, "recovery_code", old).await.problem(401, "invalid_second_factor");
    verify(&world, &opened, "totp", &third.code(&world)).await.expect(200);
}

#[tokio::test]
async fn one_of_many_activations_gives_out_codes() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let secret = enrolled(&world, &ada).await;
    let body = json!({"code": totp_code(&secret, world.now())});
    let calls = (0..20).map(|_| world.call("activateTotp").by(&ada).json(&body).send());
    let answers = futures_util::future::join_all(calls).await;
    let activated = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(activated, 1, "{answers:?}");
}

#[tokio::test]
async fn removing_the_app_needs_a_recent_log_in_and_ends_the_challenges() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let app = activated(&world, &ada).await;
    world.pass(601);
    for operation in ["enrollTotp", "disableTotp", "regenerateRecoveryCodes", "createPasskeyOptions"] {
        let answer = world.call(operation).by(&ada).signed_in_at(ada.authenticated_at).send().await;
        answer.problem(403, "reauthentication_required");
    }
    let opened = challenge(&world, EMAIL).await;
    world.call("disableTotp").by(&ada).send().await.expect(204);
    world.call("disableTotp").by(&ada).send().await.expect(204);
    // The challenge is still there, and has nothing left to be answered with.
    verify(&world, &opened, "totp", &app.code(&world)).await.problem(401, "invalid_second_factor");
    let code = &app.recovery_codes[0];
    verify(&world, &opened, "recovery_code", code).await.problem(401, "invalid_second_factor");
    world.call("regenerateRecoveryCodes").by(&ada).send().await.problem(404, "not_found");
    login(&world, EMAIL).await.expect(200).json()["access_token"].as_str().unwrap();
    // An account that never had an app.
    let grace = registered(&world, "grace@northwind.example").await;
    world.call("disableTotp").by(&grace).send().await.expect(204);
}

#[tokio::test]
async fn new_recovery_codes_replace_the_earlier_ones() {
    let world = World::start();
    let ada = registered(&world, EMAIL).await;
    let app = activated(&world, &ada).await;
    let answer = world.call("regenerateRecoveryCodes").by(&ada).send().await.expect(200).json();
    let new = codes(&answer);
    assert!(new.iter().all(|code| !app.recovery_codes.contains(code)));
    let opened = challenge(&world, EMAIL).await;
    let old = &app.recovery_codes[3];
    verify(&world, &opened, "recovery_code", old).await.problem(401, "invalid_second_factor");
    let typed = new[3].to_lowercase().replace('-', " ");
    verify(&world, &opened, "recovery_code", &typed).await.expect(200);
    let again = challenge(&world, EMAIL).await;
    verify(&world, &again, "recovery_code", &new[3]).await.problem(401, "invalid_second_factor");
}
