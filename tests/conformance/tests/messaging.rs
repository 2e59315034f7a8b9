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

/// The queue whose ARN an event source names.
fn source_queue(source: &Value) -> &'static str {
    let arn = source["Properties"]["Queue"]["Fn::Sub"].as_str().unwrap();
    let name = arn.strip_prefix("arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:").unwrap_or(arn);
    let named = |queue: &Value| queue["Properties"]["QueueName"]["Fn::Sub"] == name;
    let found = messaging().resources("AWS::SQS::Queue").find(|(_, queue)| named(queue));
    found.unwrap_or_else(|| panic!("there is no queue {arn}")).0
}

/// The logical id in `{"Fn::GetAtt": "X.Arn"}`.
fn of_arn(value: &Value) -> Option<&str> {
    value["Fn::GetAtt"].as_str()?.strip_suffix(".Arn")
}

#[test]
fn queues_that_are_worked_on_have_dead_letter_queues() {
    let mut wrong = Vec::new();
    let worked: BTreeSet<&str> = functions()
        .iter()
        .flat_map(|function| function.events())
        .filter(|source| source["Type"] == "SQS")
        .map(source_queue)
        .collect();
    assert!(worked.len() >= 2, "{worked:?}");
    for id in worked {
        let policy = &queue(id)["Properties"]["RedrivePolicy"];
        let dead_letters = of_arn(&policy["deadLetterTargetArn"]);
        let bounded = policy["maxReceiveCount"].as_u64().is_some_and(|count| (1..=10).contains(&count));
        match dead_letters {
            // Two weeks, the longest time that SQS offers: a person has to notice and repair.
            Some(dead) if bounded && queue(dead)["Properties"]["MessageRetentionPeriod"] == 1_209_600 => {}
            _ => wrong.push(id.to_owned()),
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
                let visibility =
                    queue(source_queue(source))["Properties"]["VisibilityTimeout"].as_u64().unwrap_or(30);
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
            // A rule names the event types that it selects, or those that it leaves out.
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
                        .any(|source| source["Type"] == "SQS" && source_queue(source) == fed)
            });
            if !worked {
                wrong.push(format!("{id} feeds {fed}, which {name} does not work on"));
            }
        }
    }
    settle("rules", wrong);
}

/// A lost customer key must not lose failed messages, and every failure has a place where it ends.
#[test]
fn what_failed_is_kept_apart_from_the_customer_key() {
    let mut wrong = Vec::new();
    let mut kept = 0;
    for (id, queue) in messaging().resources("AWS::SQS::Queue") {
        let (own, customer) =
            (&queue["Properties"]["SqsManagedSseEnabled"], &queue["Properties"]["KmsMasterKeyId"]);
        let of_failures = id.ends_with("DeadLetters") || id == "RelayParkingQueue";
        kept += usize::from(of_failures);
        if of_failures != (own == true) || of_failures == customer.is_object() {
            wrong.push(id.to_owned());
        }
    }
    assert!(kept >= 5, "{kept}");
    let (_, bus) = messaging().resources("AWS::Events::EventBus").next().unwrap();
    if of_arn(&bus["Properties"]["DeadLetterConfig"]["Arn"]) != Some("EventBusDeadLetters") {
        wrong.push("the bus has no dead-letter queue".to_owned());
    }
    settle("failures", wrong);
}

/// A queue would get only the position of a batch in the stream, which forgets it; only a bucket gets the batch.
#[test]
fn a_batch_that_a_stream_gives_up_is_stored_whole_before_the_stream_forgets_it() {
    let mut wrong = Vec::new();
    let mut streams = 0;
    for function in functions() {
        for source in function.events().into_iter().filter(|source| source["Type"] == "DynamoDB") {
            streams += 1;
            let properties = &source["Properties"];
            let failed = &properties["DestinationConfig"]["OnFailure"];
            let bucket = failed["Destination"]["Fn::Sub"].as_str().unwrap_or_default();
            let (_, name) = bucket.split_once(":s3:::").unwrap_or_default();
            let exists = messaging()
                .resources("AWS::S3::Bucket")
                .any(|(_, bucket)| bucket["Properties"]["BucketName"]["Fn::Sub"] == name);
            // The stream keeps a record for 24 hours.
            let age = properties["MaximumRecordAgeInSeconds"].as_u64();
            if failed["Type"] != "S3" || !exists || age != Some(20 * 3600) {
                wrong.push(function.name.clone());
            }
        }
    }
    assert_eq!(streams, 1);
    settle("streams", wrong);
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
