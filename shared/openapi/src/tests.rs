//! The documents that clients and API Gateway get from the contract.

use super::{Error, ListedPath, gateway_document, listed_paths, paths_with_scheme, public_document};

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
        }, "head": {
            "parameters": [{"name": "limit", "in": "query"}],
            "responses": {"200": {"description": "What GET answers, without the body."}},
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

const ALTERNATIVES: &str = "
paths:
  /v1/models:
    get: {security: [{session: []}, {apiKey: []}]}
  /v1/leads:
    get: {security: [{session: []}]}
  /v1/health:
    get: {security: []}
components:
  securitySchemes:
    session:
      type: http
      scheme: bearer
      x-amazon-apigateway-authorizer: {type: request, identitySource: method.request.header.Authorization}
    apiKey: {type: apiKey, in: header, name: x-api-key, x-amazon-apigateway-authorizer: {type: request}}
";

#[test]
fn of_several_credentials_the_gateway_gets_the_authorizer_that_takes_all() {
    let read = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let imported = read(gateway_document(ALTERNATIVES).unwrap());
    let security = |path: &str, method: &str| imported["paths"][path][method]["security"].clone();
    for method in ["get", "head"] {
        assert_eq!(security("/v1/models", method), serde_json::json!([{"apiKey": []}]));
        assert_eq!(security("/v1/leads", method), serde_json::json!([{"session": []}]));
        assert_eq!(security("/v1/health", method), serde_json::json!([]));
    }
    // With its real name, the gateway would take it for the key of a usage plan.
    let scheme = &imported["components"]["securitySchemes"]["apiKey"];
    assert_eq!((&scheme["type"], &scheme["name"]), (&"apiKey".into(), &"Unused".into()));
    let public = read(public_document(ALTERNATIVES).unwrap());
    assert_eq!(
        public["paths"]["/v1/models"]["get"]["security"],
        serde_json::json!([{"session": []}, {"apiKey": []}])
    );
    assert_eq!(public["components"]["securitySchemes"]["apiKey"]["name"], "x-api-key");
    assert_eq!(paths_with_scheme(ALTERNATIVES, "apiKey").unwrap(), ["/v1/models"]);
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

const PATHS: &str = "
x-gateway-other-methods: {security: [], x-amazon-apigateway-integration: {uri: others}}
x-gateway-other-paths: '/v1/{proxy+}'
x-gateway-response-headers:
  gatewayresponse.header.Cache-Control: \"'no-store'\"
  gatewayresponse.header.Retry-After: \"'9'\"
paths:
  /v1/leads/{id}:
    parameters: [{name: id, in: path}]
    delete: {operationId: deleteLead}
    get:
      operationId: getLead
      description: Reads.
      security: [{session: []}]
      responses: {'200': {description: A lead.}}
      x-amazon-apigateway-integration: {uri: get-lead}
  /v1/leads:
    post: {operationId: createLead, x-sextant-format: openai}
x-amazon-apigateway-gateway-responses:
  THROTTLED: {statusCode: '429', responseParameters: {gatewayresponse.header.Retry-After: \"'1'\"}}
  DEFAULT_5XX: {statusCode: '500'}
";

#[test]
fn the_gateway_answers_head_as_get_and_every_other_method() {
    let document: serde_json::Value = serde_json::from_str(&gateway_document(PATHS).unwrap()).unwrap();
    let others = serde_json::json!({"security": [], "x-amazon-apigateway-integration": {"uri": "others"}});
    let lead = &document["paths"]["/v1/leads/{id}"];
    assert_eq!(
        lead["head"],
        serde_json::json!({
            "security": [{"session": []}],
            "responses": {"200": {"description": "What GET answers, without the body."}},
            "x-amazon-apigateway-integration": {"uri": "get-lead"},
        })
    );
    assert_eq!(lead["get"]["operationId"], "getLead");
    assert_eq!(lead["x-amazon-apigateway-any-method"], others);
    let leads = &document["paths"]["/v1/leads"];
    assert_eq!(
        (&leads["head"], &leads["x-amazon-apigateway-any-method"]),
        (&serde_json::Value::Null, &others)
    );
    assert!(!document.to_string().contains("x-gateway-"));
}

#[test]
fn the_gateway_answers_every_other_path_as_it_answers_other_methods() {
    let document: serde_json::Value = serde_json::from_str(&gateway_document(PATHS).unwrap()).unwrap();
    assert_eq!(
        document["paths"]["/v1/{proxy+}"],
        serde_json::json!({"x-amazon-apigateway-any-method": {
            "security": [],
            "x-amazon-apigateway-integration": {"uri": "others"},
            "parameters": [{"name": "proxy", "in": "path", "required": true, "schema": {"type": "string"}}],
        }})
    );
}

#[test]
fn the_gateways_own_answers_have_the_headers_of_all_and_their_own() {
    let document: serde_json::Value = serde_json::from_str(&gateway_document(PATHS).unwrap()).unwrap();
    let responses = &document["x-amazon-apigateway-gateway-responses"];
    let header = |kind: &str, name: &str| {
        responses[kind]["responseParameters"][format!("gatewayresponse.header.{name}")].clone()
    };
    assert_eq!(
        (header("THROTTLED", "Cache-Control"), header("THROTTLED", "Retry-After")),
        ("'no-store'".into(), "'1'".into())
    );
    assert_eq!(
        (header("DEFAULT_5XX", "Cache-Control"), header("DEFAULT_5XX", "Retry-After")),
        ("'no-store'".into(), "'9'".into())
    );
}

#[test]
fn clients_are_not_told_what_only_the_gateways_copy_is_made_of() {
    let document = public_document(PATHS).unwrap();
    assert!(!document.contains("x-gateway-") && !document.contains("head"), "{document}");
}

#[test]
fn a_path_allows_its_methods_and_those_that_every_path_has() {
    let path = |path: &str, format: &str, methods: &str| ListedPath {
        path: path.to_owned(),
        format: format.to_owned(),
        methods: methods.to_owned(),
    };
    assert_eq!(
        listed_paths(PATHS).unwrap(),
        [
            path("/v1/leads/{id}", "problem", "GET, HEAD, DELETE, OPTIONS"),
            path("/v1/leads", "openai", "POST, OPTIONS"),
        ]
    );
}
