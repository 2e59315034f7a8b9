//! The additions to the contract in the copy for API Gateway: HEAD for every GET, an answer to every other method of a
//! path and to every other path of the API, and the headers of the gateway's own answers. They are generated, so that no
//! path can lack them.

use super::ListedPath;
use serde_yaml_ng::{Mapping, Value};

/// The operation that answers all methods that a path does not list. It is written at the root of the contract.
const OTHER_METHODS: &str = "x-gateway-other-methods";
/// The template of all paths that the contract does not list. The operation above answers them. It is written at the
/// root of the contract; its greedy parameter is `proxy`.
const OTHER_PATHS: &str = "x-gateway-other-paths";
/// The additional headers of every gateway response. They are written at the root of the contract.
const RESPONSE_HEADERS: &str = "x-gateway-response-headers";
/// The operation of a path for all methods that the path does not list.
const ANY_METHOD: &str = "x-amazon-apigateway-any-method";

/// The format of an operation's errors, if they are not problem documents.
const FORMAT: &str = "x-sextant-format";

/// The HTTP methods that a path can list, in the order in which `Allow` lists them.
const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

/// Adds these parts to a document.
pub(super) fn complete(document: &mut Value) {
    let Some(root) = document.as_mapping_mut() else { return };
    let others = root.remove(OTHER_METHODS);
    let other_paths = root.remove(OTHER_PATHS);
    let headers = root.remove(RESPONSE_HEADERS);
    if let Some(Value::Mapping(paths)) = root.get_mut("paths") {
        for item in paths.values_mut().filter_map(Value::as_mapping_mut) {
            add_head(item);
            if let Some(others) = &others {
                item.insert(ANY_METHOD.into(), others.clone());
            }
        }
        if let (Some(template), Some(Value::Mapping(others))) = (other_paths, others) {
            paths.insert(template, other_path(others).into());
        }
    }
    if let (Some(Value::Mapping(headers)), Some(Value::Mapping(responses))) =
        (headers, root.get_mut("x-amazon-apigateway-gateway-responses"))
    {
        responses.values_mut().filter_map(Value::as_mapping_mut).for_each(|one| add_headers(one, &headers));
    }
}

/// The path that stands for all others, with one operation for all methods.
fn other_path(mut operation: Mapping) -> Mapping {
    let text = Mapping::from_iter([("type".into(), "string".into())]);
    let parameter: Mapping = [
        ("name", Value::from("proxy")),
        ("in", "path".into()),
        ("required", true.into()),
        ("schema", text.into()),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), value))
    .collect();
    operation.insert("parameters".into(), vec![Value::from(parameter)].into());
    Mapping::from_iter([(ANY_METHOD.into(), operation.into())])
}

/// HEAD has the same parameters as GET and invokes the same function, which sends no body.
fn add_head(item: &mut Mapping) {
    if item.contains_key("head") {
        return;
    }
    let Some(get) = item.get("get").and_then(Value::as_mapping) else { return };
    let mut head = get.clone();
    for described in ["operationId", "summary", "description", "responses"] {
        head.remove(described);
    }
    let mut response = Mapping::new();
    response.insert("description".into(), "What GET answers, without the body.".into());
    let mut responses = Mapping::new();
    responses.insert("200".into(), response.into());
    head.insert("responses".into(), responses.into());
    item.insert("head".into(), head.into());
}

fn add_headers(response: &mut Mapping, headers: &Mapping) {
    let own = response.entry("responseParameters".into()).or_insert_with(|| Mapping::new().into());
    let Some(own) = own.as_mapping_mut() else { return };
    for (name, value) in headers {
        own.entry(name.clone()).or_insert_with(|| value.clone());
    }
}

/// Every path with its methods and the format of its errors.
pub(super) fn listed_paths(document: &Value) -> Vec<ListedPath> {
    let paths = document.get("paths").and_then(Value::as_mapping);
    let mut found = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        let takes =
            |method: &str| item.get(method).is_some() || (method == "head" && item.get("get").is_some());
        let mut methods: Vec<String> =
            METHODS.iter().filter(|method| takes(method)).map(|method| method.to_uppercase()).collect();
        methods.push("OPTIONS".to_owned());
        let format = METHODS.iter().find_map(|method| item.get(method)?.get(FORMAT)?.as_str());
        found.extend(path.as_str().map(|path| ListedPath {
            path: path.to_owned(),
            format: format.unwrap_or("problem").to_owned(),
            methods: methods.join(", "),
        }));
    }
    found
}
