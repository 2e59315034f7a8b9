//! Headers of every answer, and the form of problems.

use crate::support::{REQUEST_ID, answer, body, get, problem};
use application_core::{Error, IdempotencyConflict};
use domain::authority::Denied;
use edge::problem::Kind;
use edge::{Problem, Response};
use ports::{CommitError, IdempotencyRecord, KeyError, LimitDecision, RateLimit, StoreError, UniqueKind};
use serde_json::{Value, json};

const DECISION: LimitDecision = LimitDecision {
    limit: RateLimit { name: "reads", burst: 100, period_seconds: 60 },
    allowed: false,
    remaining: 3,
    retry_after_seconds: 0,
    reset_seconds: 58,
};

#[tokio::test]
async fn carries_the_protecting_headers_everywhere() {
    for answer in [
        answer(get(&[]), |_| Ok(Response::no_content())).await,
        answer(get(&[]), |_| Response::json(200, &json!({}))).await,
        answer(get(&[]), |_| Err(Problem::not_found())).await,
        answer(get(&[]), |_| panic!("defect")).await,
    ] {
        let headers = &answer["headers"];
        for name in ["X-Correlation-Id", "X-Request-Id", "Request-Id"] {
            assert_eq!(headers[name], REQUEST_ID, "{name}");
        }
        assert_eq!(headers["Cache-Control"], "no-store");
        assert_eq!(headers["X-Content-Type-Options"], "nosniff");
        assert_eq!(headers["Strict-Transport-Security"], "max-age=63072000; includeSubDomains");
    }
}

#[tokio::test]
async fn writes_the_headers_that_a_handler_asks_for() {
    let answer = answer(get(&[]), |_| {
        Ok(Response::json(201, &json!({"id": 1}))?
            .with_etag(7)
            .with_rate_limit(DECISION)
            .with_header("cache-control", "public, max-age=300")
            .with_header("Location", "/v1/leads/x")
            .replayed(true))
    })
    .await;
    assert_eq!(answer["statusCode"], 201);
    assert_eq!(answer["isBase64Encoded"], false);
    assert_eq!(body(&answer), json!({"id": 1}));
    let headers = answer["headers"].as_object().unwrap();
    assert_eq!(headers["Content-Type"], "application/json");
    assert_eq!(headers["ETag"], "\"7\"");
    assert_eq!(headers["RateLimit"], "\"reads\";r=3;t=58");
    assert_eq!(headers["RateLimit-Policy"], "\"reads\";q=100;w=60");
    assert_eq!(headers["Idempotency-Replayed"], "true");
    assert_eq!(headers["cache-control"], "public, max-age=300");
    assert!(!headers.contains_key("Cache-Control"));
}

#[tokio::test]
async fn answers_not_found_with_the_same_bytes_whatever_the_reason() {
    let missing = answer(get(&[]), |_| Err(Problem::not_found())).await;
    let foreign = answer(get(&[]), |_| Err(Error::NotFound.into())).await;
    assert_eq!(missing.to_string(), foreign.to_string());
    assert_eq!(
        body(&missing),
        json!({
            "type": "https://sextant.dev/problems/not_found", "title": "Not found", "status": 404,
            "code": "not_found", "correlation_id": REQUEST_ID,
        })
    );
    let mut other = get(&[]);
    other["requestContext"]["requestId"] = json!("another");
    let other = answer(other, |_| Err(Problem::not_found())).await;
    assert_eq!(other.to_string().replace("another", REQUEST_ID), missing.to_string());
}

fn down() -> StoreError {
    StoreError::Unavailable("connection refused to 10.0.0.1 by ada@northwind.example".into())
}

#[tokio::test]
async fn maps_each_failure_to_its_problem() {
    let record = |outcome| IdempotencyRecord { request_hash: "h".to_owned(), outcome };
    type Case = (fn() -> Problem, u64, &'static str);
    let make: Vec<Case> = vec![
        (|| down().into(), 503, "unavailable"),
        (|| StoreError::Malformed("x").into(), 500, "internal_error"),
        (|| StoreError::Key(KeyError::Unavailable("x".into())).into(), 503, "unavailable"),
        (|| StoreError::Key(KeyError::Invalid("x".into())).into(), 500, "internal_error"),
        (|| Error::from(CommitError::Conflict).into(), 409, "conflict"),
        (|| Error::from(CommitError::NotUnique(UniqueKind::Email)).into(), 409, "email_taken"),
        (|| Error::from(CommitError::Store(down())).into(), 503, "unavailable"),
        (|| Denied { permission: "lead:read" }.into(), 403, "forbidden"),
        (|| Error::PreconditionFailed.into(), 412, "precondition_failed"),
        (|| Error::Unauthenticated.into(), 401, "unauthenticated"),
        (|| Error::Limited(DECISION).into(), 429, "rate_limited"),
        (|| IdempotencyConflict::InFlight.into(), 409, "request_in_progress"),
        (|| IdempotencyConflict::OtherRequest.into(), 422, "idempotency_key_reused"),
    ];
    for (make, status, code) in make {
        let answer = answer(get(&[]), |_| Err(make())).await;
        assert_eq!(problem(&answer), (status, code.to_owned()));
        let written = answer.to_string();
        assert!(!written.contains("connection refused") && !written.contains("lead:read"), "{written}");
        let retry = matches!(code, "unavailable" | "conflict" | "rate_limited" | "request_in_progress");
        assert_eq!(answer["headers"]["Retry-After"], if retry { json!("1") } else { Value::Null }, "{code}");
    }
    let repeated = answer(get(&[]), |_| Err(Error::from(CommitError::Repeated(record(None))).into())).await;
    assert_eq!(problem(&repeated), (409, "request_in_progress".to_owned()));
}

#[test]
fn gives_every_kind_its_own_code() {
    let mut codes: Vec<&str> = Kind::ALL.iter().map(|kind| kind.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Kind::ALL.len());
    assert!(Kind::ALL.iter().all(|kind| (400..600).contains(&kind.status)));
}
