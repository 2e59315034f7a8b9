//! Turns a request in Anthropic's format into a prompt.

use crate::names::{Names, TurnPlace};
use crate::turns::{self, ReadTurn};
use crate::{context_management, reasoning, tools, unused};
use application_ai::{AUTO, CompletionRequest};
use application_core::model_answer::CacheControl;
use contracts::anthropic::{
    AppliedContextEdits, InputContent, JsonOutputFormat, MessageRequest, MessageTool,
};
use domain::InvalidFields;
use domain::ai::PromptSize;
use domain::field::FieldChecks;
use ports::{Message, Role};
use serde_json::Value;
use wiring_ai::RequestFiles;

/// A request that was read.
pub(crate) struct ReadMessage {
    /// The prompt.
    pub(crate) request: CompletionRequest,
    pub(crate) names: Names,
    /// The edits of the conversation, if the request asks for any.
    pub(crate) edits: Option<AppliedContextEdits>,
    /// The wrong fields among those that only Anthropic's format has.
    pub(crate) refused: Result<(), InvalidFields>,
}

/// Reads a request.
pub(crate) fn read(mut body: MessageRequest, cache: CacheControl, files: &mut RequestFiles) -> ReadMessage {
    let mut check = FieldChecks::default();
    let edits = edited(&mut body, &mut check);
    unused::of_request(&body.rest, &mut check);
    if body.temperature.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
        check.wrong("temperature", "range", "must be 0 to 1");
    }
    let output = body.output_config.unwrap_or_default();
    unused::refuse_all(&output.rest, "output_config.", &mut check);
    let (schema, format) = match output.format {
        Some(format) => ("output_config.format.schema", Some(format)),
        None => ("output_format.schema", body.output_format),
    };
    let system = body.system.map(|system| turns::read_system(system, files, &mut check));
    let mut names = Names { instructions: None, turns: Vec::new(), schema };
    let mut instructions: Vec<String> = system.into_iter().collect();
    let names_system = !instructions.is_empty();
    let mut messages = Vec::new();
    for (place, turn) in body.messages.into_iter().enumerate() {
        match turns::read(turn, place, files, &mut check) {
            ReadTurn::Instructions(text) => {
                if !names_system {
                    names.instructions.get_or_insert(place);
                }
                instructions.push(text);
            }
            ReadTurn::Turn { message, is_text } => {
                names.turns.push(TurnPlace { place, is_text });
                messages.push(message);
            }
            ReadTurn::Nothing => {}
        }
    }
    let mut system = instructions.join("\n\n");
    // Providers need a user's turn, so turns with instructions alone become the user's turn.
    if let (true, Some(place)) = (messages.is_empty(), names.instructions) {
        names.turns.push(TurnPlace { place, is_text: true });
        messages.push(Message::text(Role::User, std::mem::take(&mut system)));
    }
    let asked = CompletionRequest {
        model: Some(body.model).filter(|model| model != AUTO),
        system,
        messages,
        tools: tools::read(body.tools, body.tool_choice, &mut check),
        allowed_tools: None,
        reasoning_effort: reasoning::read(body.thinking, output.effort, body.max_tokens, &mut check),
        output_schema: format.map(|JsonOutputFormat { kind: _, schema }| schema),
        max_tokens: Some(body.max_tokens),
        temperature: body.temperature,
        top_p: body.top_p,
        stop: body.stop_sequences.unwrap_or_default(),
        cache,
        user: end_user(body.metadata, &mut check),
    };
    ReadMessage { request: asked, names, edits, refused: check.finish(()) }
}

/// Makes the edits of the conversation that the request asks for.
fn edited(body: &mut MessageRequest, check: &mut FieldChecks) -> Option<AppliedContextEdits> {
    let asked = body.rest.remove("context_management");
    let system = body.system.as_ref().map(InputContent::size).unwrap_or_default().in_turn();
    let tools: PromptSize = body.tools.iter().flatten().map(MessageTool::size).sum();
    let format = body.output_config.as_ref().and_then(|config| config.format.as_ref());
    let format = format.or(body.output_format.as_ref()).map(JsonOutputFormat::size).unwrap_or_default();
    context_management::edit(asked, &mut body.messages, system + tools + format, check)
}

/// The end user whom the caller names. Everything else in `metadata` is ignored.
fn end_user(metadata: Option<Value>, check: &mut FieldChecks) -> Option<String> {
    match metadata?.get_mut("user_id")?.take() {
        Value::Null => None,
        Value::String(user) => Some(user),
        _ => {
            check.wrong("metadata.user_id", "type", "must be a string");
            None
        }
    }
}
