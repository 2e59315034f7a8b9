//! The relay between the ledger and the bus: a record that is no event is put aside and holds up nothing.

use crate::shared;
use adapter_dynamodb::DynamoAuditLog;
use application::ports::AuditLog;
use e2e_tests::{Aws, PERSONAL, Queue, events_of, soon, table};
use serde_json::{Value, json};

#[test]
fn a_record_that_is_no_event_is_parked_and_later_events_arrive() {
    let parking = Queue::named("relay-parking");
    let before = shared().create_lead("Before The Poison Ltd");
    let partition = format!("nobody#lead#{}", before["id"].as_str().unwrap());
    let poison = json!({
        "pk": {"S": partition}, "sk": {"N": "1"}, "event_type": {"S": "lead_created"}, "data": {"S": PERSONAL},
    });
    Aws::call("DynamoDB_20120810.PutItem", &json!({"TableName": table("LedgerTable"), "Item": poison}));
    let after = shared().create_lead("After The Poison Ltd");

    let parked = soon("the record is parked", || {
        let parked = parking.peek();
        parked.into_iter().find(|message| message.contains(&partition))
    });
    let message: Value = serde_json::from_str(&parked).unwrap();
    assert_eq!(message["keys"], json!({"pk": partition, "sk": 1}));
    assert!(message["sequence_number"].is_string() && message["reason"].is_string(), "{parked}");
    assert!(!parked.contains(PERSONAL), "a parked message names the record and never holds it");

    let log = DynamoAuditLog::new(&Aws::root_config(), table("StateTable"));
    let tenant = shared().id.parse().unwrap();
    for lead in [before, after] {
        let events = events_of(&shared().id);
        let event = events.iter().find(|event| event["aggregate_id"] == lead["id"]).expect("an event");
        let mark = json!({
            "pk": {"S": format!("{}#audit", shared().id)},
            "sk": {"S": format!("event#{}", event["event_id"].as_str().unwrap())},
        });
        soon("the lead's event is audited", || {
            let get = json!({"TableName": table("StateTable"), "Key": mark, "ConsistentRead": true});
            let found = Aws::call("DynamoDB_20120810.GetItem", &get);
            found.get("Item").is_some_and(Value::is_object).then_some(())
        });
    }
    Aws::run(log.verify(tenant)).expect("the audit log's chain holds");
}
