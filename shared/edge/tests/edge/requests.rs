//! Tests of `Request`: each value that a handler reads comes from the right part of the event.

use crate::support::{
    ACCOUNT, API_KEY, LEAD, ORGANIZATION, REQUEST_ID, SESSION, answer, body, get, now, post, problem,
    with_header,
};
use domain::authority::{
    CreateCompletions, Credential, ManageApiKeys, Permission, ReadLeads, ReadModels, UseAccount,
};
use domain::id::LeadId;
use domain::tenancy::Role;
use domain::{InvalidFields, Timestamp};
use edge::cursor::CursorCodec;
use edge::{Problem, Request, Response};
use ports::{Page, Position};
use serde_json::{Value, json};

pub(crate) fn done(_: impl Sized) -> Result<Response, Problem> {
    Ok(Response::no_content())
}

#[tokio::test]
async fn reads_the_parts_of_a_request() {
    let event = with_header(get(&[("status", &["won"]), ("tag", &["a b", "c&d"])]), "X-Thing", "yes");
    let seen = answer(event, |request| {
        assert_eq!(request.method(), "GET");
        assert_eq!(request.path(), format!("/v1/leads/{LEAD}/score"));
        assert_eq!(request.path_parameter("id"), Some(LEAD));
        assert_eq!(request.path_parameter("no"), None);
        assert_eq!(request.header("x-THING"), Some("yes"));
        assert_eq!(request.header("x-other"), None);
        let mut parameters = request.parameters(&["status", "tag"]);
        assert_eq!((parameters.text("status"), parameters.text("none")), (Some("won"), None));
        parameters.finish()?;
        assert_eq!(request.query_all("tag"), ["a b", "c&d"]);
        assert_eq!(request.source_ip(), "203.0.113.7");
        assert_eq!(request.correlation_id(), REQUEST_ID);
        assert_eq!(request.now(), now());
        let context = request.context();
        assert_eq!((context.correlation_id.as_str(), context.now), (REQUEST_ID, now()));
        assert!(context.time_left().as_secs() >= 20);
        let (mut one, mut two) = ([0; 16], [0; 16]);
        request.entropy().fill(&mut one)?;
        request.entropy().fill(&mut two)?;
        assert_ne!(one, two);
        done(())
    })
    .await;
    assert_eq!(seen["statusCode"], 204, "{seen}");
}

#[tokio::test]
async fn reads_events_without_the_parts_that_may_be_null() {
    let event = json!({"httpMethod": "GET", "path": "/v1/health", "headers": {"a": "b"},
        "queryStringParameters": {"x": "1"}, "requestContext": {}});
    let seen = answer(event, |request| {
        assert_eq!(request.header("A"), Some("b"));
        assert_eq!(request.parameters(&["x"]).text("x"), Some("1"));
        assert_eq!(request.body(), b"");
        done(())
    })
    .await;
    assert_eq!(seen["statusCode"], 204, "{seen}");
    let broken = answer(json!({"Records": []}), |_| done(())).await;
    assert_eq!(problem(&broken), (500, "internal_error".to_owned()));
}

#[tokio::test]
async fn takes_the_caller_from_the_claims_alone() {
    let foreign = "org_01jd2wzq4sf1a6p8d2y7b9t3gf";
    let mut event = post(&json!({"org_id": foreign, "role": "admin"}).to_string());
    for name in ["X-Org-Id", "X-Tenant-Id", "org_id"] {
        event = with_header(event, name, foreign);
    }
    event["queryStringParameters"] = json!({"org_id": foreign, "role": "admin"});
    event["pathParameters"]["org_id"] = json!(foreign);
    let seen = answer(event, |request| {
        let caller = request.caller()?;
        assert_eq!(caller.tenant.to_string(), ORGANIZATION);
        assert_eq!(caller.account.to_string(), ACCOUNT);
        let session = Credential::Session {
            id: SESSION.parse().unwrap(),
            role: Role::SalesRep,
            account_organization: ORGANIZATION.parse().unwrap(),
            authenticated_at: Timestamp::from_millis(1_763_716_200_000),
        };
        assert_eq!(caller.credential, session);
        done(())
    })
    .await;
    assert_eq!(seen["statusCode"], 204, "{seen}");
}

