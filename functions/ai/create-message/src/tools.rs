//! Tools of a request and the choice among them.

use crate::client_tools::{ClientTool, client_tool};
use crate::members::Members;
use crate::unused;
use contracts::anthropic::{MessageTool, MessageToolChoice, MessageToolChoiceKind};
use domain::field::FieldChecks;
use ports::{Tool, ToolChoice, ToolSet};
use serde_json::{Value, json};

/// The reason for the refusal of a tool of another type.
const KINDS: &str = "must be custom, bash_20241022, bash_20250124, text_editor_20241022, text_editor_20250124, \
                     text_editor_20250429, text_editor_20250728, memory_20250818, computer_20241022, \
                     computer_20250124, computer_20251124 or left out: only tools that the caller carries out are \
                     supported";

/// Reads tools. Wrong ones are noted and keep their places.
pub(crate) fn read(
    tools: Option<Vec<MessageTool>>,
    choice: Option<MessageToolChoice>,
    check: &mut FieldChecks,
) -> ToolSet {
    let tools = tools.unwrap_or_default().into_iter().enumerate();
    let tools = tools.map(|(place, tool)| read_tool(tool, place, check)).collect();
    let Some(MessageToolChoice { kind, name, disable_parallel_tool_use, rest }) = choice else {
        return ToolSet { tools, ..ToolSet::default() };
    };
    unused::refuse_all(&rest, "tool_choice.", check);
    let choice = match (kind, name) {
        (MessageToolChoiceKind::Auto, _) => ToolChoice::Auto,
        (MessageToolChoiceKind::None, _) => ToolChoice::None,
        (MessageToolChoiceKind::Any, _) => ToolChoice::Required,
        (MessageToolChoiceKind::Tool, Some(name)) => ToolChoice::Named(name),
        (MessageToolChoiceKind::Tool, None) => {
            check.wrong("tool_choice.name", "required", "must be given");
            ToolChoice::Auto
        }
    };
    ToolSet { tools, choice, one_at_a_time: disable_parallel_tool_use.unwrap_or_default() }
}

fn read_tool(tool: MessageTool, place: usize, check: &mut FieldChecks) -> Tool {
    let MessageTool { kind, name, description, input_schema, strict, mut rest } = tool;
    let field = |member: &str| format!("tools.{place}.{member}");
    let no_arguments = || json!({"type": "object", "properties": {}});
    let examples = rest.remove("input_examples");
    let (description, schema) = match kind.as_deref() {
        None | Some("custom") => {
            if input_schema.is_none() {
                check.wrong(&field("input_schema"), "required", "must be given");
            }
            (description, input_schema)
        }
        Some(kind) => {
            let mut members = Members::new(rest, format!("tools.{place}"), check);
            let Some(ClientTool { description: defined, parameters }) = client_tool(kind, &mut members)
            else {
                members.wrong("type", "unsupported", KINDS);
                return Tool { name, description: None, parameters: no_arguments(), strict: false };
            };
            if input_schema.is_some() {
                members.wrong(
                    "input_schema",
                    "unsupported",
                    "must be left out: the type defines the arguments",
                );
            }
            // Anthropic's API has no such member beside these types, and refuses it.
            if description.is_some() {
                members.wrong(
                    "description",
                    "unsupported",
                    "must be left out: the type says what the tool does; write hints into `system`",
                );
            }
            rest = members.into_rest();
            (Some(defined), Some(parameters))
        }
    };
    unused::of_tool(&rest, &field(""), check);
    Tool {
        name,
        description: with_examples(description, examples),
        parameters: schema.unwrap_or_else(no_arguments),
        strict: strict.unwrap_or_default(),
    }
}

/// The description with examples of arguments, for which providers have no field.
fn with_examples(description: Option<String>, examples: Option<Value>) -> Option<String> {
    let examples = examples.filter(|examples| examples.as_array().is_none_or(|all| !all.is_empty()));
    match (description, examples.filter(|examples| !examples.is_null())) {
        (description, None) => description,
        (None, Some(examples)) => Some(format!("Examples of arguments: {examples}")),
        (Some(description), Some(examples)) => {
            Some(format!("{description}\n\nExamples of arguments: {examples}"))
        }
    }
}
