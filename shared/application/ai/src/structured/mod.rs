//! Completions that must match a JSON Schema: they are checked as they are, and nothing in them is clamped or filled
//! in.

mod contradiction;
mod references;

use super::ask::{CompletionCheck, CompletionFaults};
use domain::field::InvalidFields;
use serde_json::Value;
use std::sync::Arc;

/// The most faults that are told to a model at once.
const MOST_FAULTS: usize = 10;

/// Keywords that no provider accepts at a schema's root.
const ROOT_CHOICES: [&str; 4] = ["$ref", "anyOf", "oneOf", "allOf"];

/// A check of completions against a schema. The schema may refer only to itself.
pub(super) fn schema_check(schema: &Value) -> Result<CompletionCheck, InvalidFields> {
    let wrong = || {
        InvalidFields::one("response_schema", "format", "must be a JSON Schema without outside references")
    };
    // Claude and Nova accept only an object as the input of a forced tool, without choice or reference at its root, and
    // so do OpenAI's own models.
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    if let Some(choice) = ROOT_CHOICES.iter().find(|choice| schema.get(**choice).is_some()) {
        return Err(InvalidFields::one(
            "response_schema",
            "format",
            format!("must not have {choice} in its root"),
        ));
    }
    if let Some(endless) = references::endless(schema) {
        return Err(InvalidFields::one("response_schema", "format", endless));
    }
    let validator = jsonschema::validator_for(schema).map_err(|_| wrong())?;
    if !is_object {
        return Err(InvalidFields::one("response_schema", "format", "must have the type object in its root"));
    }
    if let Some(keyword) = contradiction::contradiction(schema) {
        let why = format!("nothing can match it: see {keyword}");
        return Err(InvalidFields::one("response_schema", "unsatisfiable", why));
    }
    Ok(Arc::new(move |text: &str| {
        let value: Value =
            serde_json::from_str(unfenced(text)).map_err(|_| vec!["the answer is not JSON".to_owned()])?;
        let faults = schema_faults(&validator, &value);
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }))
}

/// The faults of a value: paths and keywords only, because a message could quote the tenant.
pub fn schema_faults(validator: &jsonschema::Validator, value: &Value) -> CompletionFaults {
    validator
        .iter_errors(value)
        .take(MOST_FAULTS)
        .map(|error| format!("{} does not match {}", error.instance_path(), error.schema_path()))
        .collect()
}

/// The JSON of a completion without the Markdown fence that models often put around it.
pub fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```json").or_else(|| text.strip_prefix("```"));
    inner.and_then(|inner| inner.strip_suffix("```")).unwrap_or(text).trim()
}
