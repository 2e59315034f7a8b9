//! Fields of Anthropic's format that Sextant does not have. A field that changes nothing about an answer is accepted and
//! ignored. A field that would change it is refused by name, and so is a field that Anthropic's format does not have.

use domain::field::FieldChecks;
use serde_json::{Map, Value, json};

/// The most characters of an unknown name that are repeated.
const LONGEST_NAME: usize = 64;

/// Adds the fields of a request that can't be ignored.
pub(crate) fn of_request(fields: &Map<String, Value>, check: &mut FieldChecks) {
    for (name, value) in fields {
        let harmless: &[Value] = match name.as_str() {
            // A mark of Anthropic's prompt cache, and who asks.
            "cache_control" | "diagnostics" | "user_profile_id" => continue,
            "service_tier" => &[json!("auto"), json!("standard_only")],
            "speed" => &[json!("standard")],
            "mcp_servers" => &[json!([])],
            "top_k" => {
                if !value.is_null() {
                    check.wrong("top_k", "unsupported", "is not supported: use top_p or temperature");
                }
                continue;
            }
            "container" | "context_management" | "inference_geo" => &[],
            _ => {
                unknown(name, "", check);
                continue;
            }
        };
        if !value.is_null() && !harmless.contains(value) {
            check.wrong(name, "unsupported", "is not supported");
        }
    }
}

/// Adds the members of a tool that can't be ignored.
pub(crate) fn of_tool(members: &Map<String, Value>, before: &str, check: &mut FieldChecks) {
    for (name, value) in members {
        let harmless: &[Value] = match name.as_str() {
            // Marks of Anthropic's prompt cache, and the sizes of the pieces in which arguments are streamed.
            "cache_control" | "eager_input_streaming" => continue,
            "allowed_callers" => &[json!(["direct"])],
            "defer_loading" => &[json!(false)],
            "input_examples" => &[json!([])],
            _ => {
                unknown(name, before, check);
                continue;
            }
        };
        if !value.is_null() && !harmless.contains(value) {
            check.wrong(&format!("{before}{name}"), "unsupported", "is not supported");
        }
    }
}

/// Adds all of these members.
pub(crate) fn refuse_all(members: &Map<String, Value>, before: &str, check: &mut FieldChecks) {
    members.keys().for_each(|name| unknown(name, before, check));
}

fn unknown(name: &str, before: &str, check: &mut FieldChecks) {
    check.wrong(&format!("{before}{}", printable(name)), "unknown", "is not a field of this body");
}

/// A name that the caller chose, cut, and without characters that are not printable.
pub(crate) fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}
