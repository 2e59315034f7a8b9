//! The stored ledger, and its events in the form of the bus.

use crate::aws::{Aws, plain_item};
use serde_json::{Value, json};

/// The full name of one of the deployment's tables, such as `ledger`.
pub fn table(name: &str) -> String {
    format!("sextant-local-{name}")
}

/// Every event of an organization, as plain JSON, in no order.
pub fn events_of(organization: &str) -> Vec<Value> {
    let (table, mut events, mut start) = (table("ledger"), Vec::new(), Value::Null);
    loop {
        let mut scan = json!({
            "TableName": table,
            "ConsistentRead": true,
            "FilterExpression": "tenant_id = :tenant",
            "ExpressionAttributeValues": {":tenant": {"S": organization}},
        });
        if !start.is_null() {
            scan["ExclusiveStartKey"] = start;
        }
        let mut page = Aws::call("DynamoDB_20120810.Scan", &scan);
        events.extend(page["Items"].as_array().expect("items").iter().map(plain_item));
        start = page["LastEvaluatedKey"].take();
        if start.is_null() {
            return events;
        }
    }
}

/// An event of the ledger in the form in which the bus puts it into a queue.
pub fn bus_event(event: &Value) -> Value {
    json!({
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000000",
        "source": "sextant.ledger",
        "detail-type": event["event_type"],
        "account": "000000000000",
        "region": "us-east-1",
        "time": event["occurred_at"],
        "resources": [],
        "detail": {
            "event_id": event["event_id"],
            "event_type": event["event_type"],
            "schema_version": event["schema_version"],
            "tenant_id": event["tenant_id"],
            "aggregate_type": event["aggregate_type"],
            "aggregate_id": event["aggregate_id"],
            "version": event["sk"],
            "occurred_at": event["occurred_at"],
            "actor": event["actor"],
            "correlation_id": event["correlation_id"],
            "causation_id": event.get("causation_id"),
            "data": event["data"],
        },
    })
}
