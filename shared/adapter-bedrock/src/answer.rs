//! Translates Bedrock's answer for the port. An answer without token counts is still an answer; the gateway estimates
//! its cost.

use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::types;
use ports::{ModelAnswer, ModelError, StopReason, Usage};

use crate::document;
use crate::failure::{ProviderFailure, unavailable};
use crate::request::ANSWER_TOOL;

pub(crate) fn read(output: ConverseOutput) -> Result<ModelAnswer, ModelError> {
    let stop = stop_reason(output.stop_reason());
    let Some(types::ConverseOutput::Message(message)) = output.output() else {
        return Err(unavailable(ProviderFailure::Incomplete("message")));
    };
    Ok(ModelAnswer {
        text: text(message),
        stop,
        usage: output.usage().and_then(|usage| metered(usage, stop)),
    })
}

/// The input of the answer tool, otherwise the model's text. The caller's check of the schema catches a model that was
/// forced to call the tool and did not.
fn text(message: &types::Message) -> String {
    let structured = message.content().iter().find_map(|block| match block {
        types::ContentBlock::ToolUse(tool) if tool.name() == ANSWER_TOOL => {
            Some(document::to_json(tool.input()))
        }
        _ => None,
    });
    match structured {
        Some(input) => input.to_string(),
        None => {
            message.content().iter().filter_map(|block| block.as_text().ok()).map(String::as_str).collect()
        }
    }
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
    };
    let read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens;
    (read > 0 || stop == StopReason::Filtered).then_some(usage)
}

pub(crate) fn stop_reason(reason: &types::StopReason) -> StopReason {
    match reason {
        // A structured answer ends with the call of its only tool, and a stop text is an end that the caller asked for.
        types::StopReason::EndTurn | types::StopReason::ToolUse | types::StopReason::StopSequence => {
            StopReason::EndTurn
        }
        // A full context cuts an answer in the same way as the limit.
        types::StopReason::MaxTokens | types::StopReason::ModelContextWindowExceeded => StopReason::MaxTokens,
        types::StopReason::ContentFiltered | types::StopReason::GuardrailIntervened => StopReason::Filtered,
        _ => StopReason::Other,
    }
}
