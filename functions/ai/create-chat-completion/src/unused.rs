//! Fields of OpenAI's format that Sextant does not have. Null counts as left out. A field that changes nothing about an
//! answer is accepted and ignored. A field that would change it is refused by name, and so is a field that OpenAI's
//! format does not have.

use domain::field::FieldChecks;
use serde_json::{Map, Value, json};

/// The most characters of an unknown name that are repeated.
const LONGEST_NAME: usize = 64;

/// Whether the value of a field changes nothing.
enum Use {
    Nothing,
    Something,
    Unknown,
}

/// Adds the fields of a request that can't be ignored.
pub(crate) fn of_request(fields: &Map<String, Value>, check: &mut FieldChecks) {
    judge(fields, check, "", |name, value| match name {
        "prompt_cache_key"
        | "prompt_cache_retention"
        | "safety_identifier"
        | "prediction"
        // No model of the registry reasons before it answers.
        | "reasoning_effort" => Use::Nothing,
        "service_tier" => only(value, &[json!("auto"), json!("default")]),
        "verbosity" => only(value, &[json!("medium")]),
        "modalities" => only(value, &[json!(["text"])]),
        "logit_bias" => only(value, &[json!({})]),
        "top_logprobs" => only(value, &[json!(0)]),
        "functions" => only(value, &[json!([])]),
        "function_call" => only(value, &[json!("none"), json!("auto")]),
        "audio" | "web_search_options" => only(value, &[]),
        _ => Use::Unknown,
    });
}

/// Adds the fields of the turn at this place that can't be ignored.
pub(crate) fn of_turn(fields: &Map<String, Value>, check: &mut FieldChecks, at: usize) {
    judge(fields, check, &format!("messages.{at}."), |name, value| match name {
        // Fields that clients add to an answer that they send back: sources of its text, and its text as an object.
        "annotations" | "parsed" => Use::Nothing,
        "tool_calls" => only(value, &[json!([])]),
        "function_call" | "audio" | "tool_call_id" => only(value, &[]),
        _ => Use::Unknown,
    });
}

fn only(value: &Value, harmless: &[Value]) -> Use {
    if value.is_null() || harmless.contains(value) { Use::Nothing } else { Use::Something }
}

fn judge(
    fields: &Map<String, Value>,
    check: &mut FieldChecks,
    before: &str,
    what: impl Fn(&str, &Value) -> Use,
) {
    for (name, value) in fields {
        match what(name, value) {
            Use::Nothing => {}
            Use::Something => check.wrong(&format!("{before}{name}"), "unsupported", "is not supported"),
            Use::Unknown => {
                // The caller's text is cut, and characters that are not printable are removed.
                let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
                check.wrong(&format!("{before}{name}"), "unknown", "is not a field of this body");
            }
        }
    }
}
