//! One caller can't use many addresses of one network, fill the audit log, or raise an alarm about models.

use api_tests::{Answer, World};
use ports::ModelError;
use serde_json::{Value, json};

const TITAN: &str = "amazon.titan-embed-text-v2:0";

const PASSWORD: &str = "correct horse battery staple";

#[tokio::test]
async fn the_addresses_of_an_ipv6_network_share_the_limit_of_sign_ins_and_registrations() {
    let world = World::start();
    let log_in = async |number: usize, address: &str| {
        let body = json!({"email": format!("nobody{number}@northwind.example"), "password": "x"});
        world.call("login").json(&body).from(address).send().await
    };
    let register = async |number: usize, address: &str| {
        let body = json!({
            "email": format!("ada{number}@northwind.example"), "password": PASSWORD, "name": "Ada", "organization_name": "N",
        });
        world.call("registerAccount").json(&body).from(address).send().await
    };
    for number in 0..10 {
        log_in(number, &format!("2001:db8:1:2::{number:x}")).await.expect(401);
        register(number, &format!("2001:db8:1:2:ffff::{number:x}")).await.expect(201);
    }
    log_in(10, "2001:db8:1:2:3:4:5:6").await.problem(429, "rate_limited");
    register(10, "2001:db8:1:2:3:4:5:7").await.problem(429, "rate_limited");
    log_in(11, "2001:db8:1:3::1").await.expect(401);
    register(11, "2001:db8:1:3::1").await.expect(201);
}

#[tokio::test]
async fn strangers_can_t_fill_the_audit_log_with_failed_logins() {
    let world = World::start();
    for number in 0..70 {
        let body = json!({"email": format!("nobody{number}@northwind.example"), "password": "x"});
        let from = format!("203.0.113.{number}");
        // The answer shows nothing of the audit log.
        world.call("login").json(&body).from(&from).send().await.problem(401, "invalid_credentials");
    }
    assert_eq!(world.events("login_failed").await.len(), 60);
}

/// The name of the limit that a request met, or none if it was answered.
fn met(answer: &Answer) -> Option<String> {
    match answer.status {
        200 => None,
        429 => {
            answer.header("RateLimit-Policy").and_then(|policy| policy.split('"').nth(1)).map(str::to_owned)
        }
        other => panic!("{other}: {answer:?}"),
    }
}

#[tokio::test]
async fn the_keys_of_an_organization_ask_models_as_often_as_the_organization_may() {
    let world = World::start();
    let (admin, other) = (world.admin().await, world.admin().await);
    let body = json!({"model": TITAN, "texts": ["one"]});
    let mut answered = 0;
    for _ in 0..5 {
        let key = world.api_key(&admin, &["embedding:create"]).await;
        let policy = world.authorize(&key.text).await.unwrap();
        for _ in 0..60 {
            let answer = world.call("createEmbedding").let_in(&policy).json(&body).send().await;
            match met(&answer) {
                None => answered += 1,
                Some(limit) => assert_eq!(limit, "ai_calls_organization"),
            }
        }
    }
    assert_eq!(answered, 120);
    // The accounts of the organization have no more left than its keys. Another organization has.
    let by = |person| world.call("createEmbedding").by(person).json(&body).send();
    assert_eq!(met(&by(&admin).await).as_deref(), Some("ai_calls_organization"));
    assert_eq!(met(&by(&other).await), None);
}

#[tokio::test]
async fn the_keys_of_an_organization_read_as_often_as_the_organization_may() {
    let world = World::start();
    let admin = world.admin().await;
    for operation in ["listModels", "listOpenaiModels", "getOpenaiModel", "getFlags"] {
        world.pass(600);
        let mut read = 0;
        for _ in 0..4 {
            let key = world.api_key(&admin, &["model:read", "flag:read"]).await;
            let policy = world.authorize(&key.text).await.unwrap();
            for _ in 0..100 {
                let answer = world.call(operation).let_in(&policy).send().await;
                match met(&answer) {
                    None => read += 1,
                    Some(limit) => assert_eq!(limit, "key_reads_organization"),
                }
            }
        }
        assert_eq!(read, 300, "{operation}");
        // People have a limit of their own.
        world.call(operation).by(&admin).send().await.expect(200);
    }
}

/// The causes of failures of models in the log lines of one request that no model answers in time.
async fn causes(max_tokens: u32) -> Vec<Value> {
    let world = World::start();
    let person = world.admin().await;
    for _ in 0..3 {
        world.model().script.fail(ModelError::TimedOut);
    }
    let body = json!({
        "model": "amazon.nova-pro-v1:0", "max_tokens": max_tokens,
        "messages": [{"role": "user", "content": "Write a novel."}],
    });
    let request = world.call("createCompletion").by(&person).json(&body).send();
    let (_, lines) = edge::log::capture(request).await;
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line["message"] == "a model gave no answer")
        .map(|line| line["model_failure"].clone())
        .collect()
}

/// The alarms leave out failures whose cause is the request.
#[tokio::test]
async fn an_answer_that_is_too_long_for_its_time_is_logged_as_the_requests_failure() {
    assert_eq!(causes(10).await, ["time", "time", "time"]);
    assert_eq!(causes(5_000).await, ["request", "request", "request"]);
}
