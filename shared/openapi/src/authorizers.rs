//! Security schemes and authorizers. Clients read which credentials an operation takes, and API Gateway has one authorizer
//! for each operation.

use serde_yaml_ng::{Mapping, Value};

const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";

fn schemes(document: &Value) -> Option<&Mapping> {
    document.get("components")?.get("securitySchemes")?.as_mapping()
}

/// API Gateway accepts an authorizer only with a scheme of the type `apiKey`, in a header. It does not read the name of
/// the header, but it would take `x-api-key` for the key of a usage plan.
pub(super) fn retype(document: &mut Value) {
    let schemes = document.get_mut("components").and_then(|components| components.get_mut("securitySchemes"));
    let Some(Value::Mapping(schemes)) = schemes else { return };
    for scheme in schemes.values_mut().filter_map(Value::as_mapping_mut) {
        if !scheme.contains_key(AUTHORIZER) {
            continue;
        }
        let is = |key: &str, text: &str| scheme.get(key).is_some_and(|value| value == text);
        let name = match (is("type", "http") && is("scheme", "bearer"), is("type", "apiKey")) {
            (true, _) => "Authorization",
            (_, true) => "Unused",
            _ => continue,
        };
        scheme.remove("scheme");
        scheme.remove("bearerFormat");
        for (key, value) in [("type", "apiKey"), ("in", "header"), ("name", name)] {
            scheme.insert(key.into(), value.into());
        }
    }
}

/// Leaves one of several alternatives of an operation: the one whose authorizer needs no header, because the others would
/// refuse what it takes.
pub(super) fn choose(document: &mut Value) {
    let without_header: Vec<String> = schemes(document)
        .into_iter()
        .flatten()
        .filter(|(_, scheme)| {
            scheme.get(AUTHORIZER).is_some_and(|authorizer| authorizer.get("identitySource").is_none())
        })
        .filter_map(|(name, _)| name.as_str().map(str::to_owned))
        .collect();
    let Some(Value::Mapping(paths)) = document.get_mut("paths") else { return };
    let operations = paths.values_mut().filter_map(Value::as_mapping_mut).flat_map(Mapping::values_mut);
    for operation in operations {
        let Some(Value::Sequence(alternatives)) = operation.get_mut("security") else { continue };
        let takes_all = |one: &Value| without_header.iter().any(|name| one.get(name.as_str()).is_some());
        if let Some(chosen) = alternatives.iter().find(|one| takes_all(one)).cloned() {
            *alternatives = vec![chosen];
        }
    }
}

/// The paths with an operation that takes this scheme.
pub(super) fn paths_with_scheme(document: &Value, scheme: &str) -> Vec<String> {
    let takes = |operation: &Value| {
        let alternatives = operation.get("security").and_then(Value::as_sequence);
        alternatives.into_iter().flatten().any(|one| one.get(scheme).is_some())
    };
    let paths = document.get("paths").and_then(Value::as_mapping);
    paths
        .into_iter()
        .flatten()
        .filter(|(_, item)| item.as_mapping().is_some_and(|item| item.values().any(takes)))
        .filter_map(|(path, _)| path.as_str().map(str::to_owned))
        .collect()
}
