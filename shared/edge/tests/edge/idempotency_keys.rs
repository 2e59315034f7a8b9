//! The idempotency key of a request, its scope, and the hash of what it repeats.

use crate::requests::by_key;
use crate::support::{ACCOUNT, API_KEY, ORGANIZATION, answer, body, post, problem, with_header};
use edge::{Request, Response, log};
use serde_json::{Value, json};

#[tokio::test]
async fn idempotency_keys_and_log_lines_go_by_the_api_key() {
    let scope = |request: &Request| {
        let key = request.idempotency_key("askModel")?.expect("a key");
        Response::json(200, &key.scope)
    };
    let call = |event| answer(with_header(event, "Idempotency-Key", "k"), scope);
    let (own, lines) = log::capture(call(by_key(post("{}"), "model:read"))).await;
    assert_eq!(body(&own), format!("askModel:{ORGANIZATION}:{API_KEY}"));
    assert_eq!(body(&call(post("{}")).await), format!("askModel:{ORGANIZATION}:{ACCOUNT}"));
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((&line["api_key"], &line["account"]), (&json!(API_KEY), &json!(ACCOUNT)));
}

async fn idempotency(event: Value) -> Value {
    answer(event, |request| {
        let key = request.idempotency_key("createLead")?;
        Response::json(200, &key.map(|key| [key.scope, key.key, key.request_hash]))
    })
    .await
}

#[tokio::test]
async fn scopes_idempotency_keys_and_hashes_the_request() {
    assert_eq!(body(&idempotency(post("{}")).await), Value::Null);
    let keyed = |event: Value| with_header(event, "Idempotency-Key", "k-1");
    let first = body(&idempotency(keyed(post("{}"))).await);
    assert_eq!(first[0], format!("createLead:{ORGANIZATION}:{ACCOUNT}"));
    assert_eq!(first[1], "k-1");
    assert_eq!(body(&idempotency(keyed(post("{}"))).await), first);
    assert_eq!(body(&idempotency(keyed(post("{ }"))).await), first);
    assert_ne!(body(&idempotency(keyed(post("[]"))).await)[2], first[2]);
    let mut other_path = keyed(post("{}"));
    other_path["path"] = json!("/v1/leads");
    assert_ne!(body(&idempotency(other_path).await)[2], first[2]);

    let mut nobody = keyed(post("{}"));
    nobody["requestContext"]["authorizer"] = Value::Null;
    assert_eq!(problem(&idempotency(nobody).await).0, 401);
    let mut forged = keyed(post("{}"));
    forged["requestContext"]["authorizer"]["org_id"] = json!("org_x");
    assert_eq!(problem(&idempotency(forged).await).0, 401);
}

#[tokio::test]
async fn refuses_idempotency_keys_that_are_not_visible_ascii() {
    for key in ["", "a b", "ä", "a\u{7f}", "a\nb", &"k".repeat(256)] {
        let refused = idempotency(with_header(post("{}"), "Idempotency-Key", key)).await;
        assert_eq!(problem(&refused).0, 400, "{key}");
        assert_eq!(body(&refused)["errors"][0]["field"], "Idempotency-Key");
    }
    let longest = "k".repeat(255);
    assert_eq!(idempotency(with_header(post("{}"), "Idempotency-Key", &longest)).await["statusCode"], 200);
}

#[tokio::test]
async fn on_a_public_route_a_key_belongs_to_whom_the_request_names() {
    let mut event = with_header(post("{}"), "Idempotency-Key", "k-1");
    event["requestContext"]["authorizer"] = Value::Null;
    let seen = answer(event, |request| {
        let key = request.public_idempotency_key("registerAccount", "hash-of-an-address")?.expect("a key");
        Response::json(200, &[key.scope, key.key])
    })
    .await;
    assert_eq!(body(&seen), json!(["registerAccount:hash-of-an-address", "k-1"]));
}

#[tokio::test]
async fn a_body_that_is_equal_as_json_is_the_same_request() {
    let hash = async |text: &str| {
        body(&idempotency(with_header(post(text), "Idempotency-Key", "k-1")).await)[2].clone()
    };
    let first = hash(r#"{"name": "Zoë", "size": 850, "tags": ["a", "b"]}"#).await;
    for same in [
        r#"{"tags":["a","b"],"size":850.0,"name":"Zo\u00eb"}"#,
        "\r\n{\t\"size\" : 8.5e2, \"\\u006eame\": \"Zo\\u00EB\", \"tags\": [ \"a\" , \"b\" ] }\n",
    ] {
        assert_eq!(hash(same).await, first, "{same}");
    }
    for other in [
        r#"{"name": "Zoë", "size": 850, "tags": ["b", "a"]}"#,
        r#"{"name": "Zoë", "size": "850", "tags": ["a", "b"]}"#,
        r#"{"name": "Zoë ", "size": 850, "tags": ["a", "b"]}"#,
        r#"{"name": "Zoë", "size": 850}"#,
        "not JSON",
        "",
    ] {
        assert_ne!(hash(other).await, first, "{other}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_one_line_bare_or_in_quotes() {
    let key = async |header: &str| {
        body(&idempotency(with_header(post("{}"), "Idempotency-Key", header)).await)[1].clone()
    };
    for (header, expected) in [
        ("k-1", "k-1"),
        (r#""k-1""#, "k-1"),
        (r#""a b""#, "a b"),
        (r#""\"\\""#, r#""\"#),
        ("a,b", "a,b"),
        ("a\"b", "a\"b"),
    ] {
        assert_eq!(key(header).await, expected, "{header}");
    }
    for header in
        [r#"""#, r#""""#, r#""a"#, r#""a"b"#, r#""a";v=1"#, r#""\a""#, r#""a", "b""#, "\"ä\"", "\"a\tb\""]
    {
        let refused = idempotency(with_header(post("{}"), "Idempotency-Key", header)).await;
        assert_eq!(problem(&refused).0, 400, "{header}");
    }
    for lines in [json!(["k-1", "k-2"]), json!(["k-1", "k-1"])] {
        let mut event = post("{}");
        event["multiValueHeaders"]["Idempotency-Key"] = lines;
        event["headers"]["Idempotency-Key"] = json!("k-1");
        let refused = idempotency(event).await;
        assert_eq!(problem(&refused).0, 400);
        assert_eq!(body(&refused)["errors"][0]["message"], "must be sent once");
    }
}
