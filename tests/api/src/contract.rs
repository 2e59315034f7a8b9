//! The contract `infra/openapi.yaml`, with which every answer is compared: its status must be documented, its body must
//! match the schema of the status, and its headers must be documented and match their schemas.

use crate::request::Answer;
use crate::tree::read;
use contracts::problem::{MEDIA_TYPE, TYPE_BASE};
use edge::http::REQUEST_ID_HEADERS;
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Headers of every answer that are for browsers and proxies and not part of the contract.
const TRANSPORT: [&str; 7] = [
    "X-Content-Type-Options",
    "Strict-Transport-Security",
    "Content-Security-Policy",
    // For pages of other origins; the stage decides whether there are any.
    "Vary",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
];

/// The contract.
#[derive(Debug)]
pub struct Contract {
    operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// Such as `getLead`.
    pub id: String,
    /// The context of its function, such as `sales`.
    pub context: String,
    /// In capitals.
    pub method: String,
    /// With the names of its parameters.
    pub path: String,
    /// Whether it needs no access token.
    pub public: bool,
    /// The parameters of the path, the query and the headers.
    pub parameters: Vec<Parameter>,
    /// The JSON Schema of the body.
    pub body: Option<Value>,
    responses: BTreeMap<u16, Response>,
}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The place of the parameter: `path`, `query` or `header`.
    pub place: String,
    /// Its JSON Schema.
    pub schema: Value,
}

#[derive(Debug)]
struct Response {
    headers: BTreeMap<String, Value>,
    /// The schema of the body by media type; `None` where any text is allowed.
    content: BTreeMap<String, Option<Validator>>,
}

/// The errors of a value.
pub fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{} {error}", error.instance_path())).collect()
}

impl Contract {
    /// The contract, read once.
    pub fn get() -> &'static Self {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(|| Self::parse(&read("infra/openapi.yaml")))
    }

    fn parse(text: &str) -> Self {
        let document: Value = serde_yaml_ng::from_str(text).expect("the contract is YAML");
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, node) in
                item.as_object().expect("a path").iter().filter(|(key, _)| *key != "parameters")
            {
                operations.push(operation(&document, path, method, item, node));
            }
        }
        Self { operations }
    }

    /// Every operation.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with this id.
    pub fn operation(&self, id: &str) -> &Operation {
        self.operations
            .iter()
            .find(|operation| operation.id == id)
            .unwrap_or_else(|| panic!("no operation {id}"))
    }
}

fn operation(document: &Value, path: &str, method: &str, item: &Value, node: &Value) -> Operation {
    let all = |node: &Value| node["parameters"].as_array().cloned().unwrap_or_default();
    let parameters = all(item).into_iter().chain(all(node)).map(|parameter| {
        let parameter = deref(document, &parameter).clone();
        Parameter {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            schema: json_schema(document, &parameter["schema"]),
        }
    });
    let responses = node["responses"].as_object().expect("responses").iter().map(|(status, response)| {
        let status = status.parse().unwrap_or_else(|_| panic!("{path} documents the status {status}"));
        (status, self::response(document, deref(document, response)))
    });
    let body = &node["requestBody"]["content"]["application/json"]["schema"];
    Operation {
        id: text(&node["operationId"]),
        context: text(&node["tags"][0]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        public: node["security"].as_array().is_some_and(Vec::is_empty),
        parameters: parameters.collect(),
        body: (!body.is_null()).then(|| json_schema(document, body)),
        responses: responses.collect(),
    }
}

fn response(document: &Value, node: &Value) -> Response {
    let members = |node: &Value| node.as_object().cloned().unwrap_or_default();
    let headers = members(&node["headers"]).into_iter().map(|(name, header)| {
        (name.to_ascii_lowercase(), json_schema(document, &deref(document, &header)["schema"]))
    });
    let content = members(&node["content"]).into_iter().map(|(media_type, media)| {
        let validator = media.get("schema").map(|schema| {
            let schema = json_schema(document, schema);
            jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
        });
        (media_type, validator)
    });
    Response { headers: headers.collect(), content: content.collect() }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn deref<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(path) => document.pointer(&path[1..]).unwrap_or_else(|| panic!("{path} leads nowhere")),
        None => value,
    }
}

/// An OpenAPI 3.0 schema as JSON Schema: references followed, `nullable` spelled as a type.
fn json_schema(document: &Value, schema: &Value) -> Value {
    let schema = deref(document, schema);
    let Some(members) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    for (key, value) in members {
        let value = match key.as_str() {
            "nullable" | "example" => continue,
            "properties" => value
                .as_object()
                .expect("properties")
                .iter()
                .map(|(name, schema)| (name.clone(), json_schema(document, schema)))
                .collect::<Map<_, _>>()
                .into(),
            "items" => json_schema(document, value),
            "oneOf" => {
                let schemas = value.as_array().expect("schemas").iter();
                schemas.map(|schema| json_schema(document, schema)).collect::<Vec<_>>().into()
            }
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    if members.get("nullable") == Some(&Value::Bool(true)) {
        out.insert("type".to_owned(), json!([members["type"], "null"]));
    }
    Value::Object(out)
}

impl Operation {
    /// Its parameters in one place: `path`, `query` or `header`.
    pub fn parameters_in<'a>(&'a self, place: &'a str) -> impl Iterator<Item = &'a Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.place == place)
    }

    /// Whether the contract lists this status for the operation.
    pub fn documents(&self, status: u16) -> bool {
        self.responses.contains_key(&status)
    }

    /// Fails unless the answer is one that the contract documents.
    pub fn check(&self, answer: &Answer) {
        let wrong = self.wrong(answer);
        assert!(wrong.is_empty(), "{} answered {answer:?}: {}", self.id, wrong.join("; "));
    }

    /// The differences between an answer and the contract.
    pub fn wrong(&self, answer: &Answer) -> Vec<String> {
        let Some(response) = self.responses.get(&answer.status) else {
            return vec![format!("the status {} is not documented", answer.status)];
        };
        let mut wrong = Vec::new();
        let id = answer.header("X-Correlation-Id").unwrap_or_default();
        for name in REQUEST_ID_HEADERS {
            if id.is_empty() || answer.header(name) != Some(id) {
                wrong.push(format!("{name} is missing, or is not the id of the request"));
            }
        }
        for (name, value) in &answer.headers {
            wrong.extend(header_fault(response, name, value));
        }
        wrong.extend(body_faults(response, answer));
        wrong
    }
}

