//! Login, refresh, and the end of sessions: by the user, by time, or because a token was used twice.

use api_tests::{Answer, Person, TestTokens, World};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::tenancy::Role;
use futures_util::future::join_all;
use ports::{Claims, TokenSigner};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery staple";
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Registers an organization and returns the ids.
async fn register(world: &World, email: &str) -> Value {
    let body =
        json!({"email": email, "password": PASSWORD, "name": "Ada Byron", "organization_name": "Northwind"});
    world.call("registerAccount").json(&body).from(email).send().await.expect(201).json()
}

async fn login(world: &World, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    world.call("login").json(&body).named("one and the same").from(email).send().await
}

async fn refresh(world: &World, token: &str) -> Answer {
    world.call("refreshSession").json(&json!({"refresh_token": token})).named("one and the same").send().await
}

fn refresh_token(answer: &Answer) -> String {
    answer.json()["refresh_token"].as_str().unwrap().to_owned()
}

/// A world with one account, and the first refresh token of its session.
async fn signed_in() -> (World, String) {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let token = refresh_token(&login(&world, "ada@northwind.example", PASSWORD).await.expect(200));
    (world, token)
}

/// The claims of an access token, as the authorizer passes them on.
async fn authorized(world: &World, access_token: &str) -> Result<Person, String> {
    let policy = world.authorize(access_token).await?;
    let statement = &policy["policyDocument"]["Statement"][0];
    assert_eq!((&statement["Effect"], &statement["Action"]), (&json!("Allow"), &json!("execute-api:Invoke")));
    let context = &policy["context"];
    let text = |name: &str| context[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
    assert_eq!(policy["principalId"], context["sub"]);
    Ok(Person {
        tenant: text("org_id").parse().unwrap(),
        account: text("sub").parse().unwrap(),
        role: text("role").parse().unwrap(),
        session: text("sid").parse().unwrap(),
        // The functions do not get the address.
        email: String::new(),
    })
}

#[tokio::test]
async fn whoever_registers_can_log_in_and_use_every_route() {
    let world = World::start();
    let ids = register(&world, "Ada@Northwind.Example").await;
    let tokens = login(&world, " ADA@northwind.example ", PASSWORD).await.expect(200).json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(900)));
    let person = authorized(&world, tokens["access_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(
        (person.account.to_string(), person.tenant.to_string()),
        (text(&ids, "account_id"), text(&ids, "organization_id"))
    );
    assert_eq!(person.role, Role::Admin);
    let profile = world.call("getProfile").by(&person).send().await.expect(200).json();
    assert_eq!((&profile["email"], &profile["role"]), (&json!("ada@northwind.example"), &json!("admin")));
    let organization = world.call("getOrganization").by(&person).send().await.expect(200).json();
    assert_eq!(
        (&organization["name"], &organization["home_region"]),
        (&json!("Northwind"), &json!("eu-west-1"))
    );
    world.check_folds().await;
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let world = World::start();
    let ada = register(&world, "ada@northwind.example").await;
    let before = world.ledger().await.len();
    let wrong = login(&world, "ada@northwind.example", "wrong horse battery staple").await;
    let unknown = login(&world, "eve@northwind.example", PASSWORD).await;
    let wrong = wrong.problem(401, "invalid_credentials");
    assert_eq!(unknown, wrong);
    for other in
        ["Correct horse battery staple", "correct horse battery staple ", "x", "ada@northwind.example"]
    {
        world.pass(HOUR);
        assert_eq!(login(&world, "ada@northwind.example", other).await, wrong, "{other:?}");
    }
    // Nothing changed except that each failure is recorded for the audit log.
    let failed = world.events("login_failed").await;
    assert_eq!((failed.len(), world.ledger().await.len()), (6, before + 6));
    let facts = |event: &Value| event["data"]["M"].clone();
    let is_null = |fact: &Value| fact["NULL"] == true;
    let of_nobody: Vec<_> = failed.iter().filter(|event| is_null(&facts(event)["account_id"])).collect();
    assert_eq!(of_nobody.len(), 1);
    assert_eq!(of_nobody[0]["tenant_id"]["S"], "org_00000000000000000000000000");
    assert_eq!(facts(of_nobody[0])["email_hash"]["S"].as_str().unwrap().len(), 43);
    for event in failed.iter().filter(|event| !is_null(&facts(event)["account_id"])) {
        assert_eq!(facts(event)["account_id"]["S"], ada["account_id"]);
        assert!(is_null(&facts(event)["email_hash"]), "{event}");
        assert_eq!(event["tenant_id"]["S"], ada["organization_id"]);
        // Tests have no network address.
        assert_eq!(facts(event)["network"]["S"], "unknown");
    }
    let text = json!(failed).to_string();
    assert!(!text.contains("northwind") && !text.contains("battery"), "{text}");
    world.check_folds().await;
}

