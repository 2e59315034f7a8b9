//! The stacks under `infra/`, read like CloudFormation: short tags written out and loops unrolled. Also the rules for
//! every function in them.

use crate::arrows::{links, packages};
use crate::contract::operations;
use crate::gaps::settle;
use crate::tree::{exists, kebab, names, pascal, read};
use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;
use std::sync::OnceLock;

/// A stack.
pub(crate) struct Stack {
    /// The file name without its extension, such as `sales`.
    pub(crate) name: String,
    /// The template.
    pub(crate) template: Value,
}

impl Stack {
    /// Its resources of a type, by logical id; of every type when it is empty.
    pub(crate) fn resources<'a>(&'a self, of_type: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.template["Resources"]
            .as_object()
            .unwrap()
            .iter()
            .filter(move |(_, resource)| of_type.is_empty() || resource["Type"] == of_type)
            .map(|(id, resource)| (id.as_str(), resource))
    }
}

/// Every stack except the composition.
pub(crate) fn stacks() -> &'static [Stack] {
    static STACKS: OnceLock<Vec<Stack>> = OnceLock::new();
    STACKS.get_or_init(|| {
        names("infra")
            .into_iter()
            .filter_map(|file| Some(file.strip_suffix(".yaml")?.to_owned()))
            .filter(|name| name != "openapi")
            .map(|name| {
                let template = template(&format!("infra/{name}.yaml"));
                Stack { name, template }
            })
            .collect()
    })
}

/// A template with its loops unrolled.
pub(crate) fn template(path: &str) -> Value {
    let yaml: Yaml = serde_yaml_ng::from_str(&read(path)).unwrap();
    unroll(plain(yaml))
}

/// A function of a stack.
pub(crate) struct Function {
    pub(crate) context: &'static str,
    /// The name, such as `score-lead`.
    pub(crate) name: String,
    pub(crate) logical_id: &'static str,
    pub(crate) properties: &'static Value,
    pub(crate) stack: &'static Stack,
}

impl Function {
    /// The seconds that it may run.
    pub(crate) fn timeout(&self) -> u64 {
        let own = self.properties.get("Timeout").and_then(Value::as_u64);
        own.or_else(|| self.stack.template.pointer("/Globals/Function/Timeout")?.as_u64()).unwrap()
    }

    /// Its event sources.
    pub(crate) fn events(&self) -> Vec<&'static Value> {
        self.properties
            .get("Events")
            .and_then(Value::as_object)
            .map(|events| events.values().collect())
            .unwrap_or_default()
    }
}

/// Every function of every stack.
pub(crate) fn functions() -> Vec<Function> {
    stacks()
        .iter()
        .flat_map(|stack| {
            stack.resources("AWS::Serverless::Function").map(|(logical_id, resource)| Function {
                context: &stack.name,
                name: kebab(logical_id.strip_suffix("Function").unwrap_or(logical_id)),
                logical_id,
                properties: &resource["Properties"],
                stack,
            })
        })
        .collect()
}

/// YAML as JSON, with `!Ref x` as `{"Ref": "x"}` and so on.
fn plain(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let name =
                if ["Ref", "Condition"].contains(&name) { name.to_owned() } else { format!("Fn::{name}") };
            json!({ name: plain(tagged.value) })
        }
        Yaml::Mapping(mapping) => mapping
            .into_iter()
            .map(|(key, value)| (key.as_str().unwrap().to_owned(), plain(value)))
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Sequence(items) => items.into_iter().map(plain).collect::<Vec<_>>().into(),
        other => serde_json::to_value(other).unwrap(),
    }
}

/// Unrolls `Fn::ForEach::<name>: [variable, [items], body]`, and turns an `Fn::Sub` that has nothing left to replace into
/// its text.
fn unroll(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut out = Map::new();
            for (key, value) in members {
                if !key.starts_with("Fn::ForEach::") {
                    out.insert(key, unroll(value));
                    continue;
                }
                let variable = value[0].as_str().unwrap();
                for item in value[1].as_array().unwrap() {
                    let body = replace(&value[2], variable, item.as_str().unwrap());
                    out.extend(unroll(body).as_object().unwrap().clone());
                }
            }
            match out.get("Fn::Sub").and_then(Value::as_str) {
                Some(text) if out.len() == 1 && !text.contains("${") => Value::from(text),
                _ => Value::Object(out),
            }
        }
        Value::Array(items) => items.into_iter().map(unroll).collect::<Vec<_>>().into(),
        other => other,
    }
}

