//! Where failures end, and what survives them: rules and queues may write where they must, and data outlives its stack.

use crate::gaps::settle;
use crate::stacks::{Stack, functions, stacks};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn messaging() -> &'static Stack {
    stacks().iter().find(|stack| stack.name == "messaging").expect("infra/messaging.yaml")
}

/// The logical id in `{"Fn::GetAtt": "X.Arn"}` or `{"Fn::GetAtt": ["X", "Arn"]}`.
fn of_arn(value: &Value) -> Option<&str> {
    match &value["Fn::GetAtt"] {
        Value::String(text) => text.strip_suffix(".Arn"),
        Value::Array(parts) if parts.get(1) == Some(&json!("Arn")) => parts.first()?.as_str(),
        _ => None,
    }
}

/// Whether a queue's policy lets a service send messages for this source.
fn may_send(queue: &str, service: &str, source: impl Fn(&Value) -> bool) -> bool {
    messaging().resources("AWS::SQS::QueuePolicy").any(|(_, policy)| {
        let policy = &policy["Properties"];
        let of_queue =
            policy["Queues"].as_array().unwrap().iter().any(|named| *named == json!({"Ref": queue}));
        of_queue
            && policy["PolicyDocument"]["Statement"].as_array().unwrap().iter().any(|statement| {
                let resources = match &statement["Resource"] {
                    Value::Array(all) => all.clone(),
                    one => vec![one.clone()],
                };
                statement["Effect"] == "Allow"
                    && statement["Principal"] == json!({"Service": service})
                    && statement["Action"] == "sqs:SendMessage"
                    && resources.iter().any(|resource| of_arn(resource) == Some(queue))
                    && source(&statement["Condition"]["ArnEquals"]["aws:SourceArn"])
            })
    })
}

#[test]
fn every_worked_queue_is_fed_by_a_rule_that_keeps_what_it_can_t_deliver() {
    let mut wrong = Vec::new();
    let mut fed = Vec::new();
    for (id, rule) in messaging().resources("AWS::Events::Rule") {
        for target in rule["Properties"]["Targets"].as_array().unwrap() {
            let (queue, dead) = (of_arn(&target["Arn"]), of_arn(&target["DeadLetterConfig"]["Arn"]));
            let (Some(queue), Some(dead)) = (queue, dead) else {
                wrong.push(format!("{id} keeps nothing of what it can't deliver"));
                continue;
            };
            fed.push(queue);
            for written in [queue, dead] {
                if !may_send(written, "events.amazonaws.com", |source| of_arn(source) == Some(id)) {
                    wrong.push(format!("{id} may not write to {written}"));
                }
            }
        }
    }
    let worked = messaging()
        .resources("AWS::SQS::Queue")
        .filter(|(_, queue)| queue["Properties"].get("RedrivePolicy").is_some());
    for (queue, _) in worked {
        if !fed.contains(&queue) {
            wrong.push(format!("no rule feeds {queue}"));
        }
    }
    assert!(fed.len() >= 3, "{fed:?}");
    settle("fed queues", wrong);
}

#[test]
fn the_bus_and_the_bucket_may_write_to_their_queues() {
    let (_, bus) = messaging().resources("AWS::Events::EventBus").next().unwrap();
    let bus_name = bus["Properties"]["Name"]["Fn::Sub"].as_str().unwrap();
    let is_bus = |source: &Value| {
        source["Fn::Sub"].as_str().is_some_and(|arn| arn.ends_with(&format!(":event-bus/{bus_name}")))
    };
    assert!(may_send("EventBusDeadLetters", "events.amazonaws.com", is_bus));
    let (_, bucket) = messaging().resources("AWS::S3::Bucket").next().unwrap();
    let bucket_name = bucket["Properties"]["BucketName"]["Fn::Sub"].as_str().unwrap();
    let is_bucket = |source: &Value| {
        source["Fn::Sub"].as_str().is_some_and(|arn| arn.ends_with(&format!(":s3:::{bucket_name}")))
    };
    assert!(may_send("RelayParkingQueue", "s3.amazonaws.com", is_bucket));
    let told = &bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"][0];
    assert_eq!(of_arn(&told["Queue"]), Some("RelayParkingQueue"));
    assert_eq!(told["Event"], "s3:ObjectCreated:*");
}

