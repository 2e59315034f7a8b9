//! Fields of OpenAI's format that Sextant does not have. Null counts as left out.

use crate::{SERVICE_TIERS, VERBOSITIES};
use contracts::openai::{ChatMessage, ChatRole};
use domain::field::FieldChecks;
use domain::further_fields::{FieldUse, judge_fields};
use serde_json::{Map, Value, json};

/// Adds the fields of a request that can't be ignored.
pub(super) fn of_request(fields: &Map<String, Value>, check: &mut FieldChecks) {
    judge_fields(fields, check, "", |name, value| match name {
        "prompt_cache_key" | "prompt_cache_retention" | "prompt_cache_options" | "prediction" => {
            FieldUse::Nothing
        }
        "service_tier" => FieldUse::only(value, &SERVICE_TIERS.map(Value::from)),
        "verbosity" => FieldUse::only(value, &VERBOSITIES.map(Value::from)),
        "modalities" => FieldUse::only(value, &[json!(["text"])]),
        "logit_bias" => FieldUse::only(value, &[json!({})]),
        "top_logprobs" => FieldUse::only(value, &[json!(0)]),
        "functions" => FieldUse::only(value, &[json!([])]),
        "function_call" => FieldUse::only(value, &[json!("none"), json!("auto")]),
        "audio" | "moderation" | "web_search_options" => FieldUse::only(value, &[]),
        _ => FieldUse::Unknown,
    });
}

/// Adds the fields of the turn at this place that can't be ignored. Clients send back the answers that they got, also
/// those of other providers with members of their own, such as `reasoning_content` and `provider_specific_fields`: in
/// turns of the model they are left alone, but for `thinking_blocks`.
pub(super) fn of_turn(message: &ChatMessage, check: &mut FieldChecks, at: usize) {
    let of_model = message.role == ChatRole::Assistant;
    judge_fields(&message.rest, check, &format!("messages.{at}."), |name, value| match name {
        "function_call" | "audio" => FieldUse::only(value, &[]),
        // A mark of other providers' prompt caches.
        "cache_control" => FieldUse::Nothing,
        _ if of_model => FieldUse::Nothing,
        _ => FieldUse::Unknown,
    });
}
