//! The checks that OpenAI makes of a chat completion's request, in OpenAI's words: what passes here is not refused by
//! OpenAI for its shape. Servers that only speak the format are laxer.

use serde_json::Value;

use crate::failure::Failure;
use crate::openai::{ChatMessage, ChatRequest, Role};

/// OpenAI's bounds for the characters of a function's name and of the id of its call.
const NAME_CHARS: usize = 64;
const ID_CHARS: usize = 40;

/// Checks the tools and messages of a request.
pub(crate) fn check(request: &ChatRequest) -> Result<(), Failure> {
    check_tools(request)?;
    for (at, message) in request.messages.iter().enumerate() {
        if let Some(member) = message.unknown.keys().next() {
            return refused(format!("Unknown parameter: 'messages[{at}].{member}'."));
        }
        check_calls(at, message)?;
        check_content(at, message)?;
    }
    check_answers(&request.messages)
}

fn refused(message: impl Into<String>) -> Result<(), Failure> {
    Err(Failure::validation(message))
}

fn check_tools(request: &ChatRequest) -> Result<(), Failure> {
    let Some(tools) = &request.tools else {
        let unneeded = [
            ("tool_choice", request.tool_choice.as_ref().is_some_and(|choice| choice != "none")),
            ("parallel_tool_calls", request.parallel_tool_calls.is_some()),
        ];
        return match unneeded.into_iter().find(|(_, given)| *given) {
            Some((field, _)) => refused(format!("'{field}' is only allowed when 'tools' are specified.")),
            None => Ok(()),
        };
    };
    if tools.is_empty() {
        return refused(
            "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        );
    }
    for (at, tool) in tools.iter().enumerate() {
        check_name(&tool.function.name, &format!("tools[{at}].function.name"))?;
    }
    let choice = request.tool_choice.as_ref();
    let forced = choice.and_then(|choice| choice.pointer("/function/name")).and_then(Value::as_str);
    match forced {
        Some(forced) if tools.iter().all(|tool| tool.function.name != forced) => {
            refused(format!("Tool choice '{forced}' not found in 'tools' parameter."))
        }
        _ => Ok(()),
    }
}

fn check_name(name: &str, place: &str) -> Result<(), Failure> {
    let count = name.chars().count();
    if count > NAME_CHARS {
        return too_long(place, NAME_CHARS, count);
    }
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match count > 0 && name.chars().all(known) {
        true => Ok(()),
        false => refused(format!(
            "Invalid '{place}': string does not match pattern. Expected a string that matches the pattern \
             '^[a-zA-Z0-9_-]+$'."
        )),
    }
}

fn too_long(place: &str, bound: usize, count: usize) -> Result<(), Failure> {
    refused(format!(
        "Invalid '{place}': string too long. Expected a string with maximum length {bound}, but got a string with \
         length {count} instead."
    ))
}

fn check_content(at: usize, message: &ChatMessage) -> Result<(), Failure> {
    let calls = message.tool_calls.as_ref().is_some_and(|calls| !calls.is_empty());
    match &message.content {
        None | Some(Value::Null) if message.role == Role::Assistant && calls => Ok(()),
        None | Some(Value::Null) => {
            refused(format!("Invalid value for 'content': expected a string, got null. (messages[{at}])"))
        }
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) => {
            for (p, part) in parts.iter().enumerate() {
                check_part(&format!("messages[{at}].content[{p}]"), message.role, part)?;
            }
            Ok(())
        }
        Some(_) => refused(format!("Invalid type for 'messages[{at}].content'.")),
    }
}

fn check_part(place: &str, role: Role, part: &Value) -> Result<(), Failure> {
    let text = |pointer: &str| part.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match text("/type") {
        "text" if part.get("text").is_some_and(Value::is_string) => Ok(()),
        "refusal" if role == Role::Assistant => Ok(()),
        "image_url" if role == Role::User => {
            let url = text("/image_url/url");
            let image = ["png", "jpeg", "gif", "webp"].iter().any(|format| {
                url.starts_with(&format!("data:image/{format};base64,")) || url.starts_with("https://")
            });
            match image {
                true => Ok(()),
                false => refused(
                    "You uploaded an unsupported image. Please make sure your image has of one the following formats: \
                     ['png', 'jpeg', 'gif', 'webp'].",
                ),
            }
        }
        "file"
            if role == Role::User && text("/file/file_data").starts_with("data:application/pdf;base64,") =>
        {
            Ok(())
        }
        other => refused(format!("Invalid value: '{other}' at '{place}'.")),
    }
}

fn check_calls(at: usize, message: &ChatMessage) -> Result<(), Failure> {
    let Some(calls) = &message.tool_calls else { return Ok(()) };
    if message.role != Role::Assistant {
        return refused(format!("Unknown parameter: 'messages[{at}].tool_calls'."));
    }
    if calls.is_empty() {
        return refused(format!(
            "Invalid 'messages[{at}].tool_calls': empty array. Expected an array with minimum length 1, but got an \
             empty array instead."
        ));
    }
    for (c, call) in calls.iter().enumerate() {
        let place = format!("messages[{at}].tool_calls[{c}]");
        check_name(&call.function.name, &format!("{place}.function.name"))?;
        let count = call.id.chars().count();
        if count > ID_CHARS {
            return too_long(&format!("{place}.id"), ID_CHARS, count);
        }
        if serde_json::from_str::<Value>(&call.function.arguments).is_err() {
            return refused(format!("Invalid '{place}.function.arguments': not JSON."));
        }
    }
    Ok(())
}

/// The messages of tools come right after the message that called them, one for each call.
fn check_answers(messages: &[ChatMessage]) -> Result<(), Failure> {
    let mut open: Vec<&str> = Vec::new();
    let mut called: Vec<&str> = Vec::new();
    for message in messages {
        if message.role == Role::Tool {
            let id = message.tool_call_id.as_deref().unwrap_or_default();
            if !called.contains(&id) {
                return refused(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with \
                     'tool_calls'.",
                );
            }
            open.retain(|waiting| *waiting != id);
            continue;
        }
        check_all_answered(&open)?;
        called = message.tool_calls.iter().flatten().map(|call| call.id.as_str()).collect();
        open.clone_from(&called);
    }
    check_all_answered(&open)
}

fn check_all_answered(open: &[&str]) -> Result<(), Failure> {
    match open.is_empty() {
        true => Ok(()),
        false => refused(format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
             'tool_call_id'. The following tool_call_ids did not have response messages: {}",
            open.join(", ")
        )),
    }
}
