//! Turns the tools of a request into those of a prompt. Tools that run at OpenAI can't run here: beside functions they are
//! left out, and a request that has nothing else, or forces one, is refused by name.

use crate::namespaces::{NAMESPACE, Namespaces, model_name, namespace_of};
use crate::parts::required;
use crate::unused;
use contracts::openai::ToolChoiceMode;
use contracts::openai::responses::{ResponseTool, ResponseToolChoice};
use domain::field::FieldChecks;
use ports::{Tool, ToolChoice, ToolSet};
use serde_json::{Value, json};
use wiring_ai::CustomTools;

/// The kinds of tools that callers carry out themselves and that all models can be told.
pub(crate) const FUNCTION: &str = "function";
const CUSTOM: &str = "custom";
/// Tools that run at OpenAI, or whose calls only OpenAI's models write.
const OPENAIS_TOOLS: [&str; 16] = [
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
    "tool_search",
    "programmatic_tool_calling",
];
/// Other kinds that have no place in a namespace.
const OTHER_KINDS: [&str; 2] = [NAMESPACE, "allowed_tools"];

/// A tool of a request, with the caller's name of its place.
pub(crate) struct PlacedTool {
    pub(crate) place: String,
    pub(crate) tool: ResponseTool,
}

/// The tools of a request.
pub(crate) struct ReadTools {
    pub(crate) set: ToolSet,
    /// The caller's names of the places of the tools.
    pub(crate) places: Vec<String>,
    pub(crate) namespaces: Namespaces,
    /// The names of the tools that may be called; `None` for all.
    pub(crate) allowed: Option<Vec<String>>,
    /// Their places in the caller's list.
    pub(crate) allowed_places: Vec<usize>,
    pub(crate) custom: CustomTools,
}

/// The tools in this list.
pub(crate) fn placed(list: &str, tools: Vec<ResponseTool>) -> impl Iterator<Item = PlacedTool> {
    tools.into_iter().enumerate().map(move |(at, tool)| PlacedTool { place: format!("{list}.{at}"), tool })
}

/// Whether a tool of this kind runs at OpenAI, or only OpenAI's models can call it.
pub(crate) fn is_openais(kind: &str) -> bool {
    OPENAIS_TOOLS.contains(&kind)
}

/// Reads the tools. A choice without tools has no meaning, but for a choice of tools by name.
pub(crate) fn read(
    mut tools: Vec<PlacedTool>,
    choice: Option<ResponseToolChoice>,
    several: Option<bool>,
    check: &mut FieldChecks,
) -> ReadTools {
    if tools.iter().any(|placed| !is_openais(&placed.tool.kind)) {
        tools.retain(|placed| !is_openais(&placed.tool.kind));
    }
    let (choice, allowed) = choice.map_or((ToolChoice::Auto, None), |choice| tool_choice(choice, check));
    let (allowed_places, allowed) = allowed.map(|tools| tools.into_iter().unzip()).unzip();
    let allowed: Option<Vec<String>> = allowed;
    let choice = if tools.is_empty() && allowed.is_none() { ToolChoice::Auto } else { choice };
    let mut custom = CustomTools::default();
    let mut namespaces = Namespaces::default();
    let mut functions = Vec::with_capacity(tools.len());
    for PlacedTool { place, tool } in tools {
        if tool.kind != NAMESPACE {
            functions.push(PlacedTool { place, tool });
            continue;
        }
        match namespaces.open(tool, allowed.as_deref()) {
            Some(inner) => functions.extend(placed(&format!("{place}.tools"), inner)),
            None => check.wrong(&place, "format", "must be a namespace with a name and a list of tools"),
        }
    }
    let (places, tools) = functions
        .into_iter()
        .map(|PlacedTool { place, tool: it }| {
            let tool = tool(it, &place, &mut custom, check);
            (place, tool)
        })
        .unzip();
    let set = ToolSet { tools, choice, one_at_a_time: several == Some(false) };
    let allowed_places = allowed_places.unwrap_or_default();
    ReadTools { set, places, namespaces, allowed, allowed_places, custom }
}

