//! Turns OpenAI's request into a prompt. An unsupported field that would change the answer is refused by name.

use crate::names::Names;
use crate::unused;
use application_ai::CompletionRequest;
use application_core::model_answer::CacheControl;
use contracts::openai::{ChatRequest, ChatRole, Content, ResponseFormat, Stop};
use domain::InvalidFields;
use domain::field::{FieldChecks, all_of};
use ports::{Message, Role};
use serde_json::{Value, json};

/// The most characters of a label.
const LONGEST_LABEL: usize = 512;
/// The most characters of a refusal.
const LONGEST_REFUSAL: usize = 100_000;
/// The model name that stands for the chain.
const AUTO: &str = "auto";

/// The prompt of a request, and the wrong fields among those that only OpenAI's format has.
pub(crate) fn read(
    body: ChatRequest,
    cache: CacheControl,
) -> (CompletionRequest, Names, Result<(), InvalidFields>) {
    let refused = refuse(&body);
    let (output_schema, refused) = match body.response_format.clone().map(schema).transpose() {
        Ok(schema) => (schema.flatten(), refused),
        Err(wrong) => (None, all_of(refused, Err(wrong))),
    };
    let newer = body.max_completion_tokens.is_some();
    let max_tokens = if newer { "max_completion_tokens" } else { "max_tokens" };
    let mut names = Names { instructions: None, turns: Vec::new(), max_tokens };
    let mut system = Vec::new();
    let mut messages = Vec::new();
    for (at, message) in body.messages.into_iter().enumerate() {
        let said = message.content.map(Content::into_text).filter(|text| !text.is_empty());
        let text = said.or(message.refusal).unwrap_or_default();
        let role = match message.role {
            ChatRole::System | ChatRole::Developer => {
                names.instructions.get_or_insert(at);
                system.push(text);
                continue;
            }
            // An empty turn of the model changes nothing.
            ChatRole::Assistant if text.trim().is_empty() => continue,
            ChatRole::User => Role::User,
            ChatRole::Assistant => Role::Assistant,
        };
        names.turns.push(at);
        messages.push(Message { role, text });
    }
    let mut system = system.join("\n\n");
    // Providers need a user's turn, so instructions alone become the user's turn.
    if let (true, Some(at)) = (messages.is_empty(), names.instructions) {
        names.turns.push(at);
        messages.push(Message { role: Role::User, text: std::mem::take(&mut system) });
    }
    let asked = CompletionRequest {
        model: Some(body.model).filter(|model| model != AUTO),
        system,
        messages,
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
    };
    (asked, names, refused)
}

fn refuse(body: &ChatRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    if body.n.is_some_and(|n| n != 1) {
        check.wrong("n", "range", "must be 1");
    }
    if body.tools.as_ref().is_some_and(|tools| !tools.is_empty()) {
        check.wrong("tools", "unsupported", "are not supported");
    }
    let penalties =
        [("presence_penalty", body.presence_penalty), ("frequency_penalty", body.frequency_penalty)];
    for (field, penalty) in penalties {
        if penalty.is_some_and(|penalty| penalty != 0.0) {
            check.wrong(field, "unsupported", "must be 0");
        }
    }
    if body.logprobs == Some(true) {
        check.wrong("logprobs", "unsupported", "are not supported");
    }
    if let Some(user) = &body.user {
        check.verbatim("user", user, LONGEST_LABEL);
    }
    for (at, message) in body.messages.iter().enumerate() {
        if let Some(name) = &message.name {
            check.verbatim(&format!("messages.{at}.name"), name, LONGEST_LABEL);
        }
        if let Some(refusal) = &message.refusal {
            check.verbatim(&format!("messages.{at}.refusal"), refusal, LONGEST_REFUSAL);
        }
        unused::of_turn(&message.rest, &mut check, at);
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
