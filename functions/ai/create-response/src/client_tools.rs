//! Calls of OpenAI's tools that callers carry out themselves, such as shells and patches, in a history from OpenAI. No
//! model here can call these tools, but a history with them goes on: a model gets each call and its output as those of a
//! function with the tool's name.

use crate::items::ReadItem;
use crate::names::{TurnForm, TurnPlace};
use crate::parts::required;
use contracts::openai::responses::{InputItem, TextOrList};
use domain::field::FieldChecks;
use ports::{ContentBlock, Message, Role, ToolCall, ToolResult};
use serde_json::{Map, Value};

/// The members that have the input of a call, by which the model gets them.
const INPUTS: [&str; 2] = ["action", "operation"];

/// The name of the tool of a call.
fn tool_of(item: &InputItem) -> Option<String> {
    match item.kind.as_deref()? {
        "local_shell_call" => Some("local_shell".to_owned()),
        "shell_call" => Some("shell".to_owned()),
        "apply_patch_call" => Some("apply_patch".to_owned()),
        _ => None,
    }
}

/// Whether items of this kind are such calls.
pub(crate) fn is_call(kind: &str) -> bool {
    matches!(kind, "local_shell_call" | "shell_call" | "apply_patch_call")
}

/// Whether items of this kind are the outputs of such calls.
pub(crate) fn is_output(kind: &str) -> bool {
    matches!(kind, "local_shell_call_output" | "shell_call_output" | "apply_patch_call_output")
}

/// Reads a call.
pub(crate) fn call(mut item: InputItem, name: String, check: &mut FieldChecks) -> Option<ReadItem> {
    let id = required(item.call_id.take(), &name, "call_id", check);
    let tool = required(tool_of(&item), &name, "name", check);
    let inputs = INPUTS.into_iter().filter_map(|member| Some((member.to_owned(), item.rest.remove(member)?)));
    let arguments = Value::Object(inputs.collect::<Map<String, Value>>()).to_string();
    let call = ContentBlock::ToolCall(ToolCall { id: id?, name: tool?, arguments });
    let message = Message { role: Role::Assistant, content: vec![call] };
    Some(ReadItem::Turn(message, TurnPlace { item: name, form: TurnForm::Call }))
}

/// Reads an output.
pub(crate) fn output(item: InputItem, name: String, check: &mut FieldChecks) -> Option<ReadItem> {
    let text = |member: &str| item.rest.get(member).and_then(Value::as_str).map(str::to_owned);
    // OpenAI's output of a local shell names its call by `id`.
    let call_id = required(item.call_id.clone().or_else(|| text("id")), &name, "call_id", check);
    let status = text("status");
    let said = match item.output {
        Some(TextOrList::Text(text)) => text,
        // The texts of a shell, with the exit code of each command.
        Some(TextOrList::List(parts)) => {
            let parts = parts.into_iter().map(|part| Value::Object(part.rest));
            Value::Array(parts.collect()).to_string()
        }
        None => status.clone().unwrap_or_default(),
    };
    let is_error = status.is_some_and(|status| status == "failed");
    let content = vec![ContentBlock::Text(said)];
    let result = ContentBlock::ToolResult(ToolResult { call_id: call_id?, content, is_error });
    let message = Message { role: Role::User, content: vec![result] };
    Some(ReadItem::Turn(message, TurnPlace { item: name, form: TurnForm::Output { has_files: false } }))
}
