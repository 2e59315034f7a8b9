//! The headers for browsers and proxies: functions get them from `edge`, and the gateway's own answers get them from
//! the contract. Both must be the same.

use crate::contract::{contract, deref, operations};
use crate::integrations::integration_faults;
use crate::stacks::{stacks, template};
use crate::tree::read;
use edge::http::{DEFAULT_HEADERS, EXPOSED_HEADERS, REQUEST_HEADERS, REQUEST_ID_HEADERS};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The headers that pages may always read (Fetch, CORS-safelisted response-header names), and headers that only
/// browsers read.
const ALWAYS_READABLE: [&str; 4] = ["cache-control", "content-encoding", "set-cookie", "vary"];

/// The document that API Gateway imports.
fn imported() -> &'static Value {
    static IMPORTED: OnceLock<Value> = OnceLock::new();
    IMPORTED.get_or_init(|| {
        serde_json::from_str(&openapi::gateway_document(&read("infra/openapi.yaml")).unwrap()).unwrap()
    })
}

fn listed(names: &str) -> BTreeSet<String> {
    names.split(", ").map(str::to_lowercase).collect()
}

#[test]
fn every_read_takes_head_and_every_path_answers_every_method() {
    for (path, item) in imported()["paths"].as_object().unwrap() {
        let (get, head) = (&item["get"], &item["head"]);
        for same in ["security", "parameters", "x-amazon-apigateway-integration"] {
            assert_eq!(head.get(same), get.get(same), "HEAD {path} and {same}");
        }
        let others = &item["x-amazon-apigateway-any-method"];
        // Preflight requests have no token.
        assert_eq!(others["security"], json!([]), "{path}");
        let faults = integration_faults("describeMethods", &others["x-amazon-apigateway-integration"]);
        assert_eq!(faults, Vec::<&str>::new(), "{path}");
        assert!(others["responses"]["405"].is_object());
    }
    assert!(imported().get("x-gateway-other-methods").is_none());
}

/// API Gateway would answer another path by itself, in one format for all clients.
#[test]
fn every_other_path_below_v1_is_answered_by_a_function() {
    let others = &imported()["paths"]["/v1/{proxy+}"];
    assert_eq!(others.as_object().unwrap().len(), 1);
    let operation = &others["x-amazon-apigateway-any-method"];
    let parameter = json!({"name": "proxy", "in": "path", "required": true, "schema": {"type": "string"}});
    assert_eq!(operation["parameters"], json!([parameter]));
    assert!(contract()["paths"].get("/v1/{proxy+}").is_none());
    assert!(imported().get("x-gateway-other-paths").is_none());
}

#[test]
fn allow_lists_the_methods_of_the_contract() {
    let listed = openapi::listed_paths(&read("infra/openapi.yaml")).unwrap();
    assert_eq!(listed.len(), contract()["paths"].as_object().unwrap().len());
    for operation in operations() {
        let found = listed.iter().find(|listed| listed.path == operation.path).unwrap();
        // The answer to a method that the path does not take has the format of those that it takes.
        assert_eq!(found.format, operation.format(), "{}", operation.id);
        let methods: Vec<&str> = found.methods.split(", ").collect();
        assert!(methods.contains(&operation.method.as_str()), "{}", operation.id);
        assert_eq!(methods.contains(&"HEAD"), methods.contains(&"GET"), "{}", operation.id);
        assert_eq!(methods.last(), Some(&"OPTIONS"));
    }
}

