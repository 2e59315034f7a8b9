//! A whole completion in OpenAI's format.

use application_ai::GatewayAnswer;
use contracts::openai::{
    AssistantMessage, CalledFunction, ChatCompletion, ChatToolCall, ChatUsage, Choice,
    CompletionTokensDetails, PromptTokensDetails,
};
use domain::ai::TokenCounts;
use ports::{StopReason, ToolCall};

/// The only type of tools.
pub const FUNCTION: &str = "function";

/// The completion, made at the Unix time `created`.
pub fn whole(answer: &GatewayAnswer, created: i64) -> ChatCompletion {
    ChatCompletion {
        id: answer.head.request_id.to_string(),
        object: "chat.completion".to_owned(),
        created,
        model: answer.head.model.clone(),
        choices: vec![Choice {
            index: 0,
            message: AssistantMessage {
                role: "assistant".to_owned(),
                content: (answer.tool_calls.is_empty() || !answer.text.is_empty())
                    .then(|| answer.text.clone()),
                refusal: None,
                tool_calls: (!answer.tool_calls.is_empty())
                    .then(|| answer.tool_calls.iter().map(tool_call).collect()),
            },
            finish_reason: finish_reason(answer.stop).to_owned(),
            logprobs: None,
        }],
        usage: usage(&answer.tokens, answer.reasoning_tokens),
    }
}

fn tool_call(ToolCall { id, name, arguments }: &ToolCall) -> ChatToolCall {
    let function = CalledFunction { name: name.clone(), arguments: arguments.clone() };
    ChatToolCall { id: id.clone(), kind: FUNCTION.to_owned(), function }
}

/// The token counts.
pub fn usage(tokens: &TokenCounts, reasoning_tokens: u64) -> ChatUsage {
    let prompt = tokens.input + tokens.cache_read + tokens.cache_write;
    ChatUsage {
        prompt_tokens: prompt,
        completion_tokens: tokens.output,
        total_tokens: prompt + tokens.output,
        prompt_tokens_details: PromptTokensDetails { cached_tokens: tokens.cache_read },
        completion_tokens_details: CompletionTokensDetails { reasoning_tokens },
    }
}

/// The reason why a completion ended.
pub fn finish_reason(stop: StopReason) -> &'static str {
    match stop {
        StopReason::MaxTokens | StopReason::Other => "length",
        StopReason::Filtered => "content_filter",
        StopReason::ToolCalls => "tool_calls",
        StopReason::EndTurn | StopReason::StopSequence | StopReason::Malformed => "stop",
    }
}
