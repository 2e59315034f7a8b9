//! Turns the tools of OpenAI's request into those of a prompt.

use crate::custom_tools::CustomTools;
use contracts::openai::{
    AllowedToolsMode, ChatTool, ChatToolChoice, CustomTool, FunctionTool, NamedToolChoice, ToolChoiceMode,
};
use domain::field::FieldChecks;
use ports::{Tool, ToolChoice, ToolSet};
use serde_json::{Value, json};

/// The tools of a request.
pub(super) struct ReadTools {
    pub(super) set: ToolSet,
    /// The names of the tools that may be called; `None` for all.
    pub(super) allowed: Option<Vec<String>>,
    pub(super) custom: CustomTools,
    /// The places of the custom tools.
    pub(super) custom_places: Vec<usize>,
}

/// Reads the tools. A choice without tools has no meaning, but for a choice of tools by name.
pub(super) fn read(
    tools: Option<Vec<ChatTool>>,
    choice: Option<ChatToolChoice>,
    several: Option<bool>,
    check: &mut FieldChecks,
) -> ReadTools {
    let mut custom = CustomTools::default();
    let tools = tools.unwrap_or_default();
    let is_custom = |(at, tool): (usize, &ChatTool)| matches!(tool, ChatTool::Custom { .. }).then_some(at);
    let custom_places = tools.iter().enumerate().filter_map(is_custom).collect();
    let tools = tools.into_iter().enumerate();
    let tools: Vec<Tool> = tools.map(|(at, it)| tool(it, at, &mut custom, check)).collect();
    let mut allowed = None;
    let choice = match choice {
        Some(ChatToolChoice::Named(NamedToolChoice::AllowedTools { allowed_tools })) => {
            allowed = Some(names(&allowed_tools.tools, check));
            match allowed_tools.mode {
                AllowedToolsMode::Auto => ToolChoice::Auto,
                AllowedToolsMode::Required => ToolChoice::Required,
            }
        }
        None | Some(_) if tools.is_empty() => ToolChoice::Auto,
        None | Some(ChatToolChoice::Mode(ToolChoiceMode::Auto)) => ToolChoice::Auto,
        Some(ChatToolChoice::Mode(ToolChoiceMode::None)) => ToolChoice::None,
        Some(ChatToolChoice::Mode(ToolChoiceMode::Required)) => ToolChoice::Required,
        Some(ChatToolChoice::Named(
            NamedToolChoice::Function { function: named } | NamedToolChoice::Custom { custom: named },
        )) => ToolChoice::Named(named.name),
    };
    ReadTools {
        set: ToolSet { tools, choice, one_at_a_time: several == Some(false) },
        allowed,
        custom,
        custom_places,
    }
}

/// The names of the allowed tools. A wrong one is noted.
fn names(tools: &[Value], check: &mut FieldChecks) -> Vec<String> {
    let name = |(at, tool): (usize, &Value)| {
        let kind = tool.get("type").and_then(Value::as_str);
        let named =
            kind.filter(|kind| matches!(*kind, "function" | "custom")).and_then(|kind| tool.get(kind));
        if let Some(name) = named.and_then(|named| named.get("name")).and_then(Value::as_str) {
            return Some(name.to_owned());
        }
        let field = format!("tool_choice.allowed_tools.tools.{at}");
        let message = "must be an object with the type function or custom, and in a member of that name the tool's name";
        check.wrong(&field, "format", message);
        None
    };
    tools.iter().enumerate().filter_map(name).collect()
}

fn tool(tool: ChatTool, at: usize, custom_tools: &mut CustomTools, check: &mut FieldChecks) -> Tool {
    let function = match tool {
        ChatTool::Function { function } => function,
        ChatTool::Custom { custom: CustomTool { name, description, format } } => {
            let field = format!("tools.{at}.custom.format");
            return custom_tools.function((name, description), format.as_ref(), &field, check);
        }
    };
    let FunctionTool { name, description, parameters, strict } = function;
    Tool {
        name,
        description,
        parameters: parameters.unwrap_or_else(|| json!({"type": "object", "properties": {}})),
        strict: strict.unwrap_or_default(),
    }
}
