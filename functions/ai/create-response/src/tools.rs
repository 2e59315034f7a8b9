//! Turns the tools of a request into those of a prompt. Tools that run at OpenAI are refused by name.

use crate::parts::required;
use crate::unused;
use contracts::openai::ToolChoiceMode;
use contracts::openai::responses::{ResponseTool, ResponseToolChoice};
use domain::field::FieldChecks;
use ports::{Tool, ToolChoice, ToolSet};
use serde_json::{Value, json};

/// The only kind of tools that callers carry out themselves in a way that all models know.
const FUNCTION: &str = "function";
/// Tools that run at OpenAI, or whose calls only OpenAI's models write.
const OPENAIS_TOOLS: [&str; 19] = [
    "web_search",
    "web_search_2025_08_26",
    "web_search_preview",
    "web_search_preview_2025_03_11",
    "file_search",
    "code_interpreter",
    "image_generation",
    "computer",
    "computer_use",
    "computer_use_preview",
    "mcp",
    "local_shell",
    "shell",
    "apply_patch",
    "custom",
    "namespace",
    "tool_search",
    "programmatic_tool_calling",
    "allowed_tools",
];

/// The tools. A choice without tools has no meaning.
pub(crate) fn read(
    tools: Option<Vec<ResponseTool>>,
    choice: Option<ResponseToolChoice>,
    several: Option<bool>,
    check: &mut FieldChecks,
) -> ToolSet {
    let tools = tools.unwrap_or_default();
    let choice = choice.map_or(ToolChoice::Auto, |choice| tool_choice(choice, check));
    let choice = if tools.is_empty() { ToolChoice::Auto } else { choice };
    let tools =
        tools.into_iter().enumerate().map(|(at, it)| tool(it, &format!("tools.{at}"), check)).collect();
    ToolSet { tools, choice, one_at_a_time: several == Some(false) }
}

/// The tool with this name; one with a wrong member is noted, and keeps its place.
fn tool(tool: ResponseTool, field: &str, check: &mut FieldChecks) -> Tool {
    let ResponseTool { kind, name, description, parameters, strict, rest } = tool;
    let name = if kind == FUNCTION {
        unused::of_tool(&rest, check, field);
        required(name, field, "name", check)
    } else {
        let known = OPENAIS_TOOLS.into_iter().find(|known| *known == kind);
        let message = match known {
            Some(known) => format!("must be function: {known} is not supported"),
            None => "must be function".to_owned(),
        };
        check.wrong(&format!("{field}.type"), "unsupported", message);
        None
    };
    Tool {
        // The use case checks names, too. One that can't be wrong there leaves the error to the field above.
        name: name.unwrap_or_else(|| field.to_owned()),
        description,
        parameters: parameters.unwrap_or_else(|| json!({"type": "object", "properties": {}})),
        strict: strict.unwrap_or_default(),
    }
}

fn tool_choice(choice: ResponseToolChoice, check: &mut FieldChecks) -> ToolChoice {
    let named = match choice {
        ResponseToolChoice::Mode(ToolChoiceMode::Auto) => return ToolChoice::Auto,
        ResponseToolChoice::Mode(ToolChoiceMode::None) => return ToolChoice::None,
        ResponseToolChoice::Mode(ToolChoiceMode::Required) => return ToolChoice::Required,
        ResponseToolChoice::Other(named) => named,
    };
    let is_function = named.get("type").is_some_and(|kind| kind == FUNCTION);
    match named.get("name").and_then(Value::as_str).filter(|_| is_function) {
        Some(name) => ToolChoice::Named(name.to_owned()),
        None => {
            let choices = "must be auto, none, required, or an object with the type function and a name";
            check.wrong("tool_choice", "unsupported", choices);
            ToolChoice::Auto
        }
    }
}
