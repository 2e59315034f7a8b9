//! Login, refresh, and the end of sessions: by the user, by time, or because a token was used twice.

mod access_tokens;
mod own_sessions;
mod recent_sign_in;
mod refresh_cookies;
mod refresh_tokens;

use api_tests::{Answer, Person, World};
use domain::Timestamp;
use domain::tenancy::Role;
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
        account_organization: text("account_org_id").parse().unwrap(),
        authenticated_at: Timestamp::from_millis(text("auth_time").parse::<i64>().unwrap() * 1000),
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
