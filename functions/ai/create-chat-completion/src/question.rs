//! From OpenAI's request to a question. What would change the answer and can't be had is refused by name.

use application::ai::{CacheControl, CompletionRequest};
use application::ports::{Message, Role};
use contracts::openai::{ChatRequest, ChatRole, ResponseFormat, Stop};
use domain::Invalid;
use domain::field::Check;
use edge::Problem;
use serde_json::{Value, json};

/// Characters of the longest label.
const LONGEST_LABEL: usize = 512;
/// What names the environment's chain instead of a model.
const AUTO: &str = "auto";

pub(crate) fn read(body: ChatRequest, cache: CacheControl) -> Result<CompletionRequest, Problem> {
    refuse(&body)?;
    let mut system = Vec::new();
    let mut messages = Vec::new();
    for message in body.messages {
        let text = message.content.into_text();
        match message.role {
            ChatRole::System | ChatRole::Developer => system.push(text),
            ChatRole::User => messages.push(Message { role: Role::User, text }),
            ChatRole::Assistant => messages.push(Message { role: Role::Assistant, text }),
        }
    }
    Ok(CompletionRequest {
        model: Some(body.model).filter(|model| model != AUTO),
        system: system.join("\n\n"),
        messages,
        output_schema: body.response_format.map(schema).transpose()?.flatten(),
        max_tokens: body.max_completion_tokens.or(body.max_tokens),
        temperature: body.temperature,
        top_p: body.top_p,
        stop: match body.stop {
            None => Vec::new(),
            Some(Stop::One(stop)) => vec![stop],
            Some(Stop::Several(stops)) => stops,
        },
        cache,
    })
}

fn refuse(body: &ChatRequest) -> Result<(), Invalid> {
    let mut check = Check::default();
    if body.n.is_some_and(|n| n != 1) {
        check.wrong("n", "range", "must be 1");
    }
    if body.max_completion_tokens == Some(0) {
        check.wrong("max_completion_tokens", "range", "must be at least 1");
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
    }
    check.finish(())
}

fn schema(format: ResponseFormat) -> Result<Option<Value>, Invalid> {
    match format {
        ResponseFormat::Text => Ok(None),
        ResponseFormat::JsonObject => Ok(Some(json!({"type": "object"}))),
        ResponseFormat::JsonSchema { json_schema } => match json_schema.schema {
            Some(schema) => Ok(Some(schema)),
            None => Err(Invalid::one("response_format.json_schema.schema", "required", "must be given")),
        },
    }
}
