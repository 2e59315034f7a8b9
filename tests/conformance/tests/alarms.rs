//! The alarms: each of them tells somebody or stops a deployment, and every place where failures gather has one.

use crate::gaps::settle;
use crate::stacks::{Stack, functions, stacks};
use crate::tree::{exists, names, read};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn stack(name: &str) -> &'static Stack {
    stacks().iter().find(|stack| stack.name == name).unwrap_or_else(|| panic!("infra/{name}.yaml"))
}

/// Every alarm with its stack and logical id.
fn alarms() -> impl Iterator<Item = (&'static Stack, &'static str, &'static Value)> {
    stacks().iter().flat_map(|stack| {
        let alarms = stack.resources("AWS::CloudWatch::Alarm");
        alarms.map(move |(id, alarm)| (stack, id, &alarm["Properties"]))
    })
}

/// Whether an alarm watches this metric with exactly these dimensions.
fn is_watched(namespace: &Value, metric: &str, dimensions: &[(&str, Value)]) -> bool {
    let dimensions: Value =
        dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
    alarms().any(|(_, _, alarm)| {
        alarm["Namespace"] == *namespace
            && alarm["MetricName"] == metric
            && alarm.get("Dimensions").unwrap_or(&json!([])) == &dimensions
    })
}

/// Our own namespace of metrics.
fn own() -> Value {
    json!({"Fn::Sub": "Sextant/${Environment}"})
}

/// The alarms of a stack that a deployment waits for, by logical id.
fn stopping(stack: &Stack) -> BTreeSet<String> {
    let canaries = stack.resources("AWS::Serverless::Function").flat_map(|(_, function)| {
        let alarms = function["Properties"]["DeploymentPreference"]["Alarms"].as_array();
        alarms.into_iter().flatten().filter_map(|alarm| alarm["Ref"].as_str().map(str::to_owned))
    });
    let monitors = stack.resources("AWS::AppConfig::Environment").flat_map(|(_, environment)| {
        let monitors = environment["Properties"]["Monitors"].as_array();
        monitors.into_iter().flatten().filter_map(|monitor| {
            Some(monitor["AlarmArn"]["Fn::GetAtt"].as_str()?.strip_suffix(".Arn")?.to_owned())
        })
    });
    canaries.chain(monitors).collect()
}

#[test]
fn every_alarm_tells_the_topic_or_stops_a_deployment() {
    let told = json!({"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]});
    let mut wrong = Vec::new();
    for (stack, id, alarm) in alarms() {
        let tells = alarm.get("AlarmActions") == Some(&told);
        if !tells && (alarm.get("AlarmActions").is_some() || !stopping(stack).contains(id)) {
            wrong.push(format!("{} {id}", stack.name));
        }
    }
    settle("alarm actions", wrong);
}

#[test]
fn every_metric_of_a_log_filter_has_an_alarm_and_every_alarm_a_metric() {
    let mut counted = BTreeSet::from(["Errors".to_owned(), "Defects".to_owned()]);
    let mut wrong = Vec::new();
    for stack in stacks() {
        for (id, filter) in stack.resources("AWS::Logs::MetricFilter") {
            let metric = &filter["Properties"]["MetricTransformations"][0];
            let name = metric["MetricName"].as_str().unwrap();
            if metric["MetricNamespace"] != own() || !is_watched(&own(), name, &[]) {
                wrong.push(format!("{} {id}: no alarm watches {name}", stack.name));
            }
            counted.insert(name.to_owned());
        }
    }
    for (stack, id, alarm) in alarms().filter(|(_, _, alarm)| alarm["Namespace"] == own()) {
        if !counted.contains(alarm["MetricName"].as_str().unwrap()) {
            wrong.push(format!("{} {id} watches a metric that nothing counts", stack.name));
        }
    }
    assert!(counted.len() > 8, "{counted:?}");
    settle("metrics of logs", wrong);
}

/// A caller must not be able to raise an alarm about models, so failures that a request causes are left out.
#[test]
fn failures_of_models_that_a_request_causes_raise_no_alarm() {
    let mut wrong = Vec::new();
    let mut filters = 0;
    for stack in stacks() {
        for (id, filter) in stack.resources("AWS::Logs::MetricFilter") {
            let pattern = filter["Properties"]["FilterPattern"].as_str().unwrap();
            if pattern.contains("\"a lead of several has no score\"")
                && !pattern.contains("$.lead_failure = \"service\"")
            {
                wrong.push(format!("{} {id}", stack.name));
            }
            if !pattern.contains("\"a model gave no answer\"") {
                continue;
            }
            filters += 1;
            if !pattern.contains("$.model_failure != \"request\"")
                && !pattern.contains("$.error = \"the model is not available*\"")
            {
                wrong.push(format!("{} {id}", stack.name));
            }
        }
    }
    assert!(filters >= 12, "{filters}");
    settle("failures of requests", wrong);
}

/// The names that log lines give to defects, each in a field `defect`.
fn defects(folder: &str, found: &mut BTreeSet<String>) {
    for name in names(folder) {
        let path = format!("{folder}/{name}");
        if !exists(&path) {
            if name != "tests" {
                defects(&path, found);
            }
        } else if path.ends_with(".rs") {
            let text = read(&path);
            let named = text.split("defect = \"").skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(named.map(str::to_owned));
        }
    }
}

#[test]
fn every_defect_that_is_logged_has_an_alarm() {
    let mut found = BTreeSet::new();
    defects("shared", &mut found);
    defects("functions", &mut found);
    assert!(found.contains("IncompleteHistory"), "{found:?}");
    let wrong =
        found.into_iter().filter(|defect| !is_watched(&own(), "Defects", &[("Defect", json!(defect))]));
    settle("defects", wrong);
}

#[test]
fn every_place_where_failures_or_work_gather_has_an_alarm() {
    let mut wrong = Vec::new();
    let (sqs, lambda) = (json!("AWS/SQS"), json!("AWS/Lambda"));
    for (id, queue) in stack("messaging").resources("AWS::SQS::Queue") {
        let metric = match queue["Properties"].get("RedrivePolicy") {
            Some(_) => "ApproximateAgeOfOldestMessage",
            None => "ApproximateNumberOfMessagesVisible",
        };
        // The loop over alarms names the queue with another spelling than a single alarm does.
        let names =
            [json!({"Fn::GetAtt": [id, "QueueName"]}), json!({"Fn::GetAtt": format!("{id}.QueueName")})];
        if !names.into_iter().any(|name| is_watched(&sqs, metric, &[("QueueName", name)])) {
            wrong.push(format!("{id}: {metric}"));
        }
    }
    for function in functions() {
        let reads_stream = function.events().iter().any(|source| source["Type"] == "DynamoDB");
        let name = json!({"Ref": function.logical_id});
        if reads_stream && !is_watched(&lambda, "IteratorAge", &[("FunctionName", name)]) {
            wrong.push(format!("{}: IteratorAge", function.name));
        }
    }
    let stage =
        [("ApiName", json!({"Fn::Sub": "sextant-${Environment}"})), ("Stage", json!({"Ref": "Environment"}))];
    if !is_watched(&json!("AWS/ApiGateway"), "5XXError", &stage) {
        wrong.push("the API: 5XXError".to_owned());
    }
    settle("watched", wrong);
}
