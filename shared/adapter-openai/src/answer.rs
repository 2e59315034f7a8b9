//! Translates a chat completion for the port. An answer without token counts is still an answer; the gateway estimates
//! its cost.

use ports::{MappedNames, ModelAnswer, ModelError, StopReason, ToolCall};
use serde::Deserialize;
use serde_json::Value;

use crate::content::{self, Content};
use crate::counts::Counts;
use crate::failure::{self, ProviderFailure, unavailable};

#[derive(Deserialize)]
struct Completion {
    choices: Option<Vec<Choice>>,
    usage: Option<Counts>,
    /// The failure of the model behind OpenRouter, which says success in the head.
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Content>,
    /// The model's refusal, which it gives in place of an answer by the schema.
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    /// Some servers send none.
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default, deserialize_with = "content::arguments")]
    arguments: Option<String>,
}

/// `tools` has the caller's names of tools.
pub(crate) fn read(body: &[u8], tools: &MappedNames) -> Result<ModelAnswer, ModelError> {
    let incomplete = |what| unavailable(ProviderFailure::Incomplete(what));
    // serde's errors quote the text that they could not read.
    let completion: Completion =
        serde_json::from_slice(body).map_err(|_| incomplete("readable completion"))?;
    if let Some(error) = completion.error {
        return Err(failure::of_event(&error, None));
    }
    let choices = completion.choices.unwrap_or_default();
    let choice = choices.into_iter().next().ok_or_else(|| incomplete("choice"))?;
    let usage = completion.usage.and_then(Counts::usage);
    let calls = choice.message.tool_calls.unwrap_or_default().into_iter().enumerate();
    let tool_calls: Vec<ToolCall> = calls.map(|(place, made)| call(place, made, tools)).collect();
    let stop = stop_reason(choice.finish_reason.as_deref(), !tool_calls.is_empty());
    match choice.message.refusal.filter(|refusal| !refusal.is_empty()) {
        Some(text) => Ok(ModelAnswer {
            reasoning: Vec::new(),
            text,
            tool_calls: Vec::new(),
            stop: StopReason::Filtered,
            usage,
        }),
        None => {
            let text = choice.message.content.map(Content::into_text).unwrap_or_default();
            Ok(ModelAnswer { reasoning: Vec::new(), text, tool_calls, stop, usage })
        }
    }
}

fn call(place: usize, Call { id, function }: Call, tools: &MappedNames) -> ToolCall {
    ToolCall {
        id: call_id(id, place),
        name: tools.to_caller(&function.name),
        // A call without arguments.
        arguments: function
            .arguments
            .filter(|json| !json.trim().is_empty())
            .unwrap_or_else(|| "{}".to_owned()),
    }
}

/// The id of a call, by its place where the server sends none.
pub(crate) fn call_id(id: Option<String>, place: usize) -> String {
    id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{place}"))
}

/// The meaning of a finish reason. OpenAI has five; servers that speak its format pass on words of their own and of the
/// models behind them, in any case. An answer with any other word, or with none, is not known to be whole.
///
/// Some servers say `stop` after calls of tools, in which case the model waits for their results all the same.
pub(crate) fn stop_reason(finish_reason: Option<&str>, calls: bool) -> StopReason {
    let reason = finish_reason.unwrap_or_default().to_ascii_lowercase();
    match reason.as_str() {
        "stop" | "tool_calls" | "function_call" if calls => StopReason::ToolCalls,
        "stop" | "tool_calls" => StopReason::EndTurn,
        // Text Generation Inference and Together, Cohere, Anthropic.
        "eos_token" | "eos" | "complete" | "end_turn" | "tool_call" | "tool_use" if calls => {
            StopReason::ToolCalls
        }
        "eos_token" | "eos" | "complete" | "end_turn" | "tool_call" | "tool_use" => StopReason::EndTurn,
        "stop_sequence" => StopReason::StopSequence,
        // OpenAI; Gemini, Cohere and Anthropic; Mistral.
        "length" | "max_tokens" | "model_length" => StopReason::MaxTokens,
        // OpenAI; Gemini; Anthropic; Zhipu.
        "content_filter" | "safety" | "recitation" | "blocklist" | "prohibited_content" | "spii"
        | "refusal" | "sensitive" => StopReason::Filtered,
        // OpenRouter and vLLM; DeepSeek; Zhipu; Gemini: the answer is not whole.
        "error"
        | "abort"
        | "insufficient_system_resource"
        | "network_error"
        | "malformed_function_call"
        | "unexpected_tool_call" => StopReason::Malformed,
        _ => StopReason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_whole_only_where_it_is_known_to_be() {
        for (reason, without_calls, with_calls) in [
            ("stop", StopReason::EndTurn, StopReason::ToolCalls),
            ("STOP", StopReason::EndTurn, StopReason::ToolCalls),
            ("eos", StopReason::EndTurn, StopReason::ToolCalls),
            ("eos_token", StopReason::EndTurn, StopReason::ToolCalls),
            ("COMPLETE", StopReason::EndTurn, StopReason::ToolCalls),
            ("end_turn", StopReason::EndTurn, StopReason::ToolCalls),
            ("tool_use", StopReason::EndTurn, StopReason::ToolCalls),
            ("stop_sequence", StopReason::StopSequence, StopReason::StopSequence),
            // Its call is not read, so the answer lacks it.
            ("function_call", StopReason::Other, StopReason::ToolCalls),
            ("length", StopReason::MaxTokens, StopReason::MaxTokens),
            ("model_length", StopReason::MaxTokens, StopReason::MaxTokens),
            ("MAX_TOKENS", StopReason::MaxTokens, StopReason::MaxTokens),
            ("content_filter", StopReason::Filtered, StopReason::Filtered),
            ("SAFETY", StopReason::Filtered, StopReason::Filtered),
            ("PROHIBITED_CONTENT", StopReason::Filtered, StopReason::Filtered),
            ("sensitive", StopReason::Filtered, StopReason::Filtered),
            ("network_error", StopReason::Malformed, StopReason::Malformed),
            ("UNEXPECTED_TOOL_CALL", StopReason::Malformed, StopReason::Malformed),
            ("error", StopReason::Malformed, StopReason::Malformed),
            ("abort", StopReason::Malformed, StopReason::Malformed),
            ("insufficient_system_resource", StopReason::Malformed, StopReason::Malformed),
            ("invented_tomorrow", StopReason::Other, StopReason::Other),
            ("", StopReason::Other, StopReason::Other),
        ] {
            assert_eq!(stop_reason(Some(reason), false), without_calls, "{reason}");
            assert_eq!(stop_reason(Some(reason), true), with_calls, "{reason}");
        }
        assert_eq!(stop_reason(None, false), StopReason::Other);
    }
}