#[tokio::test]
async fn five_attempts_for_an_account_whoever_makes_them() {
    let world = World::start();
    for email in ["ada@northwind.example", "bob@northwind.example"] {
        register(&world, email).await;
    }
    let attempt = |email: &'static str, password: &'static str, address: &'static str| {
        let body = json!({"email": email, "password": password});
        world.call("login").json(&body).from(address).send()
    };
    for address in ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"] {
        attempt("ada@northwind.example", "wrong", address).await.problem(401, "invalid_credentials");
    }
    // The sixth attempt is refused although the password is right, however the address is written.
    for spelled in ["ada@northwind.example", "ADA@northwind.example", " ada@Northwind.example "] {
        let refused = attempt(spelled, PASSWORD, "10.0.0.6").await.problem(429, "rate_limited");
        assert_eq!(refused.number("Retry-After"), 180);
        assert_eq!(refused.header("RateLimit-Policy"), Some("\"logins_account\";q=5;w=900"));
    }
    attempt("bob@northwind.example", PASSWORD, "10.0.0.6").await.expect(200);
    world.pass(179);
    attempt("ada@northwind.example", PASSWORD, "10.0.0.6").await.problem(429, "rate_limited");
    world.pass(1);
    attempt("ada@northwind.example", PASSWORD, "10.0.0.6").await.expect(200);
}

#[tokio::test]
async fn twenty_attempts_from_an_address_whichever_account_they_name() {
    let world = World::start();
    let attempt = async |number: usize, address: &str| {
        let body = json!({"email": format!("nobody{number}@northwind.example"), "password": "x"});
        world.call("login").json(&body).from(address).send().await
    };
    for number in 0..20 {
        attempt(number, "203.0.113.9").await.expect(401);
    }
    let refused = attempt(20, "203.0.113.9").await.problem(429, "rate_limited");
    assert_eq!(refused.header("RateLimit-Policy"), Some("\"logins_address\";q=20;w=900"));
    // Attempts from an address over its limit do not count against the account.
    for _ in 0..10 {
        attempt(22, "203.0.113.9").await.expect(429);
    }
    attempt(22, "203.0.113.10").await.expect(401);
    // Registration counts against the same limit.
    let body = json!({"email": "ada@northwind.example", "password": PASSWORD, "name": "Ada", "organization_name": "N"});
    world.call("registerAccount").json(&body).from("203.0.113.9").send().await.problem(429, "rate_limited");
    attempt(21, "203.0.113.10").await.expect(401);
}

#[tokio::test]
async fn an_address_over_its_limit_does_not_use_up_the_accounts_of_others() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let attempt = async |email: &str, password: &str, address: &str| {
        let body = json!({"email": email, "password": password});
        world.call("login").json(&body).from(address).send().await
    };
    for number in 0..20 {
        attempt(&format!("nobody{number}@northwind.example"), "x", "203.0.113.9").await.expect(401);
    }
    for _ in 0..10 {
        let refused = attempt("ada@northwind.example", "x", "203.0.113.9").await.problem(429, "rate_limited");
        assert_eq!(refused.header("RateLimit-Policy"), Some("\"logins_address\";q=20;w=900"));
    }
    attempt("ada@northwind.example", PASSWORD, "203.0.113.10").await.expect(200);
}

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
async fn a_signature_is_not_enough_for_claims_of_nobody() {
    let world = World::start();
    let admin = world.admin().await;
    let token = async |change: fn(&mut Claims)| {
        let mut claims = Claims {
            sub: admin.account.to_string(),
            org_id: admin.tenant.to_string(),
            role: "admin".to_owned(),
            email: admin.email.clone(),
            sid: admin.session.to_string(),
            iss: TestTokens::issuer().issuer,
            aud: TestTokens::issuer().audience,
            iat: world.now().seconds(),
            exp: world.now().seconds() + 900,
            jti: "j".to_owned(),
        };
        change(&mut claims);
        authorized(&world, &world.tokens().sign(&claims).await.unwrap()).await
    };
    assert_eq!(token(|_| {}).await.unwrap().account, admin.account);
    for change in [
        (|claims| claims.role = "root".to_owned()) as fn(&mut Claims),
        // A token can't claim to be an API key.
        |claims| claims.role = "api_key".to_owned(),
        |claims| claims.sub = claims.org_id.clone(),
        |claims| claims.org_id = claims.sub.clone(),
        |claims| claims.sid = String::new(),
    ] {
        assert_eq!(token(change).await.unwrap_err(), "Deny");
    }
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
async fn signing_out_ends_the_session_and_no_other() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let one = login(&world, "ada@northwind.example", PASSWORD).await.expect(200);
    let other = login(&world, "ada@northwind.example", PASSWORD).await.expect(200);
    let person = authorized(&world, one.json()["access_token"].as_str().unwrap()).await.unwrap();
    for _ in 0..2 {
        world.call("logout").by(&person).send().await.expect(204);
    }
    refresh(&world, &refresh_token(&one)).await.problem(401, "invalid_refresh_token");
    refresh(&world, &refresh_token(&other)).await.expect(200);
    let events = world.events("session_revoked").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["data"]["M"]["reason"]["S"], "logout");
    // No notification, because the user ended the session.
    let messages = world.messages().await;
    world.notify(&messages).await;
    assert_eq!(world.events("notification_created").await.len(), 0);
    world.check_folds().await;
}

