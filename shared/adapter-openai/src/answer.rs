//! Translates a chat completion for the port. An answer without token counts is still an answer; the gateway estimates
//! its cost.

use ports::{ModelAnswer, ModelError, StopReason, ToolCall, Usage};
use serde::Deserialize;

use crate::failure::{ProviderFailure, unavailable};

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
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
    arguments: Option<String>,
}

/// Token counts. The prompt's count includes tokens that were read from the cache. Some servers send no counts, or
/// zeros.
#[derive(Deserialize)]
pub(crate) struct Counts {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl Counts {
    /// The counts, when the server sent both: no prompt has zero tokens.
    pub(crate) fn usage(self) -> Option<Usage> {
        let cached = self.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        let reasoning = self.completion_tokens_details.and_then(|details| details.reasoning_tokens);
        Some(Usage {
            input_tokens: self.prompt_tokens.filter(|tokens| *tokens > 0)?.saturating_sub(cached),
            output_tokens: self.completion_tokens?,
            cache_read_tokens: cached,
            // These servers write to their caches for free and do not count it.
            cache_write_tokens: 0,
            reasoning_tokens: reasoning.unwrap_or(0),
        })
    }
}

pub(crate) fn read(body: &[u8]) -> Result<ModelAnswer, ModelError> {
    let incomplete = |what| unavailable(ProviderFailure::Incomplete(what));
    // serde's errors quote the text that they could not read.
    let completion: Completion =
        serde_json::from_slice(body).map_err(|_| incomplete("readable completion"))?;
    let choice = completion.choices.into_iter().next().ok_or_else(|| incomplete("choice"))?;
    let usage = completion.usage.and_then(Counts::usage);
    let tool_calls: Vec<ToolCall> =
        choice.message.tool_calls.unwrap_or_default().into_iter().enumerate().map(call).collect();
    let stop = stop_reason(choice.finish_reason.as_deref(), !tool_calls.is_empty());
    match choice.message.refusal.filter(|refusal| !refusal.is_empty()) {
        Some(text) => Ok(ModelAnswer { text, tool_calls: Vec::new(), stop: StopReason::Filtered, usage }),
        None => {
            let text = choice.message.content.unwrap_or_default();
            Ok(ModelAnswer { text, tool_calls, stop, usage })
        }
    }
}

fn call((place, Call { id, function }): (usize, Call)) -> ToolCall {
    ToolCall {
        id: call_id(id, place),
        name: function.name,
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

/// Some servers say `stop` after calls of tools, in which case the model waits for their results all the same.
pub(crate) fn stop_reason(finish_reason: Option<&str>, calls: bool) -> StopReason {
    match finish_reason {
        Some("stop" | "tool_calls" | "function_call") if calls => StopReason::ToolCalls,
        Some("stop" | "tool_calls") => StopReason::EndTurn,
        Some("length") => StopReason::MaxTokens,
        Some("content_filter") => StopReason::Filtered,
        // OpenRouter and vLLM: the answer is not whole.
        Some("error" | "abort") => StopReason::Malformed,
        _ => StopReason::Other,
    }
}
