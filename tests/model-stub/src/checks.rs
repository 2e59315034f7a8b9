//! The checks that Bedrock makes before it asks a model, in Bedrock's words: what passes here is not refused by Bedrock
//! for its shape. Rules of Claude and Nova alone hold for their models only. They are taken from Bedrock's API reference,
//! from Nova's user guide, and from refusals that users of the service have published.

use std::collections::BTreeSet;

use crate::failure::Failure;
use crate::wire::{ContentBlock, ConverseRequest, InferenceConfig, Role, ToolChoice};
use crate::{media_checks, reasoning_checks};

/// Bedrock's bound for the characters of a tool's name and of the id of its use.
const NAME_CHARS: usize = 64;

pub(crate) fn is_claude(model_id: &str) -> bool {
    model_id.contains("anthropic.")
}

pub(crate) fn is_nova(model_id: &str) -> bool {
    model_id.contains("amazon.nova")
}

/// Fails with `ValidationException` where Bedrock does for this model.
pub(crate) fn check(request: &ConverseRequest, model_id: &str) -> Result<(), Failure> {
    check_turns(request)?;
    check_content(request, model_id)?;
    check_tool_config(request)?;
    check_names(request)?;
    check_schemas(request, model_id)?;
    check_tool_results(request, model_id)?;
    check_end(request, model_id)?;
    reasoning_checks::check(request, model_id)?;
    check_inference(request, model_id)
}

pub(crate) fn refused(message: impl Into<String>) -> Result<(), Failure> {
    Err(Failure::validation(message))
}

/// A refusal by the model and not by Bedrock itself.
pub(crate) fn refused_by_model(message: impl AsRef<str>) -> Result<(), Failure> {
    refused(format!("The model returned the following errors: {}", message.as_ref()))
}

fn check_turns(request: &ConverseRequest) -> Result<(), Failure> {
    if request.messages.first().is_none_or(|message| message.role != Role::User) {
        return refused(
            "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
        );
    }
    let roles = request.messages.iter().map(|message| message.role);
    if roles.clone().zip(roles.skip(1)).any(|(one, next)| one == next) {
        return refused(
            "A conversation must alternate between user and assistant roles. Make sure the conversation alternates \
             between user and assistant roles and try again.",
        );
    }
    Ok(())
}

fn check_content(request: &ConverseRequest, model_id: &str) -> Result<(), Failure> {
    for (m, message) in request.messages.iter().enumerate() {
        if message.content.is_empty() {
            return refused(format!(
                "The content field in the Message object at messages.{m} is empty. Add a ContentBlock object to the \
                 content field and try again."
            ));
        }
        for (c, block) in message.content.iter().enumerate() {
            match (block, message.role) {
                (ContentBlock::Text(text), _) if text.trim().is_empty() => {
                    return refused(format!(
                        "The text field in the ContentBlock object at messages.{m}.content.{c} is blank. Add text to \
                         the text field, and try again."
                    ));
                }
                (ContentBlock::ToolUse(_), Role::User) => {
                    return refused(format!(
                        "messages.{m}.content.{c}: toolUse blocks are for the assistant."
                    ));
                }
                (
                    ContentBlock::ToolResult(_) | ContentBlock::Image(_) | ContentBlock::Document(_),
                    Role::Assistant,
                ) => {
                    return refused(format!("messages.{m}.content.{c}: this block is for the user."));
                }
                _ => {}
            }
        }
        media_checks::check(m, message, is_claude(model_id))?;
    }
    Ok(())
}

fn check_tool_config(request: &ConverseRequest) -> Result<(), Failure> {
    let blocks = || request.messages.iter().flat_map(|message| &message.content);
    let Some(config) = &request.tool_config else {
        let uses_tools =
            |block: &ContentBlock| matches!(block, ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_));
        return match blocks().any(uses_tools) {
            true => refused(
                "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
            ),
            false => Ok(()),
        };
    };
    if config.tools.is_empty() {
        return refused(
            "1 validation error detected: Value '[]' at 'toolConfig.tools' failed to satisfy constraint: Member must \
             have length greater than or equal to 1",
        );
    }
    let mut seen = BTreeSet::new();
    if request.tools().any(|tool| !seen.insert(tool.name.as_str())) {
        return refused_by_model("tools: Tool names must be unique.");
    }
    match &config.tool_choice {
        Some(ToolChoice::Tool(wanted)) if request.tool(&wanted.name).is_none() => {
            refused("The toolConfig.toolChoice.tool field names a tool that toolConfig.tools does not have.")
        }
        _ => Ok(()),
    }
}