#[tokio::test]
async fn nobody_signs_somebody_else_out() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let tokens = login(&world, "ada@northwind.example", PASSWORD).await.expect(200);
    let ada = authorized(&world, tokens.json()["access_token"].as_str().unwrap()).await.unwrap();
    let colleague = world.colleague(&ada, Role::Admin).await;
    let stranger = world.admin().await;
    for other in [colleague, stranger] {
        let thief = Person { session: ada.session, ..other };
        world.call("logout").by(&thief).send().await.expect(204);
    }
    refresh(&world, &refresh_token(&tokens)).await.expect(200);
}

#[tokio::test]
async fn a_session_ends_after_eight_hours_without_use() {
    let (world, first) = signed_in().await;
    world.pass(8 * HOUR - 1);
    let second = refresh_token(&refresh(&world, &first).await.expect(200));
    world.pass(8 * HOUR);
    refresh(&world, &second).await.problem(401, "invalid_refresh_token");
    assert_eq!(world.events("session_revoked").await.len(), 0);
}

#[tokio::test]
async fn a_session_ends_after_seven_days_however_much_it_is_used() {
    let (world, mut token) = signed_in().await;
    let began = world.now();
    while world.now() < began.plus_seconds(7 * DAY - 7 * HOUR) {
        world.pass(7 * HOUR);
        token = refresh_token(&refresh(&world, &token).await.expect(200));
    }
    world.pass(7 * HOUR - 1);
    token = refresh_token(&refresh(&world, &token).await.expect(200));
    world.pass(1);
    assert_eq!(world.now(), began.plus_seconds(7 * DAY));
    refresh(&world, &token).await.problem(401, "invalid_refresh_token");
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

#[tokio::test]
async fn an_access_token_verifies_with_the_published_keys() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let tokens = login(&world, "ada@northwind.example", PASSWORD).await.expect(200).json();
    let token = tokens["access_token"].as_str().unwrap();
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decoded(header)).unwrap();
    let answer = world.call("getJwks").send().await.expect(200);
    assert_eq!(answer.header("Cache-Control"), Some("public, max-age=3600"));
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).unwrap();
    let key = RsaPublicKeyComponents {
        n: decoded(key["n"].as_str().unwrap()),
        e: decoded(key["e"].as_str().unwrap()),
    };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &decoded(signature)).unwrap();
    let claims: Value = serde_json::from_slice(&decoded(claims)).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://api.example.test"), &json!("sextant")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!(claims["iat"], world.now().seconds());
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 10, "{names:?}");
}

#[tokio::test]
async fn the_authorizer_lets_valid_tokens_through_and_no_others() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let tokens = login(&world, "ada@northwind.example", PASSWORD).await.expect(200).json();
    let token = tokens["access_token"].as_str().unwrap();
    let person = authorized(&world, token).await.unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let stranger = world.admin().await;
    for changed in [
        claims.replace("admin", "owner"),
        claims.replace(&person.tenant.to_string(), &stranger.tenant.to_string()),
        claims.replace(&person.account.to_string(), &stranger.account.to_string()),
    ] {
        assert_ne!(changed, claims);
        let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(&changed), parts[2]);
        assert_eq!(authorized(&world, &forged).await.unwrap_err(), "Deny");
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let forged = format!("{unsigned}.{}.", URL_SAFE_NO_PAD.encode(&changed));
        assert_eq!(authorized(&world, &forged).await.unwrap_err(), "Deny");
    }
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(authorized(&world, refresh).await.unwrap_err(), "Deny");
    // Fifteen minutes, plus thirty seconds for clocks that differ.
    world.pass(900 + 29);
    authorized(&world, token).await.unwrap();
    world.pass(1);
    assert_eq!(authorized(&world, token).await.unwrap_err(), "Deny");
}

#[tokio::test]
async fn an_account_that_is_gone_can_not_go_on() {
    // The member's item is deleted directly in the table, as the removal by an administrator will do it.
    let (world, token) = signed_in().await;
    let state = world.environment().tables().state;
    for item in world.environment().items(&state).await {
        if item["pk"].as_s().unwrap().contains("#member#") {
            let delete = world.environment().client().delete_item().table_name(&state);
            delete.key("pk", item["pk"].clone()).key("sk", item["sk"].clone()).send().await.unwrap();
        }
    }
    refresh(&world, &token).await.problem(401, "invalid_refresh_token");
    login(&world, "ada@northwind.example", PASSWORD).await.problem(401, "invalid_credentials");
}
