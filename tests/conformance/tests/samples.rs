//! The sample events under `events/`: one for each function, in the form that its source really sends. Only the JSON
//! bodies of requests are plain text, so that people can read them; the gateway sends them in base64, which the
//! functions accept as well.

use crate::contract::{Operation, operations};
use crate::events::{faults_of_data, public};
use crate::gaps::settle;
use crate::schema::{faults, json_schema};
use crate::stacks::functions;
use crate::tree::{exists, kebab, names, read_json};
use contracts::event_message::{BusEvent, SOURCE};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Texts in a request's authorizer context: the authorizer's principal and claims.
const CLAIMS: [&str; 7] = ["principalId", "sub", "org_id", "role", "sid", "account_org_id", "auth_time"];

fn path(context: &str, name: &str) -> String {
    format!("events/{context}/{name}.json")
}

#[test]
fn every_function_has_a_sample_and_every_sample_a_function() {
    let operations = operations();
    let routes = operations.iter().map(|operation| path(operation.tag, &kebab(operation.id)));
    let deployed = functions();
    let needed: BTreeSet<_> =
        deployed.iter().map(|function| path(function.context, &function.name)).chain(routes).collect();
    let mut wrong: Vec<_> =
        needed.iter().filter(|path| !exists(path)).map(|path| format!("{path} is missing")).collect();
    for context in names("events").into_iter().filter(|name| name != "schemas") {
        for file in names(&format!("events/{context}")) {
            let path = format!("events/{context}/{file}");
            if !needed.contains(&path) {
                wrong.push(format!("{path} belongs to no function"));
            }
        }
    }
    settle("samples", wrong);
}

#[test]
fn requests_match_their_operations() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let path = path(operation.tag, &kebab(operation.id));
        if exists(&path) {
            wrong.extend(
                request_faults(&operation, &read_json(&path))
                    .into_iter()
                    .map(|fault| format!("{path}: {fault}")),
            );
        }
    }
    settle("sample requests", wrong);
}

fn request_faults(operation: &Operation, event: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let context = &event["requestContext"];
    let mut real = operation.path.to_owned();
    for (name, value) in event["pathParameters"].as_object().unwrap_or(&Map::new()) {
        real = real.replace(&format!("{{{name}}}"), value.as_str().unwrap());
    }
    for (what, right) in [
        ("httpMethod", event["httpMethod"] == operation.method && context["httpMethod"] == operation.method),
        ("resource", event["resource"] == operation.path && context["resourcePath"] == operation.path),
        ("path", event["path"] == real),
        ("stage", context["path"].as_str().is_some_and(|path| path.ends_with(&real) && path != real)),
        ("requestId", context["requestId"].is_string()),
    ] {
        if !right {
            wrong.push(what.to_owned());
        }
    }
    for parameter in &operation.parameters {
        let name = parameter["name"].as_str().unwrap();
        let sent = match parameter["in"].as_str().unwrap() {
            "path" => &event["pathParameters"][name],
            "query" => &event["queryStringParameters"][name],
            _ => &event["headers"][name],
        };
        match sent.as_str() {
            Some(text) => {
                let schema = json_schema(&parameter["schema"]);
                let value = if schema["type"] == "integer" {
                    serde_json::from_str(text).unwrap()
                } else {
                    Value::from(text)
                };
                wrong.extend(faults(&schema, &value).into_iter().map(|fault| format!("{name}: {fault}")));
            }
            None if parameter["required"] == true => wrong.push(format!("{name} is missing")),
            None => {}
        }
    }
    match (operation.body(), event["body"].as_str()) {
        (Some(schema), Some(body)) => {
            wrong.extend(faults(&json_schema(schema), &serde_json::from_str(body).unwrap()));
            if event["headers"]["Content-Type"] != "application/json" {
                wrong.push("Content-Type".to_owned());
            }
        }
        (None, None) => {}
        _ => wrong.push("body".to_owned()),
    }
    let claims = context.get("authorizer").and_then(Value::as_object);
    // The authorizer's claims and the gateway's additions; a further claim would never be read.
    let whole = claims.is_some_and(|claims| {
        claims.keys().all(|name| CLAIMS.contains(&name.as_str()) || name == "integrationLatency")
            && CLAIMS.iter().all(|name| claims.get(*name).is_some_and(Value::is_string))
    });
    if operation.is_public() != claims.is_none() || (claims.is_some() && !whole) {
        wrong.push("claims".to_owned());
    }
    wrong
}

