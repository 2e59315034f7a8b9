//! The event schemas under `events/schemas` and the events that the domain really writes.

mod published;
mod written;
mod written_ai;
mod written_factors;

use crate::schema::faults;
use crate::tree::{names, read_json};
use domain::event::SECRET_FACTS;
use serde_json::Value;
use std::collections::BTreeSet;
use written::{PERSONAL, SECRET};

pub(crate) use written::written;

/// Properties that can only hold personal data.
const NAMES_OF_PERSONAL_DATA: [&str; 10] = [
    "contact_name",
    "contact_email",
    "contact_phone",
    "contact",
    "notes",
    "quote",
    "evidence",
    "email",
    "phone",
    "password_hash",
];

/// A schema as it holds on the bus: without the facts that never leave the ledger.
pub(crate) fn public(mut schema: Value) -> Value {
    let secret: Vec<String> = secrets(&schema);
    let members = schema.as_object_mut().unwrap();
    members["properties"].as_object_mut().unwrap().retain(|name, _| !secret.contains(name));
    members["required"].as_array_mut().unwrap().retain(|name| !secret.iter().any(|secret| name == secret));
    schema
}

fn secrets(schema: &Value) -> Vec<String> {
    let properties = schema["properties"].as_object().unwrap().iter();
    properties
        .filter(|(_, property)| property["x-sextant-private"] == true)
        .map(|(name, _)| name.clone())
        .collect()
}

/// The faults of an event's data by its type and version, such as `lead_created.v1`.
pub(crate) fn faults_of_data(schema: &str, data: &Value, view: fn(Value) -> Value) -> Vec<String> {
    faults(&view(read_json(&format!("events/schemas/{schema}.json"))), data)
}

/// The event types that have a schema.
pub(crate) fn types() -> BTreeSet<String> {
    schema_files().into_iter().map(|file| file.split('.').next().unwrap().to_owned()).collect()
}

fn schema_files() -> Vec<String> {
    names("events/schemas").into_iter().filter(|file| file.ends_with(".json")).collect()
}

#[test]
fn every_event_matches_its_schema_and_every_schema_has_an_event() {
    let mut seen = BTreeSet::new();
    for event in written() {
        let schema = format!("{}.v{}", event.event_type, event.schema_version);
        let faults = faults_of_data(&schema, &event.data, |schema| schema);
        assert!(faults.is_empty(), "{schema}: {faults:?}");
        seen.insert(format!("{schema}.json"));
    }
    assert_eq!(seen, schema_files().into_iter().collect());
}

#[test]
fn no_event_tells_who_somebody_is() {
    let mut sealed = 0;
    for event in written() {
        assert!(!event.data.to_string().contains(PERSONAL), "{}", event.event_type);
        sealed += usize::from(!event.personal.is_empty());
    }
    assert!(sealed >= 5, "the personal parts are somewhere else: {sealed}");
}

#[test]
fn secrets_are_marked_private() {
    for event in written() {
        let schema =
            read_json(&format!("events/schemas/{}.v{}.json", event.event_type, event.schema_version));
        let private = secrets(&schema);
        assert!(
            private.iter().all(|name| SECRET_FACTS.contains(&name.as_str())),
            "{}: {private:?}",
            event.event_type
        );
        let mut data = event.data.clone();
        data.as_object_mut().unwrap().retain(|name, _| !private.contains(name));
        assert!(!data.to_string().contains(SECRET), "{}", event.event_type);
        let faults = faults(&public(schema), &data);
        assert!(faults.is_empty(), "{}: {faults:?}", event.event_type);
    }
}

#[test]
fn schemas_are_closed_and_name_no_personal_data() {
    for file in schema_files() {
        let schema = read_json(&format!("events/schemas/{file}"));
        assert_eq!(schema["$id"], format!("https://sextant.dev/events/{file}"));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        closed(&schema, &file);
    }
}

fn closed(schema: &Value, place: &str) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        assert_eq!(schema["additionalProperties"], false, "{place} is open");
        for (name, property) in properties {
            assert!(!NAMES_OF_PERSONAL_DATA.contains(&name.as_str()), "{place} has {name}");
            assert!(property["description"].is_string(), "{place}.{name} is not described");
            closed(property, &format!("{place}.{name}"));
        }
    }
    if let Some(items) = schema.get("items") {
        closed(items, &format!("{place}[]"));
    }
}