/// The templates would delete these with their stack: data, and the keys without which it can't be read.
#[test]
fn data_and_keys_outlive_their_stack() {
    let mut wrong = Vec::new();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for stack in stacks() {
        for kind in ["AWS::KMS::Key", "AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket"] {
            for (id, resource) in stack.resources(kind) {
                *kinds.entry(kind).or_default() += 1;
                if resource["DeletionPolicy"] != "RetainExceptOnCreate"
                    || resource["UpdateReplacePolicy"] != "Retain"
                {
                    wrong.push(format!("{} {id}", stack.name));
                }
            }
        }
    }
    assert_eq!(kinds.into_values().collect::<Vec<_>>(), [3, 4, 5]);
    settle("outlive", wrong);
}

#[test]
fn buckets_are_closed_encrypted_and_speak_tls_alone() {
    let mut wrong = Vec::new();
    for stack in stacks() {
        for (id, bucket) in stack.resources("AWS::S3::Bucket") {
            let properties = &bucket["Properties"];
            let closed = properties["PublicAccessBlockConfiguration"]
                == json!({
                    "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true,
                    "RestrictPublicBuckets": true,
                });
            let encrypted = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"]
                ["SSEAlgorithm"]
                == "aws:kms";
            let tls = stack.resources("AWS::S3::BucketPolicy").any(|(_, policy)| {
                let statement = &policy["Properties"]["PolicyDocument"]["Statement"][0];
                policy["Properties"]["Bucket"] == json!({"Ref": id})
                    && statement["Effect"] == "Deny"
                    && statement["Action"] == "s3:*"
                    && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
            });
            if !(closed && encrypted && tls) {
                wrong.push(format!("{} {id}: {closed} {encrypted} {tls}", stack.name));
            }
        }
    }
    settle("buckets", wrong);
}

/// The inline policies of a role may have 10,240 characters together, without white space (an IAM quota). References
/// become longer when they are resolved, so half of it is the limit here.
#[test]
fn no_role_has_larger_policies_than_iam_takes() {
    let mut wrong = Vec::new();
    let mut sizes = BTreeMap::new();
    for stack in stacks() {
        for (id, role) in stack.resources("AWS::IAM::Role") {
            let own = role["Properties"].get("Policies").and_then(Value::as_array).into_iter().flatten();
            let attached = stack
                .resources("AWS::IAM::Policy")
                .map(|(_, policy)| &policy["Properties"])
                .filter(|policy| policy["Roles"] == json!([{"Ref": id}]));
            let size: usize =
                own.chain(attached).map(|policy| policy["PolicyDocument"].to_string().len()).sum();
            sizes.insert(format!("{} {id}", stack.name), size);
        }
    }
    wrong.extend(sizes.iter().filter(|(_, size)| **size > 7_500).map(|(id, size)| format!("{id}: {size}")));
    assert!(sizes.len() > 40, "{sizes:?}");
    settle("sizes of policies", wrong);
}

/// A function that can't set the time of the next delivery leaves failed messages to the queue's three minutes.
#[test]
fn functions_behind_queues_may_bring_failed_messages_back_sooner() {
    let mut wrong = Vec::new();
    let mut consumers = 0;
    for function in functions() {
        for source in function.events().into_iter().filter(|source| source["Type"] == "SQS") {
            consumers += 1;
            let role = function.properties["Role"]["Fn::GetAtt"].as_str().unwrap().trim_end_matches(".Arn");
            let (_, role) = function.stack.resources("AWS::IAM::Role").find(|(id, _)| *id == role).unwrap();
            let policies = role["Properties"]["Policies"].as_array().unwrap();
            let may = policies.iter().any(|policy| {
                policy["PolicyDocument"]["Statement"].as_array().unwrap().iter().any(|statement| {
                    let actions = statement["Action"].as_array();
                    statement["Resource"] == source["Properties"]["Queue"]
                        && actions.is_some_and(|all| all.contains(&json!("sqs:ChangeMessageVisibility")))
                })
            });
            if !may {
                wrong.push(function.name.clone());
            }
        }
    }
    assert_eq!(consumers, 5);
    settle("next deliveries", wrong);
}

#[test]
fn the_web_acl_protects_the_stage() {
    let api = stacks().iter().find(|stack| stack.name == "api").unwrap();
    let (_, association) = api.resources("AWS::WAFv2::WebACLAssociation").next().expect("an association");
    assert_eq!(association["Properties"]["WebACLArn"], json!({"Fn::GetAtt": "WebAcl.Arn"}));
    let stage = association["Properties"]["ResourceArn"]["Fn::Sub"].as_str().unwrap();
    assert!(stage.ends_with("/restapis/${Api}/stages/${Api.Stage}"), "{stage}");
    let (_, logging) = api.resources("AWS::WAFv2::LoggingConfiguration").next().expect("logs");
    assert_eq!(logging["Properties"]["ResourceArn"], json!({"Fn::GetAtt": "WebAcl.Arn"}));
}
