//! Translates a whole chat completion to the answer of Converse.

use serde::Deserialize;

use crate::failure::Failure;
use crate::wire::{Answer, AnswerBlock, ToolSpec, Usage};

/// A whole chat completion.
#[derive(Debug, Deserialize)]
pub(crate) struct ChatCompletion {
    #[serde(default)]
    id: String,
    choices: Vec<Choice>,
    usage: Option<ChatUsage>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: ChatMessage,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ChatMessage {
    content: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Debug, Deserialize)]
struct ToolCall {
    id: String,
    function: FunctionCall,
}

#[derive(Debug, Deserialize)]
struct FunctionCall {
    name: String,
    arguments: String,
}

/// Token counts. The prompt's count includes the cached tokens in this format, and not in Converse.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct ChatUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    prompt_tokens_details: Option<PromptTokens>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct PromptTokens {
    cached_tokens: Option<u64>,
}

impl From<ChatUsage> for Usage {
    fn from(usage: ChatUsage) -> Self {
        let cached = usage.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        Usage {
            input_tokens: usage.prompt_tokens.saturating_sub(cached),
            output_tokens: usage.completion_tokens,
            cache_read_input_tokens: cached,
            cache_write_input_tokens: 0,
        }
    }
}

/// The Converse stop reason for a `finish_reason`. A called tool decides: some servers send `stop` even then.
pub(crate) fn stop_reason(finish_reason: Option<&str>, called_tool: bool) -> &'static str {
    match finish_reason {
        Some("length") => "max_tokens",
        Some("content_filter") => "content_filtered",
        _ if called_tool => "tool_use",
        _ => "end_turn",
    }
}

/// The answer in a chat completion. `usage` replaces the model's own count.
pub(crate) fn answer(
    completion: ChatCompletion,
    forced_tool: Option<&ToolSpec>,
    usage: Option<Usage>,
) -> Result<Answer, Failure> {
    let Some(choice) = completion.choices.into_iter().next() else {
        return Err(Failure::model_error("The model's answer has no choice."));
    };
    let usage = usage
        .or(completion.usage.map(Usage::from))
        .ok_or_else(|| Failure::model_error("The model's answer has no token counts."))?;
    let mut blocks = Vec::new();
    let mut called_tool = false;
    if let Some(text) = choice.message.content.filter(|text| !text.is_empty()) {
        // Output that was cut at the token limit is not JSON; it stays visible as text.
        let input = forced_tool.and_then(|tool| Some((tool, serde_json::from_str(&text).ok()?)));
        blocks.push(match input {
            Some((tool, input)) => {
                called_tool = true;
                AnswerBlock::ToolUse { id: tool_use_id(&completion.id), name: tool.name.clone(), input }
            }
            None => AnswerBlock::Text(text),
        });
    }
    for call in choice.message.tool_calls.unwrap_or_default() {
        let input = serde_json::from_str(&call.function.arguments)
            .map_err(|_| Failure::model_error("The model's tool input is not JSON."))?;
        called_tool = true;
        blocks.push(AnswerBlock::ToolUse { id: call.id, name: call.function.name, input });
    }
    let stop_reason = stop_reason(choice.finish_reason.as_deref(), called_tool).to_owned();
    Ok(Answer { blocks, stop_reason, usage })
}

/// The id of a tool use that is made from the text of an answer.
pub(crate) fn tool_use_id(completion_id: &str) -> String {
    format!("tooluse_{completion_id}")
}
