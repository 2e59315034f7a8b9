//! The sample event of a new function under `events/`, in the form in which its source sends it. People and tokens in
//! it are invented.

use super::contract::Operation;
use super::names::Names;
use super::plan::Plan;
use super::schemas::EventSchema;
use crate::error::Error;
use serde_json::{Value, json};

const TOKEN: &str =
    "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IjFhMmIzYzRkIn0.eyJzdWIiOiJhY2NvdW50Xy4uLiJ9.c2lnbmF0dXJl";
const HOST: &str = "abcde12345.execute-api.us-east-1.amazonaws.com";
const ORGANIZATION: &str = "org_01jd2wzq4sf1a6p8d2y7b9t3ge";
const ACCOUNT: &str = "account_01jd2wzq4tf8x7k3m5v9c0r2nh";

fn write(plan: &mut Plan<'_>, names: &Names, event: &Value) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(event).map_err(|error| Error::Content(error.to_string()))?;
    plan.create(format!("events/{}/{}.json", names.context, names.name), text + "\n")
}

/// Plans the request of a route.
pub(super) fn write_request(plan: &mut Plan<'_>, names: &Names, operation: &Operation) -> Result<(), Error> {
    let mut headers = vec![("Accept", "*/*"), ("Authorization", TOKEN), ("Host", HOST)];
    match operation.method.as_str() {
        "POST" => headers.push(("Idempotency-Key", "5f0c7a1e-6f0b-4d7e-9a52-0c8f3f4b7a11")),
        "PUT" => headers.push(("If-Match", "\"3\"")),
        _ => {}
    }
    headers.extend([
        ("User-Agent", "curl/8.5.0"),
        ("X-Amzn-Trace-Id", "Root=1-69202ba8-3d1f6c8e5b7a9d0c2e4f6a81"),
        ("X-Forwarded-For", "203.0.113.7"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]);
    let single: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let multiple: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    let mut path = operation.path.clone();
    let mut parameters = serde_json::Map::new();
    for parameter in &operation.parameters {
        path = path.replace(&format!("{{{}}}", parameter.name), &parameter.example);
        parameters.insert(parameter.name.clone(), json!(parameter.example));
    }
    let parameters = if parameters.is_empty() { Value::Null } else { parameters.into() };
    let event = json!({
        "resource": operation.path,
        "path": path,
        "httpMethod": operation.method,
        "headers": single,
        "multiValueHeaders": multiple,
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": parameters,
        "stageVariables": null,
        "requestContext": request_context(operation, &path),
        "body": null,
        "isBase64Encoded": false,
    });
    write(plan, names, &event)
}

fn request_context(operation: &Operation, path: &str) -> Value {
    json!({
        "resourceId": "a1b2c3",
        "resourcePath": operation.path,
        "httpMethod": operation.method,
        "extendedRequestId": "Bj2xTFlPIAMEp5A=",
        "requestTime": "21/Nov/2025:09:10:00 +0000",
        "path": format!("/dev{path}"),
        "accountId": "123456789012",
        "protocol": "HTTP/1.1",
        "stage": "dev",
        "domainPrefix": "abcde12345",
        "requestTimeEpoch": 1_763_716_200_000_i64,
        "requestId": "7f9d1c52-3a0e-4d6f-9b61-2f5f0e8a4c33",
        "identity": {
            "cognitoIdentityPoolId": null,
            "accountId": null,
            "cognitoIdentityId": null,
            "caller": null,
            "sourceIp": "203.0.113.7",
            "principalOrgId": null,
            "accessKey": null,
            "cognitoAuthenticationType": null,
            "cognitoAuthenticationProvider": null,
            "userArn": null,
            "userAgent": "curl/8.5.0",
            "user": null,
        },
        "domainName": HOST,
        "apiId": "abcde12345",
        "authorizer": {
            "principalId": ACCOUNT,
            "sub": ACCOUNT,
            "org_id": ORGANIZATION,
            "role": "sales_rep",
            "sid": "session_01jd2x1v7gf5w4n8q3k6m9z0tc",
            "account_org_id": ORGANIZATION,
            "auth_time": "1763716200",
            "integrationLatency": 12,
        },
    })
}

/// Plans a message of the queue, with the event that its rule selects.
pub(super) fn write_message(plan: &mut Plan<'_>, names: &Names, schema: &EventSchema) -> Result<(), Error> {
    let (kind, id) = schema.aggregate();
    let body = json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467710",
        "detail-type": schema.event_type,
        "source": "sextant.ledger",
        "account": "123456789012",
        "time": "2025-11-21T09:11:31Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "event_id": "event_01jd2x8e2wf7y3q8s1a0c4v5wd",
            "event_type": schema.event_type,
            "schema_version": schema.version,
            "tenant_id": ORGANIZATION,
            "aggregate_type": kind,
            "aggregate_id": id,
            "version": 1,
            "occurred_at": "2025-11-21T09:11:30.000Z",
            "actor": ACCOUNT,
            "correlation_id": "7f9d1c52-3a0e-4d6f-9b61-2f5f0e8a4c33",
            "causation_id": null,
            "data": schema.data()?,
        },
    });
    let event = json!({
        "Records": [{
            "messageId": "059f36b4-87a3-44ab-83d2-661970975a7d",
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": body.to_string(),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1763716291500",
                "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
                "ApproximateFirstReceiveTimestamp": "1763716291520",
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:sextant-dev-{}", names.name),
            "awsRegion": "us-east-1",
        }],
    });
    write(plan, names, &event)
}

/// Plans the event of a schedule.
pub(super) fn write_tick(plan: &mut Plan<'_>, names: &Names) -> Result<(), Error> {
    let rule = format!("arn:aws:events:us-east-1:123456789012:rule/sextant-dev-{}-Clock", names.name);
    let event = json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2025-11-21T09:10:00Z",
        "region": "us-east-1",
        "resources": [rule],
        "detail": {},
    });
    write(plan, names, &event)
}
