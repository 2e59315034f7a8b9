//! The event schemas under `events/schemas`, and data that matches one.

use super::names::wrong;
use crate::error::{Error, at};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;

/// The pattern of a SHA-256 in base64.
const SHA_256: &str = "^[A-Za-z0-9+/]{43}=$";
/// The pattern of names that the code fixes.
const FIXED_NAME: &str = "^[a-z_]{1,40}$";
/// The end of every id in a sample.
const ID: &str = "01jd2x5k8qf3v9m4t7w6z0r1sa";

/// The newest schema of an event type.
pub(super) struct EventSchema {
    /// The type, such as `lead_scored`.
    pub(super) event_type: String,
    /// The version, from 1.
    pub(super) version: u32,
    schema: Value,
}

/// The newest schema of an event type. The error lists the existing types.
pub(super) fn newest(root: &Path, event_type: &str) -> Result<EventSchema, Error> {
    let folder = root.join("events/schemas");
    let mut types = Vec::new();
    let mut version = 0;
    for entry in fs::read_dir(&folder).map_err(at(&folder))? {
        let file = entry.map_err(at(&folder))?.file_name().to_string_lossy().into_owned();
        let parts = file.strip_suffix(".json").and_then(|name| name.split_once(".v"));
        let Some((name, number)) = parts else { continue };
        if name == event_type {
            version = version.max(number.parse().unwrap_or(0));
        }
        types.push(name.to_owned());
    }
    types.sort();
    types.dedup();
    if version == 0 {
        return wrong(format!(
            "no event is called {event_type}; name one of {}, or write its schema events/schemas/{event_type}.v1.json first",
            types.join(", ")
        ));
    }
    let path = folder.join(format!("{event_type}.v{version}.json"));
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    let schema = serde_json::from_str(&text).map_err(|error| {
        Error::Content(format!("{} is not JSON: {error}; repair it first", path.display()))
    })?;
    Ok(EventSchema { event_type: event_type.to_owned(), version, schema })
}

impl EventSchema {
    /// The aggregate of the event: its kind and its id.
    pub(super) fn aggregate(&self) -> (String, String) {
        let kind = self.event_type.split('_').next().unwrap_or_default();
        let prefix = match kind {
            "organization" => "org",
            // A member has the id of its account.
            "member" => "account",
            other => other,
        };
        (kind.to_owned(), format!("{prefix}_{ID}"))
    }

    /// Data that matches the schema, without the facts that never leave the ledger.
    pub(super) fn data(&self) -> Result<Value, Error> {
        self.example(&self.schema, "data")
    }

    fn example(&self, schema: &Value, name: &str) -> Result<Value, Error> {
        if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
            return Ok(first.clone());
        }
        if let Some(constant) = schema.get("const") {
            return Ok(constant.clone());
        }
        let kind = schema["type"].as_array().and_then(|kinds| kinds.first()).unwrap_or(&schema["type"]);
        match kind.as_str() {
            Some("object") => self.object(schema),
            Some("array") => {
                let least = schema["minItems"].as_u64().unwrap_or(0);
                let items: Result<Vec<_>, _> =
                    (0..least).map(|_| self.example(&schema["items"], name)).collect();
                Ok(items?.into())
            }
            Some("integer" | "number") => Ok(schema.get("minimum").cloned().unwrap_or(json!(1))),
            Some("boolean") => Ok(json!(true)),
            Some("null") => Ok(Value::Null),
            Some("string") => self.text(schema, name),
            _ => wrong(format!(
                "{}: no sample can be made for `{name}`, which has no type; give it one in events/schemas",
                self.event_type
            )),
        }
    }

    fn object(&self, schema: &Value) -> Result<Value, Error> {
        let mut members = Map::new();
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let Some(property) = schema.get("properties").and_then(|all| all.get(name)) else { continue };
            if property["x-sextant-private"] != true {
                members.insert(name.to_owned(), self.example(property, name)?);
            }
        }
        Ok(members.into())
    }

    fn text(&self, schema: &Value, name: &str) -> Result<Value, Error> {
        if let Some(pattern) = schema["pattern"].as_str() {
            if pattern == SHA_256 {
                return Ok("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=".into());
            }
            if pattern == FIXED_NAME {
                return Ok("a_name".into());
            }
            let prefix =
                pattern.strip_prefix('^').and_then(|rest| rest.split_once("_[0-7][0-9a-hjkmnp-tv-z]{25}$"));
            return match prefix {
                Some((prefix, "")) => Ok(format!("{prefix}_{ID}").into()),
                _ => wrong(format!(
                    "{}: no sample can be made for the pattern of `{name}`; add it to xtask/src/new_function/schemas.rs",
                    self.event_type
                )),
            };
        }
        if schema["format"] == "date-time" {
            return Ok("2025-11-21T09:11:30.000Z".into());
        }
        Ok(match name {
            "company_name" => "Contoso Logistics".to_owned(),
            "home_region" => "us-east-1".to_owned(),
            "industry" => "Logistics".to_owned(),
            "model" => "rules".to_owned(),
            "permission" => "lead:read".to_owned(),
            "resource_id" => format!("lead_{ID}"),
            "resource_type" => "lead".to_owned(),
            other => other.replace('_', " "),
        }
        .into())
    }
}