/// The value with `${variable}` and `{"Ref": "variable"}` replaced by the item.
fn replace(value: &Value, variable: &str, item: &str) -> Value {
    let marked = format!("${{{variable}}}");
    match value {
        Value::String(text) => text.replace(&marked, item).into(),
        Value::Array(items) => {
            items.iter().map(|value| replace(value, variable, item)).collect::<Vec<_>>().into()
        }
        Value::Object(members) if members.len() == 1 && value["Ref"] == variable => item.into(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.replace(&marked, item), replace(value, variable, item)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// The functions that the gateway invokes for all routes: operation id and context.
const FOR_ALL_ROUTES: [(&str, &str); 2] = [("authorizeRequest", "identity"), ("describeMethods", "platform")];

#[test]
fn every_operation_has_a_function_in_the_stack_of_its_context() {
    let functions = functions();
    let mut wrong = Vec::new();
    for (id, tag) in operations().iter().map(|operation| (operation.id, operation.tag)).chain(FOR_ALL_ROUTES)
    {
        let logical_id = format!("{}Function", pascal(id));
        match functions.iter().find(|function| function.logical_id == logical_id) {
            None => wrong.push(format!("{id} has no {logical_id}")),
            Some(function) if function.context != tag => {
                wrong.push(format!("{id} is in the stack {}", function.context));
            }
            Some(_) => {}
        }
    }
    settle("functions of operations", wrong);
}

#[test]
fn every_function_is_reached_by_a_route_or_an_event_or_an_operator() {
    let routes: Vec<_> = operations().iter().map(|operation| kebab(operation.id)).collect();
    let wrong = functions().into_iter().filter(|function| {
        let for_all = FOR_ALL_ROUTES.iter().any(|(id, _)| kebab(id) == function.name);
        let reached = routes.contains(&function.name) || for_all;
        let fed = !function.events().is_empty();
        let main = read(&format!("functions/{}/{}/src/main.rs", function.context, function.name));
        let by_hand = main.contains("edge::operator::run(");
        [reached, fed, by_hand].into_iter().filter(|way| *way).count() != 1
    });
    settle("reach", wrong.map(|function| function.name));
}

#[test]
fn functions_run_what_is_built_from_their_folder() {
    let mut wrong = Vec::new();
    for function in functions() {
        if function.properties["CodeUri"] != format!("../target/lambda/{}/bootstrap.zip", function.name) {
            wrong.push(format!("{} runs {}", function.name, function.properties["CodeUri"]));
        }
        if !exists(&format!("functions/{}/{}/Cargo.toml", function.context, function.name)) {
            wrong.push(format!("{} has no folder functions/{}/{0}", function.name, function.context));
        }
    }
    settle("code", wrong);
}

/// The logical id of the alarm on a metric of the namespace with exactly these dimensions.
fn alarm(
    function: &Function,
    namespace: &Value,
    metric: &str,
    dimensions: &[(&str, Value)],
) -> Option<&'static str> {
    let dimensions: Value =
        dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
    function.stack.resources("AWS::CloudWatch::Alarm").find_map(|(id, alarm)| {
        let properties = &alarm["Properties"];
        let is = properties["Namespace"] == *namespace
            && properties["MetricName"] == metric
            && properties["Dimensions"] == dimensions;
        is.then_some(id)
    })
}

#[test]
fn every_stack_gives_its_functions_the_same_settings() {
    let settings = |stack: &'static Stack| {
        let settings = stack.template.pointer("/Globals/Function/Environment/Variables");
        (stack.name.as_str(), settings.unwrap_or(&Value::Null))
    };
    let of_stacks: Vec<(&str, &Value)> =
        stacks().iter().filter(|stack| stack.template.get("Globals").is_some()).map(settings).collect();
    assert!(of_stacks.len() >= 7, "{of_stacks:?}");
    let others = of_stacks.iter().filter(|(_, settings)| *settings != of_stacks[0].1);
    assert_eq!(others.count(), 0, "{of_stacks:?}");
    assert_eq!(of_stacks[0].1["GLIBC_TUNABLES"], "glibc.malloc.tcache_count=100");
}

#[test]
fn every_function_has_its_name_alarms_role_and_logs() {
    let (lambda, own) = (json!("AWS/Lambda"), json!({"Fn::Sub": "Sextant/${Environment}"}));
    let mut wrong = Vec::new();
    for function in functions() {
        let name = json!({"Ref": function.logical_id});
        let version = json!({"Fn::GetAtt": [format!("{}.Version", function.logical_id), "Version"]});
        let alias = json!({"Fn::Join": [":", [name, "live"]]});
        let of_lambda = [("FunctionName", name.clone())];
        // A 5xx answer and a failed part of a batch are no errors for Lambda: the function counts them itself.
        let of_function = [("Function", name.clone())];
        let new_of_lambda =
            [("FunctionName", name.clone()), ("Resource", alias), ("ExecutedVersion", version.clone())];
        let new_of_function = [("Function", name.clone()), ("Version", version)];
        for (what, found) in [
            ("crashes", alarm(&function, &lambda, "Errors", &of_lambda)),
            ("throttles", alarm(&function, &lambda, "Throttles", &of_lambda)),
            ("failures", alarm(&function, &own, "Errors", &of_function)),
        ] {
            if found.is_none() {
                wrong.push(format!("{} has no alarm on {what}", function.name));
            }
        }
        let crashes = alarm(&function, &lambda, "Errors", &new_of_lambda);
        let failures = alarm(&function, &own, "Errors", &new_of_function);
        let stops = json!([{"Ref": crashes}, {"Ref": failures}]);
        if crashes.is_none() || function.properties["DeploymentPreference"]["Alarms"] != stops {
            wrong.push(format!(
                "the canary of {} is not stopped by what its new version does, and by that alone",
                function.name
            ));
        }
        if function.properties["FunctionName"]["Fn::Sub"]
            != format!("sextant-${{Environment}}-{}", function.name)
        {
            wrong.push(format!("{} has another name", function.name));
        }
        let main = read(&format!("functions/{}/{}/src/main.rs", function.context, function.name));
        if !main.contains(&format!("run(\"{}\"", function.name)) {
            wrong.push(format!("{} calls itself something else in its log", function.name));
        }
        let pascal = pascal(&function.name);
        if function.properties["Role"]["Fn::GetAtt"] != format!("{pascal}Role.Arn") {
            wrong.push(format!("{} shares a role", function.name));
        }
        // Without a setting, a function writes to the group with its name.
        let logs = &function.stack.template["Resources"][format!("{pascal}Logs")]["Properties"];
        let grouped = logs["LogGroupName"] == json!({"Fn::Join": ["", ["/aws/lambda/", name]]});
        if !grouped || function.properties.get("LoggingConfig").is_some() {
            wrong.push(format!("{} has no log group of its own", function.name));
        }
    }
    settle("function resources", wrong);
}

/// Every function that asks models logs the cost; the filters find it, and the daily alarm adds it up.
#[test]
fn what_every_function_spends_on_models_is_in_the_daily_sum() {
    let transformation = json!([{
        "MetricNamespace": {"Fn::Sub": "Sextant/${Environment}"}, "MetricName": "AiCostNanoUsd",
        "MetricValue": "$.ai_cost_nano_usd", "Unit": "None",
    }]);
    let mut wrong = Vec::new();
    let mut asking = 0;
    let packages = packages();
    for function in functions() {
        if !links(&packages, &function.name, "adapter-bedrock") && function.name != "settle-ai-usage" {
            continue;
        }
        asking += 1;
        let logs = json!({"Ref": format!("{}Logs", function.logical_id.trim_end_matches("Function"))});
        let counted = function.stack.resources("AWS::Logs::MetricFilter").any(|(_, filter)| {
            let filter = &filter["Properties"];
            filter["LogGroupName"] == logs
                && filter["FilterPattern"] == "{ $.ai_cost_nano_usd > 0 }"
                && filter["MetricTransformations"] == transformation
        });
        if !counted {
            wrong.push(function.name);
        }
    }
    assert!(asking >= 6);
    settle("spend", wrong);
}

/// A failing model is passed over in silence, so every function that asks models counts failures in its log.
#[test]
fn models_that_fail_are_counted_wherever_they_are_asked() {
    let mut wrong = Vec::new();
    let mut asking = 0;
    let packages = packages();
    for function in functions() {
        if !links(&packages, &function.name, "adapter-bedrock") {
            continue;
        }
        asking += 1;
        let logs = json!({"Ref": format!("{}Logs", function.logical_id.trim_end_matches("Function"))});
        for start in ["$.message = \"a model gave no answer\"", "$.error = \"the model is not available"] {
            let counted = function.stack.resources("AWS::Logs::MetricFilter").any(|(_, filter)| {
                let filter = &filter["Properties"];
                filter["LogGroupName"] == logs && filter["FilterPattern"].as_str().unwrap().contains(start)
            });
            if !counted {
                wrong.push(format!("{}: {start}", function.name));
            }
        }
    }
    assert!(asking >= 6);
    // The words of the filters must be words that are logged.
    for words in ["\"a model gave no answer\"", "#[error(\"the model is not available\")]"] {
        assert!(is_in_a_source("shared", words), "{words}");
    }
    settle("failing models", wrong);
}

/// Whether a Rust source below a folder contains these words.
fn is_in_a_source(folder: &str, words: &str) -> bool {
    names(folder).iter().any(|name| {
        let path = format!("{folder}/{name}");
        if exists(&path) {
            path.ends_with(".rs") && read(&path).contains(words)
        } else {
            is_in_a_source(&path, words)
        }
    })
}

/// The seconds by which the gateway waits longer than a streaming function may run, because the function ends its
/// answer itself.
const BEYOND: u64 = 1;

/// Without a time of its own, the gateway cuts a streamed answer after 29 seconds, like a whole one.
#[test]
fn the_gateway_waits_for_streamed_answers_as_long_as_their_functions_run() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let name = kebab(operation.id);
        let function = functions().into_iter().find(|function| function.name == name);
        let Some(function) = function.filter(|_| operation.streams()) else { continue };
        let waits = operation.node["x-amazon-apigateway-integration"]["timeoutInMillis"].as_u64();
        if waits != Some((function.timeout() + BEYOND) * 1000) {
            wrong.push(format!("{name}: {waits:?}"));
        }
    }
    settle("streams", wrong);
}
