//! `infra/openapi.yaml`: rules for every operation, and a reader for the other checks.

use crate::gaps::settle;
use crate::tree::read;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The contract.
pub(crate) fn contract() -> &'static Value {
    static CONTRACT: OnceLock<Value> = OnceLock::new();
    CONTRACT.get_or_init(|| serde_yaml_ng::from_str(&read("infra/openapi.yaml")).unwrap())
}

/// The target of a `$ref`, or the value itself.
pub(crate) fn deref(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(path) => contract().pointer(&path[1..]).unwrap_or_else(|| panic!("{path} leads nowhere")),
        None => value,
    }
}

/// An operation and its place.
pub(crate) struct Operation {
    pub(crate) path: &'static str,
    /// The method, in upper case.
    pub(crate) method: String,
    pub(crate) id: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) node: &'static Value,
    /// The parameters of the path and of the operation.
    pub(crate) parameters: Vec<&'static Value>,
}

impl Operation {
    /// Whether it needs no access token.
    pub(crate) fn is_public(&self) -> bool {
        self.node["security"].as_array().unwrap().is_empty()
    }

    /// Whether it has the parameter.
    pub(crate) fn takes(&self, place: &str, name: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter["in"] == place && parameter["name"] == name)
    }

    /// Its responses, with references followed.
    pub(crate) fn responses(&self) -> impl Iterator<Item = (&'static str, &'static Value)> {
        self.node["responses"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(status, response)| (status.as_str(), deref(response)))
    }

    /// The format of its errors: `problem`, or `openai` or `anthropic` for routes in those wire formats.
    pub(crate) fn format(&self) -> &'static str {
        self.node.get("x-sextant-format").map_or("problem", |format| format.as_str().unwrap())
    }

    /// Whether its answer comes in pieces.
    pub(crate) fn streams(&self) -> bool {
        self.node["x-amazon-apigateway-integration"]["responseTransferMode"] == "STREAM"
    }

    /// The schema of its JSON body.
    pub(crate) fn body(&self) -> Option<&'static Value> {
        self.node.get("requestBody").map(|body| &body["content"]["application/json"]["schema"])
    }
}

/// Every operation.
pub(crate) fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in contract()["paths"].as_object().unwrap() {
        let shared = item.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (method, node) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            let own = node.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            operations.push(Operation {
                path,
                method: method.to_uppercase(),
                id: node["operationId"].as_str().unwrap(),
                tag: node["tags"][0].as_str().unwrap(),
                node,
                parameters: shared.iter().chain(own).map(deref).collect(),
            });
        }
    }
    operations
}

/// Every schema of the contract by name.
pub(crate) fn schemas() -> impl Iterator<Item = (&'static str, &'static Value)> {
    contract()["components"]["schemas"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, schema)| (name.as_str(), schema))
}

#[test]
fn operations_are_named_tagged_and_described() {
    let tags: Vec<_> = contract()["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    let mut wrong = Vec::new();
    for operation in operations() {
        let node = operation.node;
        if !ids.insert(operation.id) {
            wrong.push(format!("{} is there twice", operation.id));
        }
        if node["tags"].as_array().unwrap().len() != 1 || !tags.contains(&&node["tags"][0]) {
            wrong.push(format!("{} needs exactly one known tag", operation.id));
        }
        for text in ["summary", "description"] {
            if node[text].as_str().is_none_or(|text| text.trim().is_empty()) {
                wrong.push(format!("{} has no {text}", operation.id));
            }
        }
    }
    settle("operations", wrong);
}

#[test]
fn path_templates_and_path_parameters_agree() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let template: BTreeSet<_> =
            operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let declared: BTreeSet<_> = operation
            .parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        if template != declared {
            wrong.push(operation.id.to_owned());
        }
    }
    settle("path parameters", wrong);
}

#[test]
fn everything_in_components_is_used() {
    let text = read("infra/openapi.yaml");
    let mut unused = Vec::new();
    for kind in ["parameters", "headers", "responses", "schemas", "examples"] {
        for name in contract()["components"][kind].as_object().unwrap().keys() {
            if !text.contains(&format!("'#/components/{kind}/{name}'")) {
                unused.push(format!("{kind} {name}"));
            }
        }
    }
    settle("unused components", unused);
}

/// Health answers the version of its package, which is the workspace's.
#[test]
fn the_contract_and_health_tell_one_version() {
    // This crate has the workspace's version too.
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(contract()["info"]["version"], version);
    assert!(read("functions/platform/get-health/Cargo.toml").contains("version.workspace = true"));
    for (name, example) in contract()["components"]["examples"].as_object().unwrap() {
        let value = &example["value"];
        if value["checks"].is_array() {
            assert_eq!(value["version"], version, "{name}");
        }
    }
}

/// Generated clients follow the type of the scheme: with another type they send the bare token.
#[test]
fn credentials_are_sent_as_bearer_tokens_or_in_their_own_header() {
    let schemes = contract()["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.len(), 2);
    let (session, api_key) = (&schemes["session"], &schemes["apiKey"]);
    assert_eq!((&session["type"], &session["scheme"]), (&"http".into(), &"bearer".into()));
    assert_eq!(
        (&api_key["type"], &api_key["in"], &api_key["name"]),
        (&"apiKey".into(), &"header".into(), &"x-api-key".into())
    );
    let imported: Value =
        serde_json::from_str(&openapi::gateway_document(&read("infra/openapi.yaml")).unwrap()).unwrap();
    // The gateway would take `x-api-key` for the key of a usage plan.
    for (name, header) in [("session", "Authorization"), ("apiKey", "Unused")] {
        let scheme = &imported["components"]["securitySchemes"][name];
        assert_eq!(
            (&scheme["type"], &scheme["in"], &scheme["name"], &scheme["x-amazon-apigateway-authtype"]),
            (&"apiKey".into(), &"header".into(), &header.into(), &"custom".into())
        );
    }
}

/// The gateway keeps an answer by its identity source, and refuses a request without it. An authorizer that reads one of two
/// headers can name neither.
#[test]
fn an_authorizer_that_reads_two_headers_is_asked_each_time() {
    let schemes = &contract()["components"]["securitySchemes"];
    let of = |name: &str| &schemes[name]["x-amazon-apigateway-authorizer"];
    let (session, api_key) = (of("session"), of("apiKey"));
    assert_eq!(session["identitySource"], "method.request.header.Authorization");
    assert_eq!(session["authorizerResultTtlInSeconds"], 60);
    assert_eq!((api_key.get("identitySource"), &api_key["authorizerResultTtlInSeconds"]), (None, &0.into()));
    for same in ["type", "authorizerUri", "authorizerCredentials"] {
        assert_eq!(session[same], api_key[same], "{same}");
    }
    // The authorizer goes by the path, so all operations of a path take the same.
    for operation in operations().iter().filter(|operation| !operation.is_public()) {
        let of_path = operations().into_iter().filter(|other| other.path == operation.path);
        for other in of_path.filter(|other| !other.is_public()) {
            assert_eq!(operation.node["security"], other.node["security"], "{} {}", operation.id, other.id);
        }
    }
}
