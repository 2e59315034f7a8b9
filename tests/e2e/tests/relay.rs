//! The relay between the ledger and the bus: a record that is no event is parked and blocks nothing.

use crate::shared;
use adapter_dynamodb::DynamoAuditLog;
use e2e_tests::{Aws, BusTap, PERSONAL, Queue, environment, events_of, soon, table};
use ports::AuditLog;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

#[test]
fn a_record_that_is_no_event_is_parked_and_later_events_arrive() {
    let parking = Queue::named("relay-parking");
    let before = shared().create_lead("Before The Poison Ltd");
    let partition = format!("nobody#lead#{}", before["id"].as_str().unwrap());
    let poison = json!({
        "pk": {"S": partition}, "sk": {"N": "1"}, "event_type": {"S": "lead_created"}, "data": {"S": PERSONAL},
    });
    Aws::call("DynamoDB_20120810.PutItem", &json!({"TableName": table("ledger"), "Item": poison}));
    let after = shared().create_lead("After The Poison Ltd");

    let parked = soon("the record is parked", || {
        let parked = parking.peek();
        parked.into_iter().find(|message| message.contains(&partition))
    });
    let message: Value = serde_json::from_str(&parked).unwrap();
    assert_eq!(message["keys"], json!({"pk": partition, "sk": 1}));
    assert!(message["sequence_number"].is_string() && message["reason"].is_string(), "{parked}");
    assert!(!parked.contains(PERSONAL), "a parked message names the record and never holds it");

    let log = DynamoAuditLog::new(&Aws::root_config(), table("state"));
    let tenant = shared().id.parse().unwrap();
    for lead in [before, after] {
        let events = events_of(&shared().id);
        let event = events.iter().find(|event| event["aggregate_id"] == lead["id"]).expect("an event");
        let mark = json!({
            "pk": {"S": format!("{}#audit", shared().id)},
            "sk": {"S": format!("event#{}", event["event_id"].as_str().unwrap())},
        });
        soon("the lead's event is audited", || {
            let get = json!({"TableName": table("state"), "Key": mark, "ConsistentRead": true});
            let found = Aws::call("DynamoDB_20120810.GetItem", &get);
            found.get("Item").is_some_and(Value::is_object).then_some(())
        });
    }
    Aws::run(log.verify(tenant)).expect("the audit log's chain holds");
}

/// The item of a lead's first event in the ledger, in DynamoDB's own JSON.
fn first_event_of(lead: &Value) -> Value {
    let partition = format!("{}#lead#{}", shared().id, lead["id"].as_str().unwrap());
    let key = json!({"pk": {"S": partition}, "sk": {"N": "1"}});
    let get = json!({"TableName": table("ledger"), "Key": key, "ConsistentRead": true});
    Aws::call("DynamoDB_20120810.GetItem", &get)["Item"].clone()
}

/// Runs the redrive in the same way as `cargo xtask redrive local`.
fn redrive() -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../local/redrive.py");
    let output = Command::new(&environment().python)
        .arg(script)
        .arg("local")
        .env("AWS_ENDPOINT_URL", &environment().aws_url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .expect("python");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.success(), text.concat())
}

/// The redrive publishes records and batches that did not reach the bus: a parked record, and a batch that the stream's
/// mapping gave up and stored whole, as Lambda stores it.
#[test]
fn what_did_not_reach_the_bus_is_published_again() {
    let (parked, stored) = (shared().create_lead("Parked Ltd"), shared().create_lead("Stored Ltd"));
    let (of_parked, of_stored) = (first_event_of(&parked), first_event_of(&stored));
    let ids = [&of_parked, &of_stored].map(|item| item["event_id"]["S"].as_str().unwrap().to_owned());
    let log = DynamoAuditLog::new(&Aws::root_config(), table("state"));
    let tenant = shared().id.parse().unwrap();

    let tap = BusTap::open("redrive-tap");
    let parking = Queue::named("relay-parking");
    let bucket = "sextant-local-relay-failures-000000000000-us-east-1";
    let key = "aws/lambda/6a2f0c0e/2026/11/29/2026-11-29T01.02.03-7b4d";
    let keys = json!({"pk": of_parked["pk"]["S"], "sk": 1});
    parking.send(&[json!({"sequence_number": "1", "keys": keys, "reason": "a test"}).to_string()]);
    let change = json!({
        "Keys": {"pk": of_stored["pk"], "sk": of_stored["sk"]}, "NewImage": of_stored, "SequenceNumber": "1",
    });
    let batch =
        json!({"Records": [{"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}]});
    let envelope = json!({
        "version": "1.0", "requestContext": {"condition": "RecordAgeExceeded"}, "DDBStreamBatchInfo": {"batchSize": 1},
        "payload": batch.to_string(),
    });
    Aws::put_object(bucket, key, &envelope);
    soon("the bucket tells the parking queue", || {
        parking.peek().into_iter().find(|message| message.contains("6a2f0c0e")).map(drop)
    });

    let (_, said) = redrive();
    let mut heard = Vec::new();
    soon("both events are published again", || {
        heard.extend(
            tap.heard().into_iter().map(|event| event["detail"]["event_id"].as_str().unwrap().to_owned()),
        );
        ids.iter().all(|id| heard.contains(id)).then_some(())
    });
    assert!(said.contains("records were handed to the bus again"), "{said}");
    assert!(!Aws::objects(bucket).contains(&key.to_owned()), "what was published is removed");
    let left = parking.peek();
    let of_ours = |message: &String| message.contains("6a2f0c0e") || message.contains("\"a test\"");
    assert!(!left.iter().any(of_ours), "{left:?}");
    // Consumers know the events already: the chain of the audit log still holds, with one entry for each.
    Aws::run(log.verify(tenant)).expect("the audit log's chain holds");
}
