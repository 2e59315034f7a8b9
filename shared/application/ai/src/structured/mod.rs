//! Completions that must match a JSON Schema: they are checked as they are, and nothing in them is clamped or filled
//! in.

mod contradiction;
mod fence;
mod references;

pub(super) use fence::Unfencing;

use super::ask::{CompletionCheck, CompletionFaults};
use domain::field::InvalidFields;
use jsonschema::PatternOptions;
use serde_json::Value;
use std::sync::Arc;

/// The most faults that are told to a model at once.
const MOST_FAULTS: usize = 10;

/// The most patterns of a schema. Each is compiled for each request.
const MOST_PATTERNS: usize = 50;
/// The most bytes of all compiled patterns of a schema together. It bounds their memory, and the time that they take for
/// each letter of a completion. The default of 10 MiB for each would let one schema take all memory of a function.
const LARGEST_PATTERNS: usize = 2 * 1024 * 1024;

const NOT_A_SCHEMA: &str = "must be a JSON Schema without outside references, whose patterns are short and have neither \
                            look-around nor back-references";

/// Keywords that no provider accepts at a schema's root.
const ROOT_CHOICES: [&str; 4] = ["$ref", "anyOf", "oneOf", "allOf"];

/// A check of completions against the schema in this field. The schema may refer only to itself.
pub(super) fn schema_check(field: &str, schema: &Value) -> Result<CompletionCheck, InvalidFields> {
    let validator = validator(field, schema)?;
    Ok(Arc::new(move |text: &str| {
        let value: Value =
            serde_json::from_str(unfenced(text)).map_err(|_| vec!["the answer is not JSON".to_owned()])?;
        let faults = schema_faults(&validator, &value);
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }))
}

/// The validator of the schema in this field. A schema that takes too much time or memory, or that nothing can match, is
/// refused.
pub(super) fn validator(field: &str, schema: &Value) -> Result<jsonschema::Validator, InvalidFields> {
    let wrong = |message: String| InvalidFields::one(field, "format", message);
    // Claude and Nova accept only an object as the input of a forced tool, without choice or reference at its root, and
    // so do OpenAI's own models.
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    if let Some(choice) = ROOT_CHOICES.iter().find(|choice| schema.get(**choice).is_some()) {
        return Err(wrong(format!("must not have {choice} in its root")));
    }
    if let Some(endless) = references::endless(schema) {
        return Err(wrong(endless));
    }
    let count = patterns(schema);
    if count > MOST_PATTERNS {
        return Err(wrong(format!("must not have more than {MOST_PATTERNS} patterns")));
    }
    // This engine takes time in proportion to the text and to the pattern. The one with look-around can be made to take
    // minutes, in which the function answers nobody.
    let linear = PatternOptions::regex().size_limit(LARGEST_PATTERNS / count.max(1));
    let validator = jsonschema::options()
        .with_pattern_options(linear)
        .build(schema)
        .map_err(|_| wrong(NOT_A_SCHEMA.to_owned()))?;
    if !is_object {
        return Err(wrong("must have the type object in its root".to_owned()));
    }
    if let Some(keyword) = contradiction::contradiction(schema) {
        let why = format!("nothing can match it: see {keyword}");
        return Err(InvalidFields::one(field, "unsatisfiable", why));
    }
    Ok(validator)
}

/// The number of regular expressions in a schema. Members that only have the name of a keyword count too.
fn patterns(schema: &Value) -> usize {
    match schema {
        Value::Object(members) => {
            let own = usize::from(members.get("pattern").is_some_and(Value::is_string));
            let named =
                members.get("patternProperties").and_then(Value::as_object).map_or(0, |named| named.len());
            own + named + members.values().map(patterns).sum::<usize>()
        }
        Value::Array(parts) => parts.iter().map(patterns).sum(),
        _ => 0,
    }
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

#[cfg(test)]
mod tests {
    use domain::field::InvalidFields;
    use serde_json::{Map, Value, json};
    use std::time::{Duration, Instant};

    fn with(member: &Value) -> Value {
        json!({"type": "object", "properties": {"a": member}})
    }

    fn schema_check(schema: &Value) -> Result<super::CompletionCheck, InvalidFields> {
        super::schema_check("response_schema", schema)
    }

    fn is_refused(schema: &Value) -> bool {
        schema_check(schema).is_err()
    }

    /// While a schema is compiled or a text is matched, nothing can stop the function at its deadline.
    #[test]
    fn patterns_take_little_time_whatever_they_say() {
        let began = Instant::now();
        assert!(is_refused(&with(&json!({"pattern": "^(?=a)(a|a)*(?!b)c$"}))));
        assert!(is_refused(&with(&json!({"pattern": "(a)\\1"}))));
        assert!(is_refused(&with(&json!({"pattern": "\\p{L}{5000}"}))));
        let named = |many: usize| -> Map<String, Value> {
            (0..many).map(|at| (format!("(a|a)*c{at}$"), json!({"type": "string"}))).collect()
        };
        assert!(is_refused(&with(&json!({"patternProperties": named(51)}))));
        let many: Vec<Value> = (0..51).map(|at| json!({"pattern": format!("(a|a)*c{at}$")})).collect();
        assert!(is_refused(&with(&json!({"anyOf": many}))));
        let check = schema_check(&with(&json!({"anyOf": many[..50]}))).unwrap();
        assert!(check(&json!({"a": "a".repeat(10_000)}).to_string()).is_err());
        check(&json!({"a": "aac7"}).to_string()).unwrap();
        assert!(!is_refused(&with(&json!({"patternProperties": named(50)}))));
        // Together they are as large as one may be.
        let large: Vec<Value> =
            (0..50).map(|at| json!({"pattern": format!("[01]*1[01]{{2000}}x{at}")})).collect();
        assert!(is_refused(&with(&json!({"anyOf": large}))));
        let one = schema_check(&with(&json!({"pattern": "[01]*1[01]{2000}x"}))).unwrap();
        assert!(one(&json!({"a": "01".repeat(5_000)}).to_string()).is_err());
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn usual_patterns_are_taken() {
        for pattern in
            [r"^[A-Z]{2}$", r"^\d{4}-\d{2}-\d{2}$", r"^[\w.+-]{1,64}@[\w-]+\.[a-z]{2,}$", r"^(?:low|high)$"]
        {
            assert!(!is_refused(&with(&json!({"pattern": pattern}))), "{pattern}");
        }
    }
}
