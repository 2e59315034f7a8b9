//! The bus, the rules and the queues.

use crate::events::types;
use crate::gaps::settle;
use crate::stacks::{Stack, functions, stacks};
use contracts::event_message::SOURCE;
use serde_json::Value;
use std::collections::BTreeSet;

fn messaging() -> &'static Stack {
    stacks().iter().find(|stack| stack.name == "messaging").expect("infra/messaging.yaml")
}

fn queue(id: &str) -> &'static Value {
    messaging().resources("AWS::SQS::Queue").find(|(name, _)| *name == id).unwrap_or_else(|| panic!("{id}")).1
}

/// The logical id in `{"Fn::GetAtt": "X.Arn"}`.
fn of_arn(value: &Value) -> Option<&str> {
    value["Fn::GetAtt"].as_str()?.strip_suffix(".Arn")
}

#[test]
fn queues_that_are_worked_on_have_dead_letter_queues() {
    let mut wrong = Vec::new();
    let worked: BTreeSet<String> = functions()
        .iter()
        .flat_map(|function| function.events())
        .filter(|source| source["Type"] == "SQS")
        .map(|source| {
            source["Properties"]["Queue"]["Ref"].as_str().unwrap().strip_suffix("Arn").unwrap().to_owned()
        })
        .collect();
    assert!(worked.len() >= 2, "{worked:?}");
    for id in &worked {
        let policy = &queue(id)["Properties"]["RedrivePolicy"];
        let dead_letters = of_arn(&policy["deadLetterTargetArn"]);
        let bounded = policy["maxReceiveCount"].as_u64().is_some_and(|count| (1..=10).contains(&count));
        match dead_letters {
            // Two weeks, the longest there is: somebody has to notice and repair.
            Some(dead) if bounded && queue(dead)["Properties"]["MessageRetentionPeriod"] == 1_209_600 => {}
            _ => wrong.push(id.clone()),
        }
    }
    settle("dead letters", wrong);
}

#[test]
fn queues_and_streams_are_worked_on_safely() {
    let mut wrong = Vec::new();
    for function in functions() {
        // A schedule has no batch that could fail in part.
        for source in function.events().into_iter().filter(|source| source["Type"] != "Schedule") {
            let properties = &source["Properties"];
            if properties["FunctionResponseTypes"] != serde_json::json!(["ReportBatchItemFailures"]) {
                wrong.push(format!("{} loses a whole batch to one message", function.name));
            }
            if source["Type"] == "SQS" {
                let id = properties["Queue"]["Ref"].as_str().unwrap().strip_suffix("Arn").unwrap();
                let visibility = queue(id)["Properties"]["VisibilityTimeout"].as_u64().unwrap_or(30);
                if visibility < 6 * function.timeout() {
                    wrong.push(format!("{} may see a message again while it works on it", function.name));
                }
            }
        }
    }
    settle("event sources", wrong);
}

#[test]
fn rules_wait_for_events_that_exist_and_feed_queues_that_are_worked_on() {
    let types = types();
    let mut wrong = Vec::new();
    for (id, rule) in messaging().resources("AWS::Events::Rule") {
        let pattern = &rule["Properties"]["EventPattern"];
        if pattern["source"] != serde_json::json!([SOURCE]) {
            wrong.push(format!("{id} listens to {}", pattern["source"]));
        }
        for waited in pattern.get("detail-type").and_then(Value::as_array).into_iter().flatten() {
            // A rule names what it takes, or what it leaves out of everything.
            let named = match waited.get("anything-but") {
                Some(left_out) => left_out.as_array().unwrap().clone(),
                None => vec![waited.clone()],
            };
            for name in named {
                if !types.contains(name.as_str().unwrap()) {
                    wrong.push(format!("{id} waits for {name}"));
                }
            }
        }
        for target in rule["Properties"]["Targets"].as_array().unwrap() {
            let fed = of_arn(&target["Arn"]).unwrap();
            let name = target["Id"].as_str().unwrap();
            let worked = functions().iter().any(|function| {
                function.name == name
                    && function
                        .events()
                        .iter()
                        .any(|source| source["Properties"]["Queue"]["Ref"] == format!("{fed}Arn"))
            });
            if !worked {
                wrong.push(format!("{id} feeds {fed}, which {name} does not work on"));
            }
        }
    }
    settle("rules", wrong);
}

#[test]
fn only_the_relay_publishes() {
    let mut wrong = Vec::new();
    for function in functions() {
        let role = function.properties["Role"]["Fn::GetAtt"].as_str().unwrap().strip_suffix(".Arn").unwrap();
        let policies =
            function.stack.resources("AWS::IAM::Role").find(|(id, _)| *id == role).unwrap().1.to_string();
        if policies.contains("events:PutEvents") != (function.name == "relay-events") {
            wrong.push(function.name);
        }
    }
    settle("publishers", wrong);
}
