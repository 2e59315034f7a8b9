//! Turns the items of a conversation into its turns. Items that only hosted tools make, such as searches, and reasoning of
//! other providers, are left alone, so that a history from elsewhere can be sent as it is.

use crate::encrypted;
use crate::names::{TurnForm, TurnPlace};
use crate::namespaces::{model_name, namespace_of};
use crate::parts::{PartsOf, blocks, required};
use crate::tools::{PlacedTool, placed};
use crate::{client_tools, unused};
use contracts::openai::responses::{InputItem, InputPart, InputRole, ResponseTool, TextOrList};
use domain::field::FieldChecks;
use ports::{ContentBlock, Message, Role, ToolCall, ToolResult};
use serde::Deserialize;
use serde_json::Value;
use wiring_ai::{RequestFiles, arguments_of};

/// An item as a turn.
pub(crate) enum ReadItem {
    /// Instructions, and the field that they stand in.
    Instructions(String, String),
    /// A turn of the conversation.
    Turn(Message, TurnPlace),
    /// Reasoning that the model wrote before the item that follows, as a turn.
    Reasoning(Message, TurnPlace),
    /// Further tools, which the model may call in its answer.
    Tools(Vec<PlacedTool>),
    /// Nothing that the model is told.
    Nothing,
}

/// Reads the item with this name. Wrong members are noted.
pub(crate) fn read(
    item: InputItem,
    name: String,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> ReadItem {
    unused::of_item(&item, check, &name);
    match item.kind.as_deref() {
        None | Some("message") => message(item, name, files, check),
        Some("function_call") => call(item, name, check).unwrap_or(ReadItem::Nothing),
        Some("custom_tool_call") => custom_call(item, name, check).unwrap_or(ReadItem::Nothing),
        Some("function_call_output" | "custom_tool_call_output") => {
            output(item, name, files, check).unwrap_or(ReadItem::Nothing)
        }
        Some("additional_tools") => additional_tools(&item, &name, check).unwrap_or(ReadItem::Nothing),
        Some("item_reference") => {
            let way_out = "is not supported: no answers are stored; send the item itself, for which clients have \
                `store` false";
            check.wrong(&format!("{name}.type"), "unsupported", way_out);
            ReadItem::Nothing
        }
        Some("reasoning") => reasoning(&item, name).unwrap_or(ReadItem::Nothing),
        Some("compaction") => {
            let way_out = "is not supported: only OpenAI can read it; send the items that it stands for";
            check.wrong(&format!("{name}.type"), "unsupported", way_out);
            ReadItem::Nothing
        }
        Some(kind) if client_tools::is_call(kind) => {
            client_tools::call(item, name, check).unwrap_or(ReadItem::Nothing)
        }
        Some(kind) if client_tools::is_output(kind) => {
            client_tools::output(item, name, check).unwrap_or(ReadItem::Nothing)
        }
        Some(kind) if is_of_model(kind) => ReadItem::Nothing,
        Some(_) => {
            let kinds = "must be message, function_call, function_call_output, custom_tool_call, \
                custom_tool_call_output, additional_tools, or an item of a model's answer";
            check.wrong(&format!("{name}.type"), "unsupported", kinds);
            ReadItem::Nothing
        }
    }
}

/// Whether only models and hosted tools make items of this kind, or they belong to such items, so that one without the
/// other is left alone, too.
pub(crate) fn is_of_model(kind: &str) -> bool {
    let kinds = [
        "reasoning",
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "computer_call",
        "computer_call_output",
        "tool_search_call",
        "tool_search_output",
        "mcp_call",
        "mcp_list_tools",
        "mcp_approval_request",
        "mcp_approval_response",
        "program",
        "program_output",
    ];
    kinds.contains(&kind)
}

/// The reasoning of an item. That of other providers is left alone.
fn reasoning(item: &InputItem, name: String) -> Option<ReadItem> {
    let content = encrypted::decoded(item.rest.get("encrypted_content")?.as_str()?)?;
    let message = Message { role: Role::Assistant, content: vec![ContentBlock::Reasoning(content)] };
    Some(ReadItem::Reasoning(message, TurnPlace { item: name, form: TurnForm::Reasoning }))
}

/// The tools of an item, whose place among the items has no meaning here: the model may call them from the start.
fn additional_tools(item: &InputItem, name: &str, check: &mut FieldChecks) -> Option<ReadItem> {
    let tools = required(item.rest.get("tools"), name, "tools", check)?;
    let list = format!("{name}.tools");
    match Vec::<ResponseTool>::deserialize(tools) {
        Ok(tools) => Some(ReadItem::Tools(placed(&list, tools).collect())),
        Err(_) => {
            check.wrong(&list, "format", "must be a list of tools");
            None
        }
    }
}

fn message(item: InputItem, name: String, files: &mut RequestFiles, check: &mut FieldChecks) -> ReadItem {
    let role = required(item.role, &name, "role", check);
    let content = required(item.content, &name, "content", check);
    let (Some(role), Some(content)) = (role, content) else { return ReadItem::Nothing };
    let form = match &content {
        TextOrList::Text(_) => TurnForm::Text,
        TextOrList::List(_) => TurnForm::Parts,
    };
    let (of, role) = match role {
        InputRole::System | InputRole::Developer => (PartsOf::Instructions, None),
        InputRole::User => (PartsOf::Caller, Some(Role::User)),
        InputRole::Assistant => (PartsOf::Model, Some(Role::Assistant)),
    };
    let field = format!("{name}.content");
    let content = blocks(content, of, &field, files, check);
    let Some(role) = role else {
        return ReadItem::Instructions(content.iter().filter_map(ContentBlock::as_text).collect(), field);
    };
    if role == Role::Assistant && !content.iter().any(ContentBlock::says_something) {
        return ReadItem::Nothing;
    }
    ReadItem::Turn(Message { role, content }, TurnPlace { item: name, form })
}

fn call(item: InputItem, name: String, check: &mut FieldChecks) -> Option<ReadItem> {
    let id = required(item.call_id, &name, "call_id", check);
    let function = required(item.name, &name, "name", check);
    let function = function.map(|name| model_name(namespace_of(item.rest.get("namespace")), &name));
    let arguments = match required(item.arguments, &name, "arguments", check)? {
        // Clients of other providers send a call without arguments with an empty text.
        Value::String(text) if text.trim().is_empty() => "{}".to_owned(),
        Value::String(text) => text,
        _ => {
            check.wrong(&format!("{name}.arguments"), "type", "must be a string");
            // The output of the call is not wrong.
            "{}".to_owned()
        }
    };
    let call = ContentBlock::ToolCall(ToolCall { id: id?, name: function?, arguments });
    let message = Message { role: Role::Assistant, content: vec![call] };
    Some(ReadItem::Turn(message, TurnPlace { item: name, form: TurnForm::Call }))
}

fn custom_call(mut item: InputItem, name: String, check: &mut FieldChecks) -> Option<ReadItem> {
    let id = required(item.call_id, &name, "call_id", check);
    let tool = required(item.name, &name, "name", check);
    let tool = tool.map(|name| model_name(namespace_of(item.rest.get("namespace")), &name));
    let input = match required(item.rest.remove("input"), &name, "input", check)? {
        Value::String(input) => input,
        _ => {
            check.wrong(&format!("{name}.input"), "type", "must be a string");
            String::new()
        }
    };
    let call = ContentBlock::ToolCall(ToolCall { id: id?, name: tool?, arguments: arguments_of(&input) });
    let message = Message { role: Role::Assistant, content: vec![call] };
    Some(ReadItem::Turn(message, TurnPlace { item: name, form: TurnForm::CustomCall }))
}

fn output(
    item: InputItem,
    name: String,
    files: &mut RequestFiles,
    check: &mut FieldChecks,
) -> Option<ReadItem> {
    let call_id = required(item.call_id, &name, "call_id", check);
    let output: Option<TextOrList<InputPart>> = required(item.output, &name, "output", check);
    let content = blocks(output?, PartsOf::Caller, &format!("{name}.output"), files, check);
    let has_files = content.iter().any(|block| block.as_text().is_none());
    let result = ContentBlock::ToolResult(ToolResult { call_id: call_id?, content, is_error: false });
    let message = Message { role: Role::User, content: vec![result] };
    Some(ReadItem::Turn(message, TurnPlace { item: name, form: TurnForm::Output { has_files } }))
}
