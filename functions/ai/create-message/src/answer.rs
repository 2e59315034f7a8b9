//! Turns a completion into a message in Anthropic's format.

use crate::AskedMessage;
use application_ai::GatewayAnswer;
use contracts::anthropic::{
    AnsweredBlock, AnsweredMessage, MessageUsage, OutputTokensDetails, json_of_object,
};
use domain::ai::TokenCounts;
use domain::id::AiRequestId;
use edge::Problem;
use ports::{ReasoningContent, StopReason, ToolCall};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// The whole message.
pub(crate) fn whole(answer: &GatewayAnswer, asked: &AskedMessage) -> Result<AnsweredMessage, Problem> {
    let reasoning = answer.reasoning.iter().cloned().map(thinking).map(Ok);
    let text = (!answer.text.is_empty()).then(|| AnsweredBlock::Text { text: answer.text.clone() });
    let calls = answer.tool_calls.iter().map(tool_use);
    Ok(AnsweredMessage {
        content: reasoning.chain(text.map(Ok)).chain(calls).collect::<Result<_, _>>()?,
        stop_reason: Some(stop_reason(answer.stop).to_owned()),
        stop_sequence: stop_sequence(answer.stop, asked.only_stop.as_deref()),
        usage: usage(&answer.tokens, answer.reasoning_tokens),
        context_management: asked.edits.clone(),
        ..begun(&answer.head.request_id, answer.head.model.clone())
    })
}

/// A message without content.
pub(crate) fn begun(id: &AiRequestId, model: String) -> AnsweredMessage {
    let id = id.to_string();
    AnsweredMessage {
        id: format!("msg_{}", id.rsplit_once('_').map_or(id.as_str(), |(_, end)| end)),
        kind: "message".to_owned(),
        role: "assistant".to_owned(),
        model,
        content: Vec::new(),
        stop_reason: None,
        stop_sequence: None,
        usage: MessageUsage::default(),
        context_management: None,
    }
}

fn thinking(reasoning: ReasoningContent) -> AnsweredBlock {
    match reasoning {
        ReasoningContent::Text { text, signature } => {
            AnsweredBlock::Thinking { thinking: text, signature: signature.unwrap_or_default() }
        }
        ReasoningContent::Redacted(data) => AnsweredBlock::RedactedThinking { data },
    }
}

/// Arguments that were cut off, because the answer reached its longest length, can't be sent as an object: the call has
/// none. The stop reason says that the answer is cut.
fn tool_use(ToolCall { id, name, arguments }: &ToolCall) -> Result<AnsweredBlock, Problem> {
    let input = json_of_object(arguments).map_or_else(no_arguments, Ok)?;
    Ok(AnsweredBlock::ToolUse { id: id.clone(), name: name.clone(), input })
}

/// An empty object.
pub(crate) fn no_arguments() -> Result<Box<RawValue>, Problem> {
    to_raw_value(&Map::<String, Value>::new()).map_err(Problem::internal)
}

pub(crate) fn stop_reason(stop: StopReason) -> &'static str {
    match stop {
        StopReason::MaxTokens | StopReason::Other => "max_tokens",
        StopReason::StopSequence => "stop_sequence",
        StopReason::ToolCalls => "tool_use",
        StopReason::Filtered => "refusal",
        StopReason::EndTurn | StopReason::Malformed => "end_turn",
    }
}

/// The text that ended the answer.
pub(crate) fn stop_sequence(stop: StopReason, only_stop: Option<&str>) -> Option<String> {
    only_stop.filter(|_| stop == StopReason::StopSequence).map(str::to_owned)
}

pub(crate) fn usage(tokens: &TokenCounts, reasoning_tokens: u64) -> MessageUsage {
    MessageUsage {
        input_tokens: tokens.input,
        cache_creation_input_tokens: tokens.cache_write,
        cache_read_input_tokens: tokens.cache_read,
        output_tokens: tokens.output,
        output_tokens_details: OutputTokensDetails { thinking_tokens: reasoning_tokens },
    }
}