#[test]
fn the_authorizer_is_asked_as_the_gateway_asks() {
    let event = read_json("events/identity/authorize-request.json");
    assert_eq!(event["type"], "REQUEST");
    assert!(event["methodArn"].as_str().unwrap().starts_with("arn:aws:execute-api:"));
    assert!(event["headers"]["Authorization"].as_str().unwrap().starts_with("Bearer "));
    assert!(event["requestContext"].get("authorizer").is_none());
}

#[test]
fn messages_in_queues_are_events_without_secrets() {
    let mut wrong = Vec::new();
    for function in functions() {
        let Some(source) = function.events().into_iter().find(|source| source["Type"] == "SQS") else {
            continue;
        };
        let path = path(function.context, &function.name);
        let arn = source["Properties"]["Queue"]["Fn::Sub"].as_str().unwrap();
        let (_, queue) = arn.split_once(":sextant-${Environment}-").unwrap();
        for record in read_json(&path)["Records"].as_array().unwrap() {
            let arn = record["eventSourceARN"].as_str().unwrap();
            if record["eventSource"] != "aws:sqs" || !arn.ends_with(&format!("-dev-{queue}")) {
                wrong.push(format!("{path}: {arn}"));
            }
            let event: BusEvent = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
            if event.source != SOURCE || event.detail_type != event.detail.event_type {
                wrong.push(format!("{path}: envelope of {}", event.detail_type));
            }
            let schema = format!("{}.v{}", event.detail.event_type, event.detail.schema_version);
            wrong.extend(
                faults_of_data(&schema, &event.detail.data, public)
                    .into_iter()
                    .map(|fault| format!("{path}: {fault}")),
            );
        }
    }
    settle("sample messages", wrong);
}

#[test]
fn records_of_the_stream_are_new_events() {
    let records = read_json("events/platform/relay-events.json");
    for record in records["Records"].as_array().unwrap() {
        assert_eq!(
            (&record["eventName"], &record["eventSource"]),
            (&"INSERT".into(), &"aws:dynamodb".into())
        );
        assert_eq!(record["dynamodb"]["StreamViewType"], "NEW_IMAGE");
        let image = &record["dynamodb"]["NewImage"];
        let text = |name: &str| image[name]["S"].as_str().unwrap_or_else(|| panic!("{name}")).to_owned();
        let key = format!("{}#{}#{}", text("tenant_id"), text("aggregate_type"), text("aggregate_id"));
        assert_eq!(image["pk"]["S"], key);
        assert_eq!(record["dynamodb"]["Keys"]["pk"], image["pk"]);
        let schema = format!("{}.v{}", text("event_type"), image["schema_version"]["N"].as_str().unwrap());
        let faults = faults_of_data(&schema, &from_attribute(&image["data"]), |schema| schema);
        assert!(faults.is_empty(), "{faults:?}");
    }
}

/// An attribute in DynamoDB's JSON as plain JSON.
fn from_attribute(attribute: &Value) -> Value {
    let (kind, value) = attribute.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "NULL" => Value::Null,
        "N" => serde_json::from_str(value.as_str().unwrap()).unwrap(),
        "L" => value.as_array().unwrap().iter().map(from_attribute).collect::<Vec<_>>().into(),
        "M" => value
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), from_attribute(value)))
            .collect::<Map<_, _>>()
            .into(),
        _ => value.clone(),
    }
}
