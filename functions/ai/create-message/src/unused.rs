//! Fields of Anthropic's format that Sextant does not have. Null counts as left out.

use contracts::anthropic::THREAD_UNSUPPORTED;
use domain::field::FieldChecks;
use domain::further_fields::{FieldUse, judge_fields};
use serde_json::{Map, Value, json};

/// Adds the fields of a request that can't be ignored.
pub(crate) fn of_request(fields: &Map<String, Value>, check: &mut FieldChecks) {
    if fields.get("thread").is_some_and(|thread| !thread.is_null()) {
        check.wrong("thread", THREAD_UNSUPPORTED, "is not supported: send the whole conversation without it");
    }
    judge_fields(fields, check, "", |name, value| match name {
        // A mark of Anthropic's prompt cache, and who asks.
        "cache_control" | "diagnostics" | "user_profile_id" => FieldUse::Nothing,
        // It is judged above.
        "thread" => FieldUse::Nothing,
        "service_tier" => FieldUse::only(value, &[json!("auto"), json!("standard_only")]),
        "speed" => FieldUse::only(value, &[json!("standard")]),
        "mcp_servers" => FieldUse::only(value, &[json!([])]),
        "top_k" if !value.is_null() => FieldUse::Refused("is not supported: use top_p or temperature"),
        "top_k" | "container" | "inference_geo" => FieldUse::only(value, &[]),
        _ => FieldUse::Unknown,
    });
}

/// Adds the members of a tool that can't be ignored.
pub(crate) fn of_tool(members: &Map<String, Value>, before: &str, check: &mut FieldChecks) {
    judge_fields(members, check, before, |name, value| match name {
        // Marks of Anthropic's prompt cache, and the sizes of the pieces in which arguments are streamed. A tool that the
        // model may look for later is given to it at once.
        "cache_control" | "eager_input_streaming" | "defer_loading" => FieldUse::Nothing,
        "allowed_callers" => FieldUse::only(value, &[json!(["direct"])]),
        _ => FieldUse::Unknown,
    });
}

/// Adds all of these members.
pub(crate) fn refuse_all(members: &Map<String, Value>, before: &str, check: &mut FieldChecks) {
    judge_fields(members, check, before, |_, _| FieldUse::Unknown);
}