/// The service counts from 1 in these messages, and quotes the value.
fn check_names(request: &ConverseRequest) -> Result<(), Failure> {
    for (at, tool) in (1..).zip(request.tools()) {
        check_name(&tool.name, &format!("toolConfig.tools.{at}.member.toolSpec.name"))?;
        if tool.description.as_deref() == Some("") {
            return refused(format!(
                "1 validation error detected: Value '' at 'toolConfig.tools.{at}.member.toolSpec.description' failed \
                 to satisfy constraint: Member must have length greater than or equal to 1"
            ));
        }
    }
    for (m, message) in (1..).zip(&request.messages) {
        for (c, block) in (1..).zip(&message.content) {
            let place = format!("messages.{m}.member.content.{c}.member");
            match block {
                ContentBlock::ToolUse(tool_use) => {
                    check_name(&tool_use.name, &format!("{place}.toolUse.name"))?;
                    check_name(&tool_use.tool_use_id, &format!("{place}.toolUse.toolUseId"))?;
                    if !tool_use.input.is_object() {
                        return refused(format!(
                            "The format of the value at messages.{}.content.{}.toolUse.input is invalid. Provide a \
                             json object for the field and try again.",
                            m - 1,
                            c - 1
                        ));
                    }
                }
                ContentBlock::ToolResult(result) => {
                    check_name(&result.tool_use_id, &format!("{place}.toolResult.toolUseId"))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn check_name(value: &str, place: &str) -> Result<(), Failure> {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let rule = match value.chars().count() {
        0 => "Member must have length greater than or equal to 1",
        count if count > NAME_CHARS => "Member must have length less than or equal to 64",
        _ if !value.chars().all(known) => "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+",
        _ => return Ok(()),
    };
    refused(format!(
        "1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: {rule}"
    ))
}

/// The schema of a tool must describe an object. Claude accepts no choice (`anyOf` and the like) at the root, and
/// restricts the names of the root's properties. Nova takes no definitions.
fn check_schemas(request: &ConverseRequest, model_id: &str) -> Result<(), Failure> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    for (at, tool) in request.tools().enumerate() {
        let schema = &tool.input_schema.json;
        if schema.get("type").is_none_or(|kind| kind != "object") {
            return refused(format!(
                "The value at toolConfig.tools.{at}.toolSpec.inputSchema.json.type must be one of the following: object."
            ));
        }
        let has =
            |keys: &[&str]| keys.iter().find(|key| schema.get(**key).is_some()).map(|key| (*key).to_owned());
        if is_claude(model_id) && has(&["oneOf", "allOf", "anyOf"]).is_some() {
            return refused(format!(
                "tools.{at}.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"
            ));
        }
        let mut names = schema.get("properties").and_then(|names| names.as_object()).into_iter().flatten();
        let fits = |name: &str| (1..=NAME_CHARS).contains(&name.len()) && name.chars().all(known);
        if is_claude(model_id) && names.any(|(name, _)| !fits(name)) {
            return refused_by_model(format!(
                "tools.{at}.custom.input_schema.properties: Property keys should match pattern \
                 '^[a-zA-Z0-9_.-]{{1,64}}$'"
            ));
        }
        if let Some(key) = has(&["$defs", "definitions"]).filter(|_| is_nova(model_id)) {
            return refused_by_model(format!(
                "Malformed input request: #/toolConfig/tools/{at}/toolSpec/inputSchema/json: extraneous key [{key}] \
                 is not permitted, please reformat your input and try again."
            ));
        }
    }
    Ok(())
}

/// Each use of a tool is answered in the next turn, and nothing else is.
fn check_tool_results(request: &ConverseRequest, model_id: &str) -> Result<(), Failure> {
    let mut asked: Vec<&str> = Vec::new();
    for (m, message) in request.messages.iter().enumerate() {
        let results: Vec<&str> = message.content.iter().filter_map(ContentBlock::answered_id).collect();
        if results.len() > asked.len() {
            return refused(format!(
                "The number of toolResult blocks at messages.{m}.content exceeds the number of toolUse blocks of \
                 previous turn."
            ));
        }
        check_answered(m, &asked, &results)?;
        let first = message.content.iter().take(results.len());
        if is_claude(model_id) && !first.clone().all(|block| block.answered_id().is_some()) {
            return refused_by_model(format!(
                "messages.{m}: Did not find {} `tool_result` block(s) at the beginning of this message. Messages \
                 following `tool_use` blocks must begin with a matching number of `tool_result` blocks.",
                results.len()
            ));
        }
        asked = message.content.iter().filter_map(ContentBlock::tool_use_id).collect();
    }
    check_answered(request.messages.len(), &asked, &[])
}

fn check_answered(m: usize, asked: &[&str], results: &[&str]) -> Result<(), Failure> {
    let missing: Vec<&str> = asked.iter().filter(|id| !results.contains(id)).copied().collect();
    match missing.is_empty() {
        true => Ok(()),
        false => refused(format!(
            "Expected toolResult blocks at messages.{m}.content for the following Ids: {}",
            missing.join(", ")
        )),
    }
}

/// Claude goes on with an assistant's last turn, and takes no white space at its end.
fn check_end(request: &ConverseRequest, model_id: &str) -> Result<(), Failure> {
    let last = request.messages.last().filter(|message| message.role == Role::Assistant);
    let blank = |block: &ContentBlock| matches!(block, ContentBlock::Text(text) if text.trim_end() != text);
    match last.and_then(|message| message.content.last()) {
        Some(block) if is_claude(model_id) && blank(block) => {
            refused_by_model("messages: final assistant content cannot end with trailing whitespace")
        }
        _ => Ok(()),
    }
}

/// From 4.5 on, Claude takes either `temperature` or `topP`, and no stop sequence of white space alone.
fn check_inference(request: &ConverseRequest, model_id: &str) -> Result<(), Failure> {
    let InferenceConfig { temperature, top_p, stop_sequences, .. } = &request.inference_config;
    let one_only = ["claude-sonnet-4-5", "claude-haiku-4-5"].iter().any(|model| model_id.contains(model));
    if one_only && temperature.is_some() && top_p.is_some() {
        return refused_by_model(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        );
    }
    let blank = stop_sequences.iter().any(|stop| stop.trim().is_empty());
    if blank && is_claude(model_id) {
        return refused_by_model("stop_sequences: each stop sequence must contain non-whitespace");
    }
    Ok(())
}
