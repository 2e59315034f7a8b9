//! A whole completion in OpenAI's format.

use crate::custom_tools::{CustomTools, input_of};
use application_ai::GatewayAnswer;
use contracts::openai::{
    AssistantMessage, CalledCustomTool, CalledFunction, ChatCompletion, ChatToolCall, ChatUsage, Choice,
    CompletionTokensDetails, PromptTokensDetails, ThinkingBlock,
};
use domain::ai::TokenCounts;
use ports::{ReasoningContent, StopReason, ToolCall};

/// The type of functions.
pub const FUNCTION: &str = "function";
/// The type of custom tools.
pub const CUSTOM: &str = "custom";

/// The completion, made at the Unix time `created`.
pub fn whole(answer: &GatewayAnswer, custom: &CustomTools, created: i64) -> ChatCompletion {
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
                reasoning_content: reasoning_text(&answer.reasoning),
                thinking_blocks: (!answer.reasoning.is_empty())
                    .then(|| answer.reasoning.iter().cloned().map(thinking_block).collect()),
                tool_calls: (!answer.tool_calls.is_empty())
                    .then(|| answer.tool_calls.iter().map(|call| tool_call(call, custom)).collect()),
            },
            finish_reason: finish_reason(answer.stop).to_owned(),
            logprobs: None,
        }],
        usage: usage(&answer.tokens, answer.reasoning_tokens),
    }
}

/// The text of the reasoning, if it has any.
fn reasoning_text(reasoning: &[ReasoningContent]) -> Option<String> {
    let texts = reasoning.iter().filter_map(|block| match block {
        ReasoningContent::Text { text, .. } => Some(text.as_str()),
        ReasoningContent::Redacted(_) => None,
    });
    Some(texts.collect::<String>()).filter(|text| !text.is_empty())
}

fn thinking_block(reasoning: ReasoningContent) -> ThinkingBlock {
    match reasoning {
        ReasoningContent::Text { text, signature } => {
            ThinkingBlock::Thinking { thinking: text, signature, index: None }
        }
        ReasoningContent::Redacted(data) => ThinkingBlock::RedactedThinking { data, index: None },
    }
}

fn tool_call(ToolCall { id, name, arguments }: &ToolCall, custom: &CustomTools) -> ChatToolCall {
    let (id, name) = (id.clone(), name.clone());
    if custom.has(&name) {
        let custom = Some(CalledCustomTool { name, input: input_of(arguments) });
        return ChatToolCall { id, kind: CUSTOM.to_owned(), function: None, custom };
    }
    let function = Some(CalledFunction { name, arguments: arguments.clone() });
    ChatToolCall { id, kind: FUNCTION.to_owned(), function, custom: None }
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
