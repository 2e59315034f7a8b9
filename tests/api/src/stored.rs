//! The content of the tables, read without any adapter.

use crate::world::World;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

type Item = HashMap<String, AttributeValue>;

/// An item in DynamoDB's JSON, as a stream has it.
pub fn dynamo_json(item: &Item) -> Value {
    // In one order, so that equal items are equal texts.
    let sorted: BTreeMap<&String, Value> =
        item.iter().map(|(name, value)| (name, attribute(value))).collect();
    sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect::<Map<_, _>>().into()
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(digits) => json!({"N": digits}),
        AttributeValue::B(bytes) => json!({"B": STANDARD.encode(bytes)}),
        AttributeValue::Bool(value) => json!({"BOOL": value}),
        AttributeValue::Null(_) => json!({"NULL": true}),
        AttributeValue::L(values) => json!({"L": values.iter().map(attribute).collect::<Vec<_>>()}),
        AttributeValue::M(fields) => json!({"M": dynamo_json(fields)}),
        other => panic!("nothing stores {other:?}"),
    }
}

/// Everything that is stored at one time, except the counters of rate limits and the failed logins, which are recorded
/// for every wrong password.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot(BTreeSet<String>);

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot of {} items", self.0.len())
    }
}

impl World {
    /// Everything that is stored now.
    pub async fn snapshot(&self) -> Snapshot {
        let mut items = BTreeSet::new();
        let tables = self.environment().tables();
        for table in [tables.ledger, tables.state, tables.ephemeral] {
            for item in self.environment().items(&table).await {
                let left_out = |pk: &String| pk.starts_with("limit#") || pk.contains("#failed_login#");
                if !item["pk"].as_s().is_ok_and(left_out) {
                    items.insert(format!("{table} {}", dynamo_json(&item)));
                }
            }
        }
        Snapshot(items)
    }

    /// Everything that is stored now, as text: one line for each item.
    pub async fn everything(&self) -> String {
        self.snapshot().await.0.into_iter().collect::<Vec<_>>().join("\n")
    }

    /// Fails if the stored content changed.
    pub async fn unchanged_since(&self, before: &Snapshot) {
        let now = self.snapshot().await;
        let changed: Vec<&String> = now.0.symmetric_difference(&before.0).collect();
        assert!(changed.is_empty(), "it was written: {changed:#?}");
    }

    /// All bytes of all items of all tables, of texts and of binaries.
    pub async fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let tables = self.environment().tables();
        for table in [tables.ledger, tables.state, tables.ephemeral] {
            for item in self.environment().items(&table).await {
                item.iter().for_each(|(name, value)| {
                    bytes.extend_from_slice(name.as_bytes());
                    collect(value, &mut bytes);
                });
            }
        }
        bytes
    }

    /// The ledger in DynamoDB's JSON; the events of each aggregate are in order.
    pub async fn ledger(&self) -> Vec<Value> {
        let mut items: Vec<Value> = self
            .environment()
            .items(&self.environment().tables().ledger)
            .await
            .iter()
            .map(dynamo_json)
            .collect();
        let version =
            |item: &Value| item["sk"]["N"].as_str().and_then(|n| n.parse::<u64>().ok()).expect("a version");
        items.sort_by_key(|item| {
            (item["occurred_at"]["S"].as_str().map(str::to_owned), item["pk"]["S"].to_string(), version(item))
        });
        items
    }

    /// The events of this type in the ledger.
    pub async fn events(&self, event_type: &str) -> Vec<Value> {
        self.ledger().await.into_iter().filter(|item| item["event_type"]["S"] == event_type).collect()
    }
}

fn collect(value: &AttributeValue, bytes: &mut Vec<u8>) {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => bytes.extend_from_slice(text.as_bytes()),
        AttributeValue::B(blob) => bytes.extend_from_slice(blob.as_ref()),
        AttributeValue::L(values) => values.iter().for_each(|value| collect(value, bytes)),
        AttributeValue::M(fields) => fields.iter().for_each(|(name, value)| {
            bytes.extend_from_slice(name.as_bytes());
            collect(value, bytes);
        }),
        _ => {}
    }
    bytes.push(0);
}
