//! Fields of OpenAI's format that Sextant does not have. Null counts as left out.

use crate::items::is_of_model;
use contracts::openai::responses::{InputItem, InputRole, ResponseRequest};
use domain::field::FieldChecks;
use domain::further_fields::{FieldUse, judge_fields};
use serde_json::{Map, Value, json};
use wiring_ai::{SERVICE_TIERS, VERBOSITIES};

/// The way out for callers whose conversation is stored at OpenAI.
const SEND_THE_HISTORY: &str = "must be left out: no answers are stored; send the whole history as `input`, for which clients have `store` false";
/// Parts of an answer that may be asked for: those of hosted tools, which are never there, and the encrypted content of
/// reasoning, which is there always.
const KNOWN_PARTS: [&str; 9] = [
    "reasoning.encrypted_content",
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "image_generation_call.result",
    "mcp_call.output",
    "message.input_image.image_url",
];

/// Adds the fields of a request that can't be ignored.
pub(crate) fn of_request(body: &ResponseRequest, check: &mut FieldChecks) {
    if body.background == Some(true) {
        let way_out =
            "must be false or left out: answers are sent as they are made; `stream` has their parts at once";
        check.wrong("background", "unsupported", way_out);
    }
    for (at, part) in body.include.iter().flatten().enumerate() {
        if !KNOWN_PARTS.contains(&part.as_str()) {
            check.wrong(&format!("include.{at}"), "unsupported", "is not supported");
        }
    }
    judge_fields(&body.rest, check, "", |name, value| match name {
        "prompt_cache_key"
        | "prompt_cache_retention"
        | "prompt_cache_options"
        // It is for OpenAI's own records.
        | "client_metadata"
        // It limits the calls of hosted tools.
        | "max_tool_calls" => FieldUse::Nothing,
        "previous_response_id" | "conversation" if !value.is_null() => FieldUse::Refused(SEND_THE_HISTORY),
        "prompt" if !value.is_null() => FieldUse::Refused(
            "must be left out: no prompts are stored; send its text as `instructions` and `input`",
        ),
        "previous_response_id" | "conversation" | "prompt" => FieldUse::Nothing,
        "truncation" if *value == "auto" => {
            FieldUse::Refused("must be disabled or left out: leave out the first items of `input` instead")
        }
        "truncation" => FieldUse::only(value, &[json!("disabled")]),
        "service_tier" => FieldUse::only(value, &SERVICE_TIERS.map(Value::from)),
        "top_logprobs" => FieldUse::only(value, &[json!(0)]),
        "context_management" => FieldUse::only(value, &[json!([])]),
        "moderation" | "access_programs" | "background_options" | "image" => FieldUse::only(value, &[]),
        _ => FieldUse::Unknown,
    });
    if let Some(text) = &body.text {
        judge_fields(&text.rest, check, "text.", |name, value| match name {
            "verbosity" => FieldUse::only(value, &VERBOSITIES.map(Value::from)),
            _ => FieldUse::Unknown,
        });
    }
    if let Some(reasoning) = &body.reasoning {
        judge_fields(&reasoning.rest, check, "reasoning.", |name, value| match name {
            "generate_summary" => FieldUse::Nothing,
            // It says how much of the reasoning in the history the model gets.
            "context" => FieldUse::only(value, &[json!("auto"), json!("current_turn"), json!("all_turns")]),
            "mode" => FieldUse::only(value, &[json!("standard")]),
            _ => FieldUse::Unknown,
        });
    }
}

/// Adds the members of the item with this name that can't be ignored. Clients send back the items that they got: in
/// those of the model, members of other providers are left alone.
pub(crate) fn of_item(item: &InputItem, check: &mut FieldChecks, name: &str) {
    let kind = item.kind.as_deref().unwrap_or("message");
    if matches!(kind, "function_call" | "custom_tool_call")
        || item.role == Some(InputRole::Assistant)
        || is_of_model(kind)
    {
        return;
    }
    judge_fields(&item.rest, check, &format!("{name}."), |member, _| match member {
        // `caller` and `namespace` come from calls of hosted programs; `cache_control` is a mark of other providers.
        "id" | "status" | "phase" | "caller" | "namespace" | "created_by" | "cache_control" => {
            FieldUse::Nothing
        }
        _ if matches!(kind, "message" | "function_call_output" | "custom_tool_call_output") => {
            FieldUse::Unknown
        }
        // An item of a kind that is refused.
        _ => FieldUse::Nothing,
    });
}

/// Adds the members of the function with this name that can't be ignored.
pub(crate) fn of_tool(members: &Map<String, Value>, check: &mut FieldChecks, name: &str) {
    judge_fields(members, check, &format!("{name}."), |member, value| match member {
        // Without a search for tools, the model gets deferred tools at once.
        "output_schema" | "cache_control" | "defer_loading" => FieldUse::Nothing,
        "async" => FieldUse::only(value, &[json!(false)]),
        "allowed_callers" if value.as_array().is_some_and(|callers| callers.contains(&json!("direct"))) => {
            FieldUse::Nothing
        }
        "allowed_callers" => FieldUse::only(value, &[]),
        _ => FieldUse::Unknown,
    });
}
