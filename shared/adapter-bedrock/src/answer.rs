//! Translates Bedrock's answer for the port. An answer without token counts is still an answer; the gateway estimates
//! its cost.

use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::types;
use aws_smithy_types::base64;
use ports::{MappedNames, ModelAnswer, ModelError, ReasoningContent, StopReason, ToolCall, Usage};

use crate::failure::{ProviderFailure, unavailable};
use crate::tools::ANSWER_TOOL;

/// `written` has the arguments of all calls, in their order.
pub(crate) fn read(
    output: ConverseOutput,
    written: &[String],
    tools: &MappedNames,
) -> Result<ModelAnswer, ModelError> {
    let Some(types::ConverseOutput::Message(message)) = output.output() else {
        return Err(unavailable(ProviderFailure::Incomplete("message")));
    };
    let (text, tool_calls) = content(message, written, tools)?;
    let stop = stop_reason(output.stop_reason(), !tool_calls.is_empty());
    let usage = output.usage().and_then(|usage| metered(usage, stop));
    Ok(ModelAnswer { reasoning: reasoning(message), text, tool_calls, stop, usage })
}

/// The reasoning in its order. A kind of a later API that this SDK does not know is left out.
fn reasoning(message: &types::Message) -> Vec<ReasoningContent> {
    let blocks = message.content().iter().filter_map(|block| block.as_reasoning_content().ok());
    blocks
        .filter_map(|block| match block {
            types::ReasoningContentBlock::ReasoningText(block) => Some(ReasoningContent::Text {
                text: block.text().to_owned(),
                signature: block.signature().filter(|signature| !signature.is_empty()).map(str::to_owned),
            }),
            types::ReasoningContentBlock::RedactedContent(data) => {
                Some(ReasoningContent::Redacted(base64::encode(data)))
            }
            _ => None,
        })
        .collect()
}

/// The input of the answer tool, otherwise the model's text, and the calls of the caller's tools. The caller's check of
/// the schema catches a model that was forced to call the answer tool and did not.
fn content(
    message: &types::Message,
    written: &[String],
    tools: &MappedNames,
) -> Result<(String, Vec<ToolCall>), ModelError> {
    let blocks = || message.content().iter().filter_map(|block| block.as_tool_use().ok());
    if blocks().count() != written.len() {
        return Err(unavailable(ProviderFailure::Incomplete("readable call of a tool")));
    }
    let mut structured = None;
    let mut calls = Vec::new();
    for (block, arguments) in blocks().zip(written) {
        if block.name() == ANSWER_TOOL {
            structured.get_or_insert_with(|| arguments.clone());
        } else {
            calls.push(ToolCall {
                id: block.tool_use_id().to_owned(),
                name: tools.to_caller(block.name()),
                arguments: arguments.clone(),
            });
        }
    }
    let said = || message.content().iter().filter_map(|block| block.as_text().ok()).map(String::as_str);
    Ok((structured.unwrap_or_else(|| said().collect()), calls))
}

/// The token counts; `None` when Bedrock sent none. The SDK fills missing counts with zeros, and only a guardrail
/// answers without asking the model.
pub(crate) fn metered(usage: &types::TokenUsage, stop: StopReason) -> Option<Usage> {
    let count = |tokens: i32| u64::try_from(tokens).unwrap_or_default();
    let usage = Usage {
        input_tokens: count(usage.input_tokens()),
        output_tokens: count(usage.output_tokens()),
        cache_read_tokens: count(usage.cache_read_input_tokens().unwrap_or_default()),
        cache_write_tokens: count(usage.cache_write_input_tokens().unwrap_or_default()),
        // Converse counts reasoning with the rest of the output.
        reasoning_tokens: 0,
    };
    let read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens;
    (read > 0 || stop == StopReason::Filtered).then_some(usage)
}

/// With `calls` of the caller's tools, the model waits for their results. The call of the answer tool is an end.
pub(crate) fn stop_reason(reason: &types::StopReason, calls: bool) -> StopReason {
    match reason {
        types::StopReason::EndTurn | types::StopReason::ToolUse if calls => StopReason::ToolCalls,
        types::StopReason::EndTurn | types::StopReason::ToolUse => StopReason::EndTurn,
        types::StopReason::StopSequence => StopReason::StopSequence,
        // A full context cuts an answer in the same way as the limit.
        types::StopReason::MaxTokens | types::StopReason::ModelContextWindowExceeded => StopReason::MaxTokens,
        types::StopReason::ContentFiltered | types::StopReason::GuardrailIntervened => StopReason::Filtered,
        types::StopReason::MalformedToolUse | types::StopReason::MalformedModelOutput => {
            StopReason::Malformed
        }
        _ => StopReason::Other,
    }
}