#[tokio::test]
async fn refuses_callers_with_missing_or_malformed_claims() {
    for (claim, value) in [
        ("org_id", Value::Null),
        ("org_id", json!("org_")),
        ("org_id", json!(ACCOUNT)),
        ("sub", json!(7)),
        ("sub", json!(format!("{ACCOUNT}\0"))),
        ("role", json!("owner")),
        ("role", json!("ADMIN")),
        ("sid", json!("")),
    ] {
        let mut event = post("{}");
        event["requestContext"]["authorizer"][claim] = value.clone();
        let refused = answer(event, |request| done(request.caller()?)).await;
        assert_eq!(problem(&refused), (401, "unauthenticated".to_owned()), "{claim} {value}");
        assert_eq!(refused["headers"]["WWW-Authenticate"], r#"Bearer realm="sextant""#);
    }
    let mut event = post("{}");
    event["requestContext"]["authorizer"] = Value::Null;
    assert_eq!(problem(&answer(event, |request| done(request.caller()?)).await).0, 401);
}

/// The same request by an API key with these scopes.
pub(crate) fn by_key(mut event: Value, scopes: &str) -> Value {
    event["requestContext"]["authorizer"] = json!({
        "principalId": API_KEY, "sub": ACCOUNT, "org_id": ORGANIZATION, "role": "api_key", "key_id": API_KEY,
        "scopes": scopes, "integrationLatency": 12,
    });
    event
}

#[tokio::test]
async fn an_api_key_may_do_what_its_scopes_say_and_nothing_else() {
    async fn status<P: Permission>(scopes: &str) -> (u64, String) {
        let seen =
            answer(by_key(get(&[]), scopes), |request| done(request.caller()?.authorize::<P>()?)).await;
        if seen["statusCode"] == 204 { (204, String::new()) } else { problem(&seen) }
    }
    let forbidden = || (403, "forbidden".to_owned());
    assert_eq!(status::<ReadModels>("model:read").await.0, 204);
    assert_eq!(status::<ReadModels>("completion:create model:read").await.0, 204);
    assert_eq!(status::<ReadModels>("completion:create").await, forbidden());
    assert_eq!(status::<CreateCompletions>("embedding:create model:read").await, forbidden());
    let all = "completion:create embedding:create model:read flag:read";
    assert_eq!(status::<ReadLeads>(all).await, forbidden());
    assert_eq!(status::<UseAccount>(all).await, forbidden());
    assert_eq!(status::<ManageApiKeys>(all).await, forbidden());
}

#[tokio::test]
async fn refuses_api_keys_with_missing_or_malformed_claims() {
    for (claim, value) in [
        ("key_id", Value::Null),
        ("key_id", json!(SESSION)),
        ("scopes", Value::Null),
        ("scopes", json!("")),
        ("scopes", json!(["model:read"])),
        ("scopes", json!("lead:read")),
        ("scopes", json!("model:read ")),
        ("scopes", json!("model:read  completion:create")),
        ("sub", Value::Null),
        ("org_id", Value::Null),
        // Without the field, it is a person without a session.
        ("role", json!("admin")),
    ] {
        let mut event = by_key(get(&[]), "model:read");
        event["requestContext"]["authorizer"][claim] = value.clone();
        let refused = answer(event, |request| done(request.caller()?)).await;
        assert_eq!(problem(&refused), (401, "unauthenticated".to_owned()), "{claim} {value}");
    }
}

#[tokio::test]
async fn answers_a_malformed_identifier_as_a_missing_object() {
    let missing = answer(get(&[]), |_| Err(Problem::not_found())).await;
    for id in ["", "7", "lead_", ACCOUNT, "lead_01JD2X5K8QF3V9M4T7W6Z0R1SA", "../x", &"a".repeat(5000)] {
        let mut event = get(&[]);
        event["pathParameters"]["id"] = json!(id);
        assert_eq!(answer(event, |request| done(request.id::<LeadId>("id")?)).await, missing, "{id}");
    }
    let mut event = get(&[]);
    event["pathParameters"] = Value::Null;
    assert_eq!(answer(event, |request| done(request.id::<LeadId>("id")?)).await, missing);
    let found = answer(get(&[]), |request| done(request.id::<LeadId>("id")?)).await;
    assert_eq!(found["statusCode"], 204);
}

fn cursors() -> CursorCodec {
    CursorCodec::new("0123456789abcdef0123456789abcdef").unwrap()
}

/// Answers the requested page itself, as a list of one entry that ends at `end`.
fn page(request: &Request) -> Result<Response, Problem> {
    let cursors = cursors();
    let page = request.list_parameters(&["status"]).requested_page(&cursors, &request.caller()?)?;
    let (limit, after) = page.limit_and_start();
    let next = Some(Position { sort_key: "end".to_owned() });
    let found = Page { items: vec![(limit, after)], next };
    page.answer(&found, |(limit, after)| json!([limit, after.as_ref().map(|after| &after.sort_key)]))
}

#[tokio::test]
async fn reads_pages() {
    let none: &[(&str, &[&str])] = &[];
    let first = body(&answer(get(none), page).await);
    assert_eq!(first["data"], json!([[20, null]]));
    let next = first["next_cursor"].as_str().unwrap();
    let full: &[(&str, &[&str])] = &[("limit", &["100"]), ("cursor", &[next])];
    assert_eq!(body(&answer(get(full), page).await)["data"], json!([[100, "end"]]));
    // The cursor is good for the same list only.
    let other: &[(&str, &[&str])] = &[("status", &["won"]), ("cursor", &[next])];
    assert_eq!(problem(&answer(get(other), page).await), (400, "invalid_cursor".to_owned()));
    for limit in ["0", "101", "-1", "+5", "1.5", "", " 5", "99999999999", "ten"] {
        let refused = answer(get(&[("limit", &[limit])]), page).await;
        assert_eq!(problem(&refused).0, 400, "{limit}");
        assert_eq!(body(&refused)["errors"][0]["field"], "limit");
    }
    assert_eq!(problem(&answer(get(&[("limit", &["5", "6"])]), page).await).0, 400);
}

#[tokio::test]
async fn refuses_parameters_that_a_route_does_not_have() {
    let only = |request: &Request| done(request.parameters(&["limit", "status"]).finish()?);
    assert_eq!(answer(get(&[("status", &["won"])]), only).await["statusCode"], 204);
    let refused = answer(get(&[("statsu", &["won"])]), only).await;
    assert_eq!(body(&refused)["errors"][0]["field"], "statsu");
    assert_eq!(body(&refused)["errors"][0]["code"], "unknown");
}

#[tokio::test]
async fn every_line_of_a_list_counts() {
    let mut event = post("{}");
    event["multiValueHeaders"]["cache-control"] = json!(["no-store", "max-age=60"]);
    event["headers"]["cache-control"] = json!("max-age=60");
    let seen = answer(event, |request| {
        assert_eq!(request.header("Cache-Control"), Some("no-store, max-age=60"));
        let control = request.cache_control();
        assert!(control.no_store && !control.no_cache);
        assert_eq!(control.max_age.map(|age| age.as_secs()), Some(60));
        done(())
    })
    .await;
    assert_eq!(seen["statusCode"], 204, "{seen}");
}

#[tokio::test]
async fn all_parameters_that_are_wrong_are_named_at_once() {
    let query: &[(&str, &[&str])] = &[
        ("colour", &["red"]),
        ("limit", &["many"]),
        ("cursor", &["a", "b"]),
        ("min_score", &["101"]),
        ("owner", &["nobody"]),
        ("from", &["2026-01-01T00:00:00 01:00"]),
        ("to", &["yesterday"]),
        ("month", &["2026"]),
        ("size", &["x"]),
    ];
    let refused = answer(get(query), |request| {
        let mut parameters = request.list_parameters(&["min_score", "owner", "from", "to", "month"]);
        assert_eq!(parameters.whole_number("min_score", 0..=100), None);
        let owner: Option<LeadId> = parameters.read("owner", "must be an id", |text| text.parse().ok());
        assert_eq!(owner, None);
        assert_eq!((parameters.moment("from"), parameters.moment("to")), (None, None));
        let month: Option<()> =
            parameters.judged("month", |_| Err(InvalidFields::one("month", "range", "must be a month")));
        assert_eq!(month, None);
        done(parameters.requested_page(&cursors(), &request.caller()?)?)
    })
    .await;
    assert_eq!(problem(&refused), (400, "invalid_request".to_owned()));
    let errors = body(&refused)["errors"].clone();
    let errors: Vec<(&str, &str)> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["field"].as_str().unwrap(), error["message"].as_str().unwrap()))
        .collect();
    assert_eq!(
        errors,
        [
            ("colour", "is not a parameter of this route"),
            ("size", "is not a parameter of this route"),
            ("min_score", "must be a whole number from 0 to 100"),
            ("owner", "must be an id"),
            (
                "from",
                "must be an RFC 3339 date-time; write the plus of its offset as %2B, because a plus means a space"
            ),
            ("to", "must be an RFC 3339 date-time"),
            ("month", "must be a month"),
            ("limit", "must be a whole number from 1 to 100"),
            ("cursor", "must be given once"),
        ]
    );
}
