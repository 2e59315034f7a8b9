//! The tools of a call in Bedrock's form. A schema for the completion is one more tool, whose input is the completion:
//! Claude and Nova both constrain the input of a tool to its schema, while Converse's own output format (`outputConfig`)
//! exists for some models only.

use std::collections::BTreeSet;

use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::types;
use ports::{ContentBlock, ModelCall, NameRule, ToolChoice, ToolNameRules, ToolNames};

use crate::raw_json::RawTexts;
use crate::schema::schema_for;

/// The tool whose input is the structured answer.
pub(crate) const ANSWER_TOOL: &str = "answer";

/// The names of tools and the ids of calls that Converse takes.
const CONVERSE: ToolNameRules = ToolNameRules { tools: ANY, calls: ANY, reserved: &[ANSWER_TOOL] };
const ANY: NameRule = NameRule { fewest: 1, most: 64, signs: "_-" };

/// Nova writes no call of a tool whose name has a hyphen.
const NOVA: ToolNameRules = ToolNameRules { tools: NameRule { signs: "_", ..ANY }, ..CONVERSE };

/// The names of the tools of a call and of its conversation.
pub(crate) fn names(call: &ModelCall) -> ToolNames {
    let rules = if call.family().contains("amazon.nova") { &NOVA } else { &CONVERSE };
    ToolNames::new(call, rules)
}

/// Whether a request for this call has tools: the caller's, those of its history, or the one that takes the answer.
pub(crate) fn are_needed(call: &ModelCall) -> bool {
    call.forced_schema().is_some() || call.has_tool_history() || !are_forbidden(call)
}

fn are_forbidden(call: &ModelCall) -> bool {
    call.tools.choice == ToolChoice::None || call.tools.tools.is_empty()
}

/// The tools and the choice among them; `None` when there is nothing to choose.
pub(crate) fn configuration(
    call: &ModelCall,
    names: &ToolNames,
    raw: &mut RawTexts,
) -> Result<Option<types::ToolConfiguration>, BuildError> {
    let schema = call.forced_schema();
    let has_history = call.has_tool_history();
    let forbidden = are_forbidden(call);
    let mut tools = Vec::new();
    // Bedrock refuses a conversation with calls without tools, so the tools stay although they may not be called: the
    // gateway drops such calls.
    if !forbidden || has_history {
        for tool in &call.tools.tools {
            let description = tool.description.clone().filter(|text| !text.trim().is_empty());
            let parameters = schema_for(call.family(), &tool.parameters).to_string();
            tools.push(specification(names.tools.to_provider(&tool.name), description, parameters, raw)?);
        }
    }
    if has_history && call.tools.tools.is_empty() {
        for name in called_tools(call) {
            let any = r#"{"type":"object"}"#.to_owned();
            tools.push(specification(names.tools.to_provider(name), None, any, raw)?);
        }
    }
    if let Some(schema) = schema {
        let description = Some("Takes the whole answer. Call it exactly once.".to_owned());
        let schema = schema_for(call.family(), schema).to_string();
        tools.push(specification(ANSWER_TOOL.to_owned(), description, schema, raw)?);
    }
    if tools.is_empty() {
        return Ok(None);
    }
    let choice = choice(call, names, schema.is_some(), forbidden)?;
    types::ToolConfiguration::builder().set_tools(Some(tools)).set_tool_choice(choice).build().map(Some)
}

fn specification(
    name: String,
    description: Option<String>,
    schema: String,
    raw: &mut RawTexts,
) -> Result<types::Tool, BuildError> {
    let schema = types::ToolInputSchema::Json(raw.document(schema));
    let tool = types::ToolSpecification::builder()
        .name(name)
        .set_description(description)
        .input_schema(schema)
        .build()?;
    Ok(types::Tool::ToolSpec(tool))
}

/// The names of the tools that were called, each once.
fn called_tools(call: &ModelCall) -> BTreeSet<&str> {
    let blocks = call.messages.iter().flat_map(|turn| &turn.content);
    let names = blocks.filter_map(|block| match block {
        ContentBlock::ToolCall(call) => Some(call.name.as_str()),
        _ => None,
    });
    names.collect()
}

/// The choice; `None` leaves it to the model. With a schema, the model must call a tool: one of the caller's, or the one
/// that takes the answer.
fn choice(
    call: &ModelCall,
    names: &ToolNames,
    has_schema: bool,
    forbidden: bool,
) -> Result<Option<types::ToolChoice>, BuildError> {
    let named = |name: String| {
        let tool = types::SpecificToolChoice::builder().name(name).build()?;
        Ok::<_, BuildError>(types::ToolChoice::Tool(tool))
    };
    let any = || types::ToolChoice::Any(types::AnyToolChoice::builder().build());
    Ok(match &call.tools.choice {
        _ if forbidden && has_schema => Some(named(ANSWER_TOOL.to_owned())?),
        _ if forbidden => None,
        ToolChoice::Named(name) => Some(named(names.tools.to_provider(name))?),
        ToolChoice::Required => Some(any()),
        ToolChoice::Auto | ToolChoice::None if has_schema => Some(any()),
        ToolChoice::Auto | ToolChoice::None => None,
    })
}