#[test]
fn the_gateways_own_answers_have_the_headers_of_all_others() {
    let responses = imported()["x-amazon-apigateway-gateway-responses"].as_object().unwrap();
    assert_eq!(responses.len(), 21);
    let first = json!({"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "AllowedOrigins"}]}]});
    for (kind, response) in responses {
        let header = |name: &str| &response["responseParameters"][format!("gatewayresponse.header.{name}")];
        for (name, value) in DEFAULT_HEADERS {
            assert_eq!(*header(name), format!("'{value}'"), "{kind} {name}");
        }
        for name in REQUEST_ID_HEADERS {
            assert_eq!(*header(name), "context.requestId", "{kind} {name}");
        }
        let origin = &header("Access-Control-Allow-Origin")["Fn::If"];
        // The gateway must not repeat the origin of the request, which may be any origin.
        let named = json!([
            "HasAllowedOrigins", {"Fn::Sub": ["'${Origin}'", {"Origin": first}]}, {"Ref": "AWS::NoValue"}
        ]);
        assert_eq!(*origin, named, "{kind}");
        assert_eq!(header("Access-Control-Allow-Credentials")["Fn::If"][1], "'true'", "{kind}");
        let exposed = header("Access-Control-Expose-Headers")["Fn::If"][1].as_str().unwrap();
        let all = listed(EXPOSED_HEADERS);
        let exposed = listed(exposed.trim_matches('\''));
        assert!(exposed.is_subset(&all), "{kind}");
        assert!(REQUEST_ID_HEADERS.iter().all(|name| exposed.contains(&name.to_lowercase())), "{kind}");
    }
}

/// RFC 6750, section 3.1: the answer to an invalid token names the error; the answer to a missing token names none.
#[test]
fn a_wrong_token_is_told_from_a_missing_one() {
    let responses = &imported()["x-amazon-apigateway-gateway-responses"];
    let challenge = |kind: &str| {
        let response = &responses[kind];
        assert_eq!(response["statusCode"], "401");
        response["responseParameters"]["gatewayresponse.header.WWW-Authenticate"].clone()
    };
    assert_eq!(challenge("UNAUTHORIZED"), r#"'Bearer realm="sextant"'"#);
    assert_eq!(challenge("ACCESS_DENIED"), r#"'Bearer realm="sextant", error="invalid_token"'"#);
}

#[test]
fn pages_may_send_and_read_every_header_of_the_contract() {
    let sendable = listed(REQUEST_HEADERS);
    for operation in operations() {
        for parameter in operation.parameters.iter().filter(|parameter| parameter["in"] == "header") {
            let name = parameter["name"].as_str().unwrap().to_lowercase();
            assert!(sendable.contains(&name), "{} takes {name}", operation.id);
        }
    }
    assert!(sendable.is_superset(&listed("Authorization, Content-Type")));
    let readable = listed(EXPOSED_HEADERS);
    let answers = operations().into_iter().flat_map(|operation| operation.responses().collect::<Vec<_>>());
    let refused = ("405", deref(&contract()["components"]["responses"]["MethodNotAllowed"]));
    for (status, response) in answers.chain([refused]) {
        for name in response["headers"].as_object().into_iter().flatten().map(|(name, _)| name.to_lowercase())
        {
            let always = ALWAYS_READABLE.contains(&name.as_str());
            assert!(always || readable.contains(&name), "{status} has {name}");
        }
    }
}

#[test]
fn allowed_origins_are_none_unless_somebody_names_them() {
    let parameter = &template("template.yaml")["Parameters"]["AllowedOrigins"];
    assert_eq!(parameter["Default"], "");
    let pattern = parameter["AllowedPattern"].as_str().unwrap();
    let schema = json!({"type": "string", "pattern": pattern});
    for good in ["", "https://console.example.com", "https://a.example:8443,http://localhost:3000"] {
        assert!(jsonschema::is_valid(&schema, &json!(good)), "{good}");
    }
    for bad in [
        "*",
        "null",
        "console.example.com",
        "http://console.example.com",
        "https://*.example.com",
        "https://a.example/",
        "https://a.example, https://b.example",
        "https://A.example",
        ",",
    ] {
        assert!(!jsonschema::is_valid(&schema, &json!(bad)), "{bad}");
    }
    let api = stacks().iter().find(|stack| stack.name == "api").unwrap();
    let (_, gateway) = api.resources("AWS::Serverless::Api").next().unwrap();
    let variables = json!({"Fn::If": ["HasAllowedOrigins", {"allowed_origins": {"Ref": "AllowedOrigins"}}, {"Ref": "AWS::NoValue"}]});
    assert_eq!(gateway["Properties"]["Variables"], variables);
    // Without this setting a changed list would not reach the gateway's own answers.
    assert_eq!(gateway["Properties"]["AlwaysDeploy"], true);
}
