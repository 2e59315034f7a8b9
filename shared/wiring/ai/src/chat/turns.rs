//! Turns OpenAI's messages into turns of a conversation. Members and parts of answers that other providers gave are left
//! alone in turns of the model, so that a history from elsewhere can be sent as it is.

use super::names::{TurnForm, TurnPlace};
use crate::RequestFiles;
use crate::custom_tools::arguments_of;
use crate::files::document_of_url;
use contracts::openai::{ChatMessage, ChatRole, ChatToolCall, Content, Part, ThinkingBlock};
use domain::field::FieldChecks;
use ports::{ContentBlock, Message, ReasoningContent, Role, ToolCall, ToolResult};
use serde_json::Value;

/// A message as a turn.
pub(super) enum ReadTurn {
    /// Instructions.
    Instructions(String),
    /// A turn of the conversation.
    Turn(Message, TurnPlace),
    /// A turn of the model that says nothing, and so changes nothing.
    Nothing,
}

/// Reads the message at this place. Parts that can't be read are noted and left out.
pub(super) fn read(
    message: ChatMessage,
    place: usize,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> ReadTurn {
    let ChatMessage { role, content, refusal, tool_calls, tool_call_id, name: _, mut rest } = message;
    let form = match &content {
        Some(Content::Parts(parts)) => TurnForm::Parts(parts.len()),
        Some(Content::Text(_)) => TurnForm::Text,
        None if refusal.is_some() => TurnForm::Text,
        None => TurnForm::Parts(0),
    };
    let said = content.map(Content::into_parts).or(refusal.map(|refusal| vec![Part::Refusal { refusal }]));
    let said = said.unwrap_or_default();
    let calls = tool_calls.unwrap_or_default();
    if role != ChatRole::Assistant && !calls.is_empty() {
        check.wrong(
            &format!("messages.{place}.tool_calls"),
            "format",
            "must stand in a turn of the assistant",
        );
    }
    let read = |(at, part)| block(part, role, &format!("messages.{place}.content.{at}"), files, check);
    let blocks: Vec<ContentBlock> = said.into_iter().enumerate().map(read).collect();
    match role {
        ChatRole::System | ChatRole::Developer => {
            ReadTurn::Instructions(blocks.iter().filter_map(ContentBlock::as_text).collect())
        }
        ChatRole::User => {
            let place = TurnPlace { place, reasoning: 0, form };
            ReadTurn::Turn(Message { role: Role::User, content: blocks }, place)
        }
        ChatRole::Assistant => {
            if calls.is_empty() && !blocks.iter().any(ContentBlock::says_something) {
                return ReadTurn::Nothing;
            }
            let calls = calls.into_iter().enumerate();
            let calls = calls.map(|(at, it)| call(it, &format!("messages.{place}.tool_calls.{at}"), check));
            let mut content = reasoning(rest.remove("thinking_blocks"));
            let place = TurnPlace { place, reasoning: content.len(), form };
            content.extend(blocks.into_iter().chain(calls));
            ReadTurn::Turn(Message { role: Role::Assistant, content }, place)
        }
        ChatRole::Tool => {
            if tool_call_id.is_none() {
                check.wrong(&format!("messages.{place}.tool_call_id"), "required", "must be given");
            }
            let call_id = tool_call_id.unwrap_or_default();
            let result = ContentBlock::ToolResult(ToolResult { call_id, content: blocks, is_error: false });
            let form = TurnForm::Result;
            let place = TurnPlace { place, reasoning: 0, form };
            ReadTurn::Turn(Message { role: Role::User, content: vec![result] }, place)
        }
    }
}

/// The reasoning that the model wrote earlier. Parts without a signature, and in other forms, are left alone.
fn reasoning(blocks: Option<Value>) -> Vec<ContentBlock> {
    let Some(Value::Array(blocks)) = blocks else { return Vec::new() };
    let block = |block: Value| match serde_json::from_value(block).ok()? {
        ThinkingBlock::Thinking { signature: None, .. } => None,
        ThinkingBlock::Thinking { thinking: text, signature, index: _ } => {
            Some(ContentBlock::Reasoning(ReasoningContent::Text { text, signature }))
        }
        ThinkingBlock::RedactedThinking { data, index: _ } => {
            Some(ContentBlock::Reasoning(ReasoningContent::Redacted(data)))
        }
    };
    blocks.into_iter().filter_map(block).collect()
}

/// Clients of other providers send a call without arguments with an empty text. A call of nothing is noted, and keeps its
/// place.
fn call(call: ChatToolCall, field: &str, check: &mut FieldChecks) -> ContentBlock {
    let ChatToolCall { id, kind: _, function, custom } = call;
    let (name, arguments) = match (function, custom) {
        (Some(function), _) if function.arguments.trim().is_empty() => (function.name, "{}".to_owned()),
        (Some(function), _) => (function.name, function.arguments),
        (None, Some(custom)) => (custom.name, arguments_of(&custom.input)),
        (None, None) => {
            check.wrong(&format!("{field}.function"), "required", "must be given");
            (String::new(), "{}".to_owned())
        }
    };
    ContentBlock::ToolCall(ToolCall { id, name, arguments })
}

/// The block of a part; an empty text for a part that is left out, so that parts keep their places.
fn block(
    part: Part,
    role: ChatRole,
    field: &str,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> ContentBlock {
    let nothing = || ContentBlock::Text(String::new());
    match part {
        Part::Text { text } | Part::Refusal { refusal: text } => ContentBlock::Text(text),
        Part::ImageUrl { image_url } if takes_files(role) => match files.image_of_url(&image_url.url) {
            Ok(image) => ContentBlock::Image(image),
            Err(fault) => {
                check.wrong(&format!("{field}.image_url.url"), "format", fault);
                nothing()
            }
        },
        Part::File { file } if takes_files(role) => {
            let Some(data) = &file.file_data else {
                check.wrong(
                    &format!("{field}.file.file_data"),
                    "required",
                    "must be given: no files are stored",
                );
                return nothing();
            };
            match document_of_url(data, file.filename.as_deref()) {
                Ok(document) => ContentBlock::Document(document),
                Err(fault) => {
                    check.wrong(&format!("{field}.file.file_data"), "format", fault);
                    nothing()
                }
            }
        }
        Part::ImageUrl { .. } | Part::File { .. } | Part::Other if role == ChatRole::Assistant => nothing(),
        Part::ImageUrl { .. } | Part::File { .. } => {
            check.wrong(&format!("{field}.type"), "unsupported", "must be text in this turn");
            nothing()
        }
        Part::Other => {
            check.wrong(&format!("{field}.type"), "unsupported", "must be text, image_url or file");
            nothing()
        }
    }
}

fn takes_files(role: ChatRole) -> bool {
    matches!(role, ChatRole::User | ChatRole::Tool)
}