/// The tool with this name; one with a wrong member is noted, and keeps its place.
fn tool(tool: ResponseTool, field: &str, custom: &mut CustomTools, check: &mut FieldChecks) -> Tool {
    let ResponseTool { kind, name, description, parameters, strict, mut rest } = tool;
    if kind == CUSTOM {
        let format = rest.remove("format");
        unused::of_tool(&rest, check, field);
        let name = required(name, field, "name", check).unwrap_or_else(|| field.to_owned());
        return custom.function((name, description), format.as_ref(), &format!("{field}.format"), check);
    }
    let name = if kind == FUNCTION {
        unused::of_tool(&rest, check, field);
        required(name, field, "name", check)
    } else {
        let known = OPENAIS_TOOLS.into_iter().chain(OTHER_KINDS).find(|known| *known == kind);
        let message = match known {
            Some(known) => format!("must be function or custom: {known} is not supported"),
            None => "must be function or custom".to_owned(),
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

/// The place of an allowed tool in the caller's list, and its name.
type AllowedTool = (usize, String);

/// The choice, and the tools that may be called if the choice has some.
fn tool_choice(
    choice: ResponseToolChoice,
    check: &mut FieldChecks,
) -> (ToolChoice, Option<Vec<AllowedTool>>) {
    let named = match choice {
        ResponseToolChoice::Mode(ToolChoiceMode::Auto) => return (ToolChoice::Auto, None),
        ResponseToolChoice::Mode(ToolChoiceMode::None) => return (ToolChoice::None, None),
        ResponseToolChoice::Mode(ToolChoiceMode::Required) => return (ToolChoice::Required, None),
        ResponseToolChoice::Other(named) => named,
    };
    let kind = named.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind == "allowed_tools" {
        let (choice, tools) = allowed_tools(&named, check);
        return (choice, Some(tools));
    }
    if let Some(name) = tool_name(&named) {
        return (ToolChoice::Named(name), None);
    }
    let choices = "must be auto, none, required, or an object with the type function or custom and a name, or with \
        the type allowed_tools";
    match OPENAIS_TOOLS.into_iter().find(|known| *known == kind) {
        Some(known) => {
            check.wrong("tool_choice", "unsupported", format!("{choices}: {known} does not run here"))
        }
        None => check.wrong("tool_choice", "unsupported", choices),
    }
    (ToolChoice::Auto, None)
}

/// The rule for some of the tools, and these. A wrong one is noted. Tools that run at OpenAI are left out beside others, as
/// they are among the tools of the request.
fn allowed_tools(choice: &Value, check: &mut FieldChecks) -> (ToolChoice, Vec<AllowedTool>) {
    let rule = match choice.get("mode").and_then(Value::as_str) {
        Some("auto") => ToolChoice::Auto,
        Some("required") => ToolChoice::Required,
        _ => {
            check.wrong("tool_choice.mode", "format", "must be auto or required");
            ToolChoice::Auto
        }
    };
    let tools = choice.get("tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let runs_at_openai = |tool: &Value| tool.get("type").and_then(Value::as_str).is_some_and(is_openais);
    let has_others = tools.iter().any(|tool| !runs_at_openai(tool));
    let placed = tools.iter().enumerate().filter(|(_, tool)| !(has_others && runs_at_openai(tool)));
    let named = |(at, tool): (usize, &Value)| {
        let name = tool_name(tool);
        if name.is_none() {
            let field = format!("tool_choice.tools.{at}");
            check.wrong(&field, "format", "must be an object with the type function or custom and a name");
        }
        name.map(|name| (at, name))
    };
    (rule, placed.filter_map(named).collect())
}

/// The name of a tool that a choice names, as models know it.
fn tool_name(named: &Value) -> Option<String> {
    let is_tool = named.get("type").is_some_and(|kind| kind == FUNCTION || kind == CUSTOM);
    let name = named.get("name").and_then(Value::as_str).filter(|_| is_tool)?;
    Some(model_name(namespace_of(named.get("namespace")), name))
}
