//! The checks of reasoning that Claude makes on Bedrock, in its words: reasoning comes back byte for byte with its own
//! signature and before what it led to, and a turn that is going on began with reasoning if the request asks for more with a
//! budget. Other models take no reasoning at all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::checks::{is_claude, refused, refused_by_model};
use crate::failure::Failure;
use crate::wire::{ContentBlock, ConverseRequest, Message, ReasoningContent, Role, ToolChoice, signature};

pub(crate) fn check(request: &ConverseRequest, model_id: &str) -> Result<(), Failure> {
    for (m, message) in request.messages.iter().enumerate() {
        for (c, block) in message.content.iter().enumerate() {
            if let ContentBlock::ReasoningContent(reasoning) = block {
                if !is_claude(model_id) || message.role == Role::User {
                    return refused(
                        "This model doesn't support the reasoningContent field. Remove reasoningContent and try again.",
                    );
                }
                check_signature(m, c, reasoning)?;
            }
        }
        if message.content.last().is_some_and(is_reasoning) {
            return refused_by_model(format!(
                "messages.{m}: The final block in an assistant message cannot be `thinking`."
            ));
        }
    }
    if is_claude(model_id) { check_mode(request) } else { Ok(()) }
}

fn check_signature(m: usize, c: usize, reasoning: &ReasoningContent) -> Result<(), Failure> {
    match reasoning {
        ReasoningContent::ReasoningText(block) => match &block.signature {
            None => refused_by_model(format!("messages.{m}.content.{c}.thinking.signature: Field required")),
            Some(given) if *given != signature(&block.text) => {
                refused_by_model(format!("messages.{m}.content.{c}: Invalid `signature` in `thinking` block"))
            }
            Some(_) => Ok(()),
        },
        ReasoningContent::RedactedContent(data) if STANDARD.decode(data).is_err() => {
            refused_by_model(format!("messages.{m}.content.{c}: Invalid `data` in `redacted_thinking` block"))
        }
        ReasoningContent::RedactedContent(_) => Ok(()),
    }
}

fn is_reasoning(block: &ContentBlock) -> bool {
    matches!(block, ContentBlock::ReasoningContent(_))
}

/// The rules for the turn that is going on, which depend on the reasoning that the request asks for.
fn check_mode(request: &ConverseRequest) -> Result<(), Failure> {
    let mode = request.additional_model_request_fields.pointer("/thinking/type");
    let mode = mode.and_then(Value::as_str).unwrap_or("disabled");
    let going_on = turn_going_on(&request.messages);
    if mode == "disabled" {
        let reasons = going_on.iter().flat_map(|(_, message)| &message.content).any(is_reasoning);
        return match reasons {
            true => refused_by_model(
                "When thinking is disabled, an `assistant` message in the final position cannot contain `thinking`.",
            ),
            false => Ok(()),
        };
    }
    let choice = request.tool_config.as_ref().and_then(|config| config.tool_choice.as_ref());
    if matches!(choice, Some(ToolChoice::Any(_) | ToolChoice::Tool(_))) {
        return refused_by_model("Thinking may not be enabled when tool_choice forces tool use.");
    }
    let temperature = request.inference_config.temperature.as_ref();
    if temperature.is_some_and(|value| value.as_f64() != Some(1.0)) {
        return refused_by_model("`temperature` may only be set to 1 when thinking is enabled.");
    }
    match going_on.last() {
        Some((m, first)) if mode == "enabled" && !first.content.first().is_some_and(is_reasoning) => {
            refused_by_model(format!(
                "messages.{m}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When \
                 `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the \
                 lastmost set of `tool_use` and `tool_result` blocks)."
            ))
        }
        _ => Ok(()),
    }
}

/// The assistant's messages since the user last said something, the last one first. Results of tools go on with a turn.
fn turn_going_on(messages: &[Message]) -> Vec<(usize, &Message)> {
    let goes_on = |message: &Message| {
        message.role == Role::Assistant || message.content.iter().any(|block| block.answered_id().is_some())
    };
    let messages = messages.iter().enumerate().rev().take_while(|(_, message)| goes_on(message));
    messages.filter(|(_, message)| message.role == Role::Assistant).collect()
}
