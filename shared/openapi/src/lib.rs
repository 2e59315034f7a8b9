//! Turns `infra/openapi.yaml` into the document that clients read and into the one that API Gateway imports. Build
//! scripts use it, so that no function parses YAML; no function may link it.

use serde_yaml_ng::Value;

/// The prefix of extensions that only API Gateway understands.
const GATEWAY_EXTENSION: &str = "x-amazon-";

/// The document could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The document is not YAML.
    #[error("the document is not YAML")]
    Read(#[source] serde_yaml_ng::Error),
    /// The document can't be written as JSON, for example because a key is not a string.
    #[error("the document can't be written as JSON")]
    Write(#[source] serde_json::Error),
    /// CloudFormation refuses a template with a null.
    #[error("{0} is null, which CloudFormation refuses; a text with a comma or a colon needs quotes")]
    Null(String),
}

/// The document as JSON, in its written order, without the parts for API Gateway: integrations name functions and
/// roles, which clients must not see.
pub fn public_document(yaml: &str) -> Result<String, Error> {
    let mut document = serde_yaml_ng::from_str(yaml).map_err(Error::Read)?;
    strip(&mut document);
    serde_json::to_string(&document).map_err(Error::Write)
}

fn strip(value: &mut Value) {
    match value {
        Value::Mapping(mapping) => {
            mapping.retain(|key, _| !key.as_str().is_some_and(|key| key.starts_with(GATEWAY_EXTENSION)));
            mapping.values_mut().for_each(strip);
        }
        Value::Sequence(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Maps whose keys are names of the document and not words of OpenAPI.
const MAPS_OF_NAMES: [&str; 7] =
    ["properties", "schemas", "responses", "parameters", "headers", "requestBodies", "paths"];

/// Parts that API Gateway's import does not know, but clients read.
const UNKNOWN_TO_THE_GATEWAY: [&str; 3] = ["example", "examples", "readOnly"];

/// The document that API Gateway imports, as JSON, without examples. The gateway does not use examples, and
/// CloudFormation refuses their nulls. Security schemes with an authorizer get the only type that the gateway accepts
/// for them.
pub fn gateway_document(yaml: &str) -> Result<String, Error> {
    let mut document = serde_yaml_ng::from_str(yaml).map_err(Error::Read)?;
    strip_unknown(&mut document, false);
    retype_authorizers(&mut document);
    refuse_nulls(&document, "openapi.yaml")?;
    serde_json::to_string(&document).map_err(Error::Write)
}

fn strip_unknown(value: &mut Value, keys_are_names: bool) {
    match value {
        Value::Mapping(mapping) => {
            if !keys_are_names {
                mapping
                    .retain(|key, _| !key.as_str().is_some_and(|key| UNKNOWN_TO_THE_GATEWAY.contains(&key)));
            }
            for (key, value) in mapping.iter_mut() {
                let names = !keys_are_names && key.as_str().is_some_and(|key| MAPS_OF_NAMES.contains(&key));
                strip_unknown(value, names);
            }
        }
        Value::Sequence(items) => items.iter_mut().for_each(|item| strip_unknown(item, false)),
        _ => {}
    }
}

/// Bearer tokens have a scheme of the type `http`; API Gateway accepts an authorizer only with the type `apiKey`, in a
/// header.
fn retype_authorizers(document: &mut Value) {
    let schemes = document.get_mut("components").and_then(|components| components.get_mut("securitySchemes"));
    let Some(Value::Mapping(schemes)) = schemes else { return };
    for scheme in schemes.values_mut().filter_map(Value::as_mapping_mut) {
        let is_bearer = scheme.get("type").is_some_and(|kind| kind == "http")
            && scheme.get("scheme").is_some_and(|scheme| scheme == "bearer");
        if is_bearer && scheme.contains_key("x-amazon-apigateway-authorizer") {
            scheme.remove("scheme");
            scheme.remove("bearerFormat");
            for (key, value) in [("type", "apiKey"), ("in", "header"), ("name", "Authorization")] {
                scheme.insert(key.into(), value.into());
            }
        }
    }
}

fn refuse_nulls(value: &Value, place: &str) -> Result<(), Error> {
    match value {
        Value::Null => Err(Error::Null(place.to_owned())),
        Value::Mapping(mapping) => mapping.iter().try_for_each(|(key, value)| {
            refuse_nulls(value, &format!("{place}/{}", key.as_str().unwrap_or("?")))
        }),
        Value::Sequence(items) => {
            let mut numbered = items.iter().enumerate();
            numbered.try_for_each(|(number, item)| refuse_nulls(item, &format!("{place}/{number}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, gateway_document, public_document};

    #[test]
    fn drops_gateway_parts_at_every_depth_and_keeps_the_order() {
        let yaml = "openapi: 3.0.1\nx-amazon-a: 1\npaths:\n  /b:\n    get:\n      x-sextant-roles: public\n      \
                    x-amazon-apigateway-integration: {uri: {'Fn::Sub': secret}}\n  /a: [{x-amazon-b: 1, c: 2}]\n";
        assert_eq!(
            public_document(yaml).unwrap(),
            r#"{"openapi":"3.0.1","paths":{"/b":{"get":{"x-sextant-roles":"public"}},"/a":[{"c":2}]}}"#
        );
    }

    #[test]
    fn refuses_what_is_not_yaml() {
        assert!(matches!(public_document("a: [1"), Err(Error::Read(_))));
    }

    #[test]
    fn the_gateway_gets_no_examples_and_keeps_fields_of_that_name() {
        let given = r#"
paths:
  /v1/leads:
    get:
      parameters: [{name: limit, in: query, example: 20}]
      responses:
        '200': {content: {application/json: {schema: {type: object}, examples: {one: {value: null}}}}}
components:
  examples: {none: {value: {next_cursor: null}}}
  schemas:
    Lesson:
      example: {example: null}
      properties:
        example: {type: string, example: none}
"#;
        let document: serde_json::Value = serde_json::from_str(&gateway_document(given).unwrap()).unwrap();
        let expected = serde_json::json!({
            "paths": {"/v1/leads": {"get": {
                "parameters": [{"name": "limit", "in": "query"}],
                "responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}},
            }}},
            "components": {"schemas": {"Lesson": {"properties": {"example": {"type": "string"}}}}},
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn the_gateway_gets_bearer_tokens_as_it_takes_them_and_clients_as_they_are() {
        let given = "
components:
  securitySchemes:
    session: {type: http, scheme: bearer, x-amazon-apigateway-authorizer: {type: request}}
    other: {type: http, scheme: bearer}
  schemas:
    Lead: {properties: {id: {type: string, readOnly: true}, readOnly: {type: boolean}}}
";
        let read = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
        assert_eq!(
            read(gateway_document(given).unwrap()),
            serde_json::json!({"components": {
                "securitySchemes": {
                    "session": {"type": "apiKey", "in": "header", "name": "Authorization",
                        "x-amazon-apigateway-authorizer": {"type": "request"}},
                    "other": {"type": "http", "scheme": "bearer"},
                },
                "schemas": {"Lead": {"properties": {"id": {"type": "string"}, "readOnly": {"type": "boolean"}}}},
            }})
        );
        assert_eq!(
            read(public_document(given).unwrap())["components"],
            serde_json::json!({
                "securitySchemes": {
                    "session": {"type": "http", "scheme": "bearer"},
                    "other": {"type": "http", "scheme": "bearer"},
                },
                "schemas": {"Lead": {"properties":
                    {"id": {"type": "string", "readOnly": true}, "readOnly": {"type": "boolean"}}}},
            })
        );
    }

    #[test]
    fn a_null_that_is_left_is_refused_by_its_place() {
        let given = "a: [{type: string, description: Such as its code; b, null unless it fails}]";
        let error = gateway_document(given).unwrap_err();
        assert_eq!(
            error.to_string(),
            "openapi.yaml/a/0/null unless it fails is null, which CloudFormation refuses; a text with a comma or a colon \
             needs quotes"
        );
    }
}
