//! Turns OpenAI's request into a prompt. An unsupported field that would change the answer is refused by name.

use super::names::{Names, TurnForm, TurnPlace};
use super::turns::{self, ReadTurn};
use super::{tools, unused};
use crate::{NamedEndUser, RequestFiles};
use application_ai::{AUTO, CompletionRequest};
use application_core::model_answer::CacheControl;
use contracts::openai::{ChatReasoningEffort, ChatRequest, ResponseFormat, Stop};
use domain::InvalidFields;
use domain::field::{FieldChecks, all_of};
use ports::{Message, ReasoningEffort, Role};
use serde_json::{Value, json};

/// The most characters of a label.
const LONGEST_LABEL: usize = 512;
/// The most characters of a refusal.
const LONGEST_REFUSAL: usize = 100_000;

/// The prompt of a request, and the wrong fields among those that only OpenAI's format has.
pub fn read(
    body: ChatRequest,
    cache: CacheControl,
    files: &mut RequestFiles,
) -> (CompletionRequest, Names, Result<(), InvalidFields>) {
    let refused = refuse(&body);
    let (output_schema, refused) = match body.response_format.clone().map(schema).transpose() {
        Ok(schema) => (schema.flatten(), refused),
        Err(wrong) => (None, all_of(refused, Err(wrong))),
    };
    let newer = body.max_completion_tokens.is_some();
    let max_tokens = if newer { "max_completion_tokens" } else { "max_tokens" };
    let mut check = FieldChecks::default();
    let newer_user = ("safety_identifier", body.safety_identifier.as_deref());
    let user = NamedEndUser::of(newer_user, ("user", body.user.as_deref()), &mut check);
    let mut names = Names { max_tokens, user: user.field, ..Names::default() };
    let mut system = Vec::new();
    let mut messages = Vec::new();
    for (at, message) in body.messages.into_iter().enumerate() {
        match turns::read(message, at, files, &mut check) {
            ReadTurn::Instructions(text) => {
                names.instructions.get_or_insert(at);
                system.push(text);
            }
            ReadTurn::Turn(message, place) => {
                names.turns.push(place);
                messages.push(message);
            }
            ReadTurn::Nothing => {}
        }
    }
    let tools = tools::read(body.tools, body.tool_choice, body.parallel_tool_calls, &mut check);
    let mut system = system.join("\n\n");
    // Providers need a user's turn, so instructions alone become the user's turn.
    if let (true, Some(place)) = (messages.is_empty(), names.instructions) {
        names.turns.push(TurnPlace { place, reasoning: 0, form: TurnForm::Text });
        messages.push(Message::text(Role::User, std::mem::take(&mut system)));
    }
    (names.custom_tools, names.custom_places) = (tools.custom, tools.custom_places);
    let asked = CompletionRequest {
        model: Some(body.model).filter(|model| model != AUTO),
        system,
        messages,
        tools: tools.set,
        allowed_tools: tools.allowed,
        reasoning_effort: body.reasoning_effort.and_then(reasoning_effort),
        output_schema,
        max_tokens: body.max_completion_tokens.or(body.max_tokens),
        temperature: body.temperature,
        top_p: body.top_p,
        stop: match body.stop {
            None => Vec::new(),
            Some(Stop::One(stop)) => vec![stop],
            Some(Stop::Several(stops)) => stops,
        },
        cache,
        user: user.name,
    };
    (asked, names, all_of(refused, check.finish(())))
}

/// The use case's word for an effort in OpenAI's formats; `None` for no reasoning.
pub fn reasoning_effort(effort: ChatReasoningEffort) -> Option<ReasoningEffort> {
    match effort {
        ChatReasoningEffort::None => None,
        ChatReasoningEffort::Minimal => Some(ReasoningEffort::Minimal),
        ChatReasoningEffort::Low => Some(ReasoningEffort::Low),
        ChatReasoningEffort::Medium => Some(ReasoningEffort::Medium),
        ChatReasoningEffort::High | ChatReasoningEffort::Xhigh | ChatReasoningEffort::Max => {
            Some(ReasoningEffort::High)
        }
    }
}

fn refuse(body: &ChatRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    if body.n.is_some_and(|n| n != 1) {
        check.wrong("n", "range", "must be 1");
    }
    let penalties =
        [("presence_penalty", body.presence_penalty), ("frequency_penalty", body.frequency_penalty)];
    // A hint that Claude, Nova and many servers do not take. Clients such as browser-use send one by default.
    for (field, penalty) in penalties {
        if penalty.is_some_and(|penalty| !(-2.0..=2.0).contains(&penalty)) {
            check.wrong(field, "range", "must be -2 to 2");
        }
    }
    if body.logprobs == Some(true) {
        check.wrong("logprobs", "unsupported", "are not supported");
    }
    for (at, message) in body.messages.iter().enumerate() {
        if let Some(name) = &message.name {
            check.verbatim(&format!("messages.{at}.name"), name, LONGEST_LABEL);
        }
        if let Some(refusal) = &message.refusal {
            check.verbatim(&format!("messages.{at}.refusal"), refusal, LONGEST_REFUSAL);
        }
        unused::of_turn(message, &mut check, at);
    }
    unused::of_request(&body.rest, &mut check);
    check.finish(())
}

fn schema(format: ResponseFormat) -> Result<Option<Value>, InvalidFields> {
    match format {
        ResponseFormat::Text => Ok(None),
        ResponseFormat::JsonObject => Ok(Some(json!({"type": "object"}))),
        ResponseFormat::JsonSchema { json_schema } => match json_schema.schema {
            Some(schema) => Ok(Some(schema)),
            None => {
                Err(InvalidFields::one("response_format.json_schema.schema", "required", "must be given"))
            }
        },
    }
}