fn header_fault(response: &Response, name: &str, value: &str) -> Option<String> {
    // The contract documents the other names of the id at `X-Correlation-Id`, which every answer has.
    let transport = TRANSPORT.iter().chain(&REQUEST_ID_HEADERS).any(|known| known.eq_ignore_ascii_case(name))
        || name.eq_ignore_ascii_case("Content-Type")
        // An answer may be cached only if the contract says so.
        || (name.eq_ignore_ascii_case("Cache-Control") && value == "no-store");
    let Some(schema) = response.headers.get(&name.to_ascii_lowercase()) else {
        return (!transport).then(|| format!("the header {name} is not documented"));
    };
    let value = match schema["type"].as_str() {
        Some("integer") => serde_json::from_str(value).unwrap_or(Value::Null),
        _ => Value::from(value),
    };
    (!jsonschema::is_valid(schema, &value)).then(|| format!("the header {name} is {value}"))
}

/// The last events of streams whose events have names.
const LAST_EVENTS: [&str; 4] = ["response.completed", "response.incomplete", "message_stop", "error"];

/// Server-sent events: JSON objects, and the mark of the end, or an error. The name of an event is its type.
fn event_faults(body: &str) -> Vec<String> {
    let events: Vec<(Option<&str>, &str)> = body.split_terminator("\n\n").map(named_event).collect();
    let wrong = |(name, data): &&(Option<&str>, &str)| {
        let data = data.strip_prefix("data: ").unwrap_or_default();
        match (name, serde_json::from_str::<Map<String, Value>>(data)) {
            (None, Ok(_)) => false,
            (None, Err(_)) => data != "[DONE]",
            (Some(name), read) => !read.is_ok_and(|event| event.get("type").is_some_and(|kind| kind == name)),
        }
    };
    let faults = events.iter().filter(wrong).map(|(_, data)| format!("{data:?} is no event"));
    let ends = match events.last() {
        Some((Some(name), _)) => LAST_EVENTS.contains(name),
        Some((None, data)) => *data == "data: [DONE]" || data.starts_with("data: {\"error\":"),
        None => false,
    };
    faults.chain((!ends).then(|| "there is no end".to_owned())).collect()
}

/// An event with its name, if it has one.
fn named_event(event: &str) -> (Option<&str>, &str) {
    let named = event.strip_prefix("event: ").and_then(|rest| rest.split_once('\n'));
    named.map_or((None, event), |(name, data)| (Some(name), data))
}

fn body_faults(response: &Response, answer: &Answer) -> Vec<String> {
    let content_type = answer.header("Content-Type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    if response.content.is_empty() {
        let empty = answer.body.is_empty() && content_type.is_empty();
        return if empty { Vec::new() } else { vec!["there is a body".to_owned()] };
    }
    let Some(validator) = response.content.get(media_type) else {
        return vec![format!("{media_type:?} is not documented")];
    };
    let Some(validator) = validator else { return Vec::new() };
    if media_type == "text/event-stream" {
        return event_faults(&answer.body);
    }
    let Ok(body) = serde_json::from_str::<Value>(&answer.body) else {
        return vec!["the body is not JSON".to_owned()];
    };
    let mut wrong = faults(validator, &body);
    // The version in the health document is not an entity's version.
    if let Some(version) = body.get("version").filter(|version| version.is_u64())
        && answer.header("ETag").is_some()
        && answer.header("ETag") != Some(&format!("\"{version}\""))
    {
        wrong.push("the ETag is not the version".to_owned());
    }
    if media_type == MEDIA_TYPE {
        wrong.extend(problem_faults(answer, &body));
    }
    wrong
}

fn problem_faults(answer: &Answer, body: &Value) -> Vec<String> {
    let code = body["code"].as_str().unwrap_or_default();
    let facts = [
        ("status", body["status"] == answer.status),
        ("type", body["type"] == format!("{TYPE_BASE}{code}")),
        ("correlation_id", body["correlation_id"].as_str() == answer.header("X-Correlation-Id")),
        (
            "errors",
            body.get("errors").is_none_or(|errors| errors.as_array().is_some_and(|list| !list.is_empty())),
        ),
        ("Retry-After", ![429, 503].contains(&answer.status) || answer.header("Retry-After").is_some()),
    ];
    facts.into_iter().filter(|(_, right)| !right).map(|(fact, _)| format!("{fact} is wrong")).collect()
}
