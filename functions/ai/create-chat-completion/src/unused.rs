//! Fields of OpenAI's that are not ours. Null is as good as left out; what changes nothing about an answer is taken and left
//! alone; what would change it is refused by name, and so is what OpenAI does not know either.

use domain::field::Check;
use serde_json::{Map, Value, json};

/// Characters of an unknown name that are repeated.
const LONGEST_NAME: usize = 64;

/// Whether what a field holds changes nothing.
enum Use {
    Nothing,
    Something,
    Unknown,
}

/// Notes the fields of a request that can't be left alone.
pub(crate) fn of_request(fields: &Map<String, Value>, check: &mut Check) {
    judge(fields, check, "", |name, value| match name {
        "prompt_cache_key"
        | "prompt_cache_retention"
        | "safety_identifier"
        | "prediction"
        // No model of the registry thinks before it answers.
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

/// Notes the fields of the turn at this place that can't be left alone.
pub(crate) fn of_turn(fields: &Map<String, Value>, check: &mut Check, at: usize) {
    judge(fields, check, &format!("messages.{at}."), |name, value| match name {
        // What clients add to an answer that they send back: sources of its text, and its text as an object.
        "annotations" | "parsed" => Use::Nothing,
        "tool_calls" => only(value, &[json!([])]),
        "function_call" | "audio" | "tool_call_id" => only(value, &[]),
        _ => Use::Unknown,
    });
}

fn only(value: &Value, harmless: &[Value]) -> Use {
    if value.is_null() || harmless.contains(value) { Use::Nothing } else { Use::Something }
}

fn judge(fields: &Map<String, Value>, check: &mut Check, before: &str, what: impl Fn(&str, &Value) -> Use) {
    for (name, value) in fields {
        match what(name, value) {
            Use::Nothing => {}
            Use::Something => check.wrong(&format!("{before}{name}"), "unsupported", "is not supported"),
            Use::Unknown => {
                // The caller's own words: cut, and freed from what is no text.
                let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
                check.wrong(&format!("{before}{name}"), "unknown", "is not a field of this body");
            }
        }
    }
}
