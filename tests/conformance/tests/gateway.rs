//! API Gateway's own answers, and the kinds of problems of the functions: both as the contract documents them.

use crate::contract::{contract, operations};
use crate::gaps::settle;
use crate::schema::{faults, json_schema};
use edge::problem::Kind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Every type of gateway response, so that none falls back to the gateway's own text.
const TYPES: [&str; 21] = [
    "ACCESS_DENIED",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "WAF_FILTERED",
];

fn gateway_responses() -> &'static serde_json::Map<String, Value> {
    contract()["x-amazon-apigateway-gateway-responses"].as_object().unwrap()
}

fn body(response: &Value) -> Value {
    let template = response["responseTemplates"]["application/json"].as_str().unwrap();
    serde_json::from_str(template).unwrap()
}

#[test]
fn the_gateway_answers_problems_of_the_same_shape() {
    let listed: BTreeSet<_> = gateway_responses().keys().map(String::as_str).collect();
    assert_eq!(listed, BTreeSet::from(TYPES));
    let schema = json_schema(&contract()["components"]["schemas"]["Problem"]);
    let mut wrong = Vec::new();
    for (name, response) in gateway_responses() {
        let body = body(response);
        wrong.extend(faults(&schema, &body).into_iter().map(|fault| format!("{name}: {fault}")));
        let headers = &response["responseParameters"];
        let right = body["correlation_id"] == "$context.requestId"
            && headers["gatewayresponse.header.X-Correlation-Id"] == "context.requestId"
            && headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
            && response["statusCode"].as_str() == Some(&body["status"].to_string());
        if !right {
            wrong.push(name.clone());
        }
        // The part for OpenAI's clients has the same content.
        let error = &body["error"];
        let same =
            error["code"] == body["code"] && error["message"] == body["title"] && error["param"].is_null();
        if !same || !error["type"].is_string() {
            wrong.push(format!("{name}: OpenAI's clients are told something else"));
        }
        let known = Kind::ALL.iter().any(|kind| {
            body["code"] == kind.code && body["title"] == kind.title && body["status"] == kind.status
        });
        if !known {
            wrong.push(format!("{name}: {} is no kind of problem", body["code"]));
        }
    }
    settle("gateway responses", wrong);
}

#[test]
fn functions_answer_exactly_the_documented_kinds_of_problems() {
    let mut documented = BTreeMap::new();
    for (_, example) in contract()["components"]["examples"].as_object().unwrap() {
        let value = &example["value"];
        if let (Some(code), Some(title)) = (value["code"].as_str(), value["title"].as_str()) {
            assert_eq!(value["type"], format!("{}{code}", contracts::problem::TYPE_BASE));
            documented.insert(code, (value["status"].as_u64().unwrap(), title));
        }
    }
    let answered: BTreeMap<_, _> =
        Kind::ALL.iter().map(|kind| (kind.code, (u64::from(kind.status), kind.title))).collect();
    assert_eq!(documented, answered);
}

#[test]
fn every_code_in_a_description_is_a_kind_of_problem() {
    let mut wrong = Vec::new();
    for operation in operations() {
        for (status, response) in operation.responses() {
            let description = response["description"].as_str().unwrap();
            // A code stands in backticks before a colon.
            let parts: Vec<_> = description.split('`').collect();
            for pair in parts[1..].chunks_exact(2) {
                let [code, after] = [pair[0], pair[1]];
                let named =
                    Kind::ALL.iter().any(|kind| kind.code == code && kind.status.to_string() == status);
                if after.starts_with(": ") && !named {
                    wrong.push(format!("{} {status} {code}", operation.id));
                }
            }
        }
    }
    settle("codes", wrong);
}

#[test]
fn bodies_reach_the_functions_as_bytes() {
    // As text, the gateway would replace bytes that are not UTF-8 before a function could refuse them.
    let binary = contract()["x-amazon-apigateway-binary-media-types"].as_array().unwrap();
    assert_eq!(binary, &[Value::from("*/*")]);
    let sent: BTreeSet<&str> = operations()
        .iter()
        .filter_map(|operation| operation.node["requestBody"]["content"].as_object())
        .flat_map(|content| content.keys().map(String::as_str))
        .collect();
    assert_eq!(sent, BTreeSet::from(["application/json"]));
    // A request without a Content-Type counts as application/json, and the template of a mock integration can't read bytes.
    let mocks = contract()["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| {
            (format!("{method} {path}"), &operation["x-amazon-apigateway-integration"])
        })
    });
    let wrong = mocks
        .filter(|(_, integration)| integration["type"] == "mock")
        .filter(|(_, integration)| integration["contentHandling"] != "CONVERT_TO_TEXT");
    settle("mock integrations", wrong.map(|(operation, _)| operation));
}
