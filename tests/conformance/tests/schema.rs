//! Schemas of the contract as JSON Schema, so that values can be checked against them.

use crate::contract::{contract, deref, operations, schemas};
use crate::gaps::settle;
use serde_json::{Map, Value, json};

/// The faults of a value.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
    validator.iter_errors(value).map(|error| format!("{} {error}", error.instance_path())).collect()
}

/// An OpenAPI 3.0 schema as JSON Schema: references followed, `nullable` spelled as a type.
pub(crate) fn json_schema(schema: &'static Value) -> Value {
    let Some(members) = deref(schema).as_object() else { return deref(schema).clone() };
    let mut out = Map::new();
    for (key, value) in members {
        let value = match key.as_str() {
            "nullable" | "example" => continue,
            "properties" => value
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, schema)| (name.clone(), json_schema(schema)))
                .collect::<Map<_, _>>()
                .into(),
            "items" => json_schema(value),
            "oneOf" => value.as_array().unwrap().iter().map(json_schema).collect::<Vec<_>>().into(),
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    if members.get("nullable") == Some(&Value::Bool(true)) {
        out.insert("type".into(), json!([members["type"], "null"]));
    }
    Value::Object(out)
}

fn any(schema: &'static Value, holds: fn(&Value) -> bool) -> bool {
    let schema = deref(schema);
    let properties = schema.get("properties").and_then(Value::as_object);
    holds(schema)
        || properties.is_some_and(|properties| properties.values().any(|property| any(property, holds)))
        || schema.get("items").is_some_and(|items| any(items, holds))
        || schema
            .get("oneOf")
            .and_then(Value::as_array)
            .is_some_and(|one| one.iter().any(|one| any(one, holds)))
}

#[test]
fn examples_match_their_schemas() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let request = operation.node.get("requestBody").map(|body| ("request", body));
        for (place, node) in request.into_iter().chain(operation.responses()) {
            let Some(content) = node.get("content").and_then(Value::as_object) else { continue };
            for (media_type, media) in content {
                let Some(schema) = media.get("schema") else { continue };
                let examples = media.get("examples").and_then(Value::as_object);
                if examples.is_none() && operation.id != "getOpenapi" {
                    wrong.push(format!("{} {place} {media_type} has no example", operation.id));
                }
                for (name, example) in examples.into_iter().flatten() {
                    let value = &deref(example)["value"];
                    let faults = faults(&json_schema(schema), value);
                    wrong.extend(
                        faults.into_iter().map(|fault| format!("{} {place} {name}: {fault}", operation.id)),
                    );
                    if media_type == "application/problem+json"
                        && value["status"].as_u64() != place.parse().ok()
                    {
                        wrong.push(format!("{} {place} {name}: status {}", operation.id, value["status"]));
                    }
                }
            }
        }
    }
    settle("examples", wrong);
}

#[test]
fn objects_are_closed() {
    // The facts of an event and the result of a job differ by kind, as do those of a notification; the document's shape is
    // OpenAPI's, turns of a model may have the members of any answer, clients write members of their own into tools and
    // calls, each tool of OpenAI has others, and WebAuthn says what options and credentials of passkeys have.
    let open = [
        "AuditEntry",
        "AuditEntryList",
        "Job",
        "JobList",
        "Notification",
        "OpenapiDocument",
        "LoginAnswer",
        "MfaChallenge",
        "VerifyMfaRequest",
        "Assertion",
        "SignInAssertion",
        "Attestation",
        "PasskeyOptions",
        "CreatePasskeyRequest",
        "LoginWithPasskeyRequest",
        "MessageRequest",
        "MessageTokensRequest",
        "ResponseTokensRequest",
        "MessageTurn",
        "ChatRequest",
        "ResponseRequest",
        "ResponseHostedTool",
        "ChatMessage",
        "ChatTool",
        "FunctionTool",
        "CalledFunction",
        "CustomTool",
        "CalledCustomTool",
        "ChatCompletion",
        "ChatChoice",
        "AssistantMessage",
    ];
    let wrong = schemas()
        .filter(|(name, _)| !open.contains(name))
        .filter(|(_, schema)| {
            // A read-only member has its shape where it is read, and a map of texts has names of its callers.
            any(schema, |schema| {
                schema["type"] == "object"
                    && schema["additionalProperties"] != false
                    && schema["additionalProperties"]["type"] != "string"
                    && schema["readOnly"] != true
            })
        })
        .map(|(name, _)| name.to_owned())
        .filter(|name| !open.iter().any(|open| name.starts_with(open)));
    settle("open objects", wrong);
}

#[test]
fn request_texts_are_bounded() {
    let unbounded = |schema: &Value| {
        schema["type"] == "string"
            && ["maxLength", "enum", "pattern"].iter().all(|bound| schema.get(bound).is_none())
    };
    let wrong = operations()
        .into_iter()
        .filter(|operation| operation.body().is_some_and(|body| any(body, unbounded)));
    settle("unbounded texts", wrong.map(|operation| operation.id.to_owned()));
}

#[test]
fn the_gateway_checks_no_body() {
    // The gateway's text about a wrong body names no field, and its JSON Schema draft 4 would refuse every null.
    let validators = contract()["x-amazon-apigateway-request-validators"].as_object().unwrap();
    let wrong = validators.iter().filter(|(_, validator)| validator["validateRequestBody"] != false);
    settle("gateway bodies", wrong.map(|(name, _)| name.clone()));
}
