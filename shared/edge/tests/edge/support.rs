//! Events, and a handler made of a closure.

use domain::Timestamp;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;
use serde_json::{Value, json};

pub(crate) const ORGANIZATION: &str = "org_01jd2wzq4sf1a6p8d2y7b9t3ge";
pub(crate) const ACCOUNT: &str = "account_01jd2wzq4tf8x7k3m5v9c0r2nh";
pub(crate) const SESSION: &str = "session_01jd2x1v7gf5w4n8q3k6m9z0tc";
pub(crate) const API_KEY: &str = "apikey_01jd2x3c6hf9b5r1m8v4n7q2wk";
pub(crate) const LEAD: &str = "lead_01jd2x5k8qf3v9m4t7w6z0r1sa";
pub(crate) const REQUEST_ID: &str = "7f9d1c52-3a0e-4d6f-9b61-2f5f0e8a4c33";

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_763_716_200_000)
}

/// A request with a JSON body by a signed-in sales representative.
pub(crate) fn post(body: &str) -> Value {
    json!({
        "resource": "/v1/leads/{id}/score",
        "path": format!("/v1/leads/{LEAD}/score"),
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.7"},
        "multiValueHeaders": {"Content-Type": ["application/json"], "X-Forwarded-For": ["203.0.113.7"]},
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": {"id": LEAD},
        "stageVariables": null,
        "requestContext": {
            "requestId": REQUEST_ID,
            "stage": "dev",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0"},
            "authorizer": {
                "principalId": ACCOUNT, "sub": ACCOUNT, "org_id": ORGANIZATION, "role": "sales_rep",
                "sid": SESSION, "account_org_id": ORGANIZATION, "auth_time": "1763716200",
                "integrationLatency": 12,
            },
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

/// A request without a body, with these query parameters.
pub(crate) fn get(query: &[(&str, &[&str])]) -> Value {
    let mut event = post("");
    event["httpMethod"] = json!("GET");
    event["body"] = Value::Null;
    for (name, values) in query {
        event["queryStringParameters"][name] = json!(values.last());
        event["multiValueQueryStringParameters"][name] = json!(values);
    }
    event
}

/// The same request with a header.
pub(crate) fn with_header(mut event: Value, name: &str, value: &str) -> Value {
    event["headers"][name] = json!(value);
    event["multiValueHeaders"][name] = json!([value]);
    event
}

/// Answers with the result of a closure.
pub(crate) struct Answers<F>(pub(crate) F);

impl<F> Handler for Answers<F>
where
    F: Fn(&Request) -> Result<Response, Problem> + Send + Sync,
{
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move { (self.0)(request) })
    }
}

/// The answer to an event of a handler made of a closure.
pub(crate) async fn answer<F>(event: Value, handler: F) -> Value
where
    F: Fn(&Request) -> Result<Response, Problem> + Send + Sync,
{
    edge::http::invoke(&Answers(handler), event, now()).await
}

/// The body of an answer.
pub(crate) fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

/// Status and code of an answer that is a problem.
pub(crate) fn problem(answer: &Value) -> (u64, String) {
    assert_eq!(answer["headers"]["Content-Type"], "application/problem+json", "{answer}");
    let document = body(answer);
    assert_eq!(document["status"], answer["statusCode"]);
    let code = document["code"].as_str().unwrap().to_owned();
    assert_eq!(document["type"], format!("https://sextant.dev/problems/{code}"));
    (answer["statusCode"].as_u64().unwrap(), code)
}
