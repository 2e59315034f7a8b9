//! Tools of a request and the choice among them.

use crate::unused;
use contracts::anthropic::{MessageTool, MessageToolChoice, MessageToolChoiceKind};
use domain::field::FieldChecks;
use ports::{Tool, ToolChoice, ToolSet};
use serde_json::json;

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
    let MessageTool { kind, name, description, input_schema, strict, rest } = tool;
    let field = |member: &str| format!("tools.{place}.{member}");
    let no_arguments = || json!({"type": "object", "properties": {}});
    if kind.is_some_and(|kind| kind != "custom") {
        let message = "must be custom or left out: only tools that the caller carries out are supported";
        check.wrong(&field("type"), "unsupported", message);
        return Tool { name, description: None, parameters: no_arguments(), strict: false };
    }
    unused::of_tool(&rest, &field(""), check);
    if input_schema.is_none() {
        check.wrong(&field("input_schema"), "required", "must be given");
    }
    Tool {
        name,
        description,
        parameters: input_schema.unwrap_or_else(no_arguments),
        strict: strict.unwrap_or_default(),
    }
}
