//! The answer to a chat completion, whole or in the chunks of a stream.

use super::tools::{ChatToolCall, ToolCallDelta};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Answer 200 to `POST /v1/chat/completions`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatCompletion {
    /// The id of the request (`aireq_…`).
    pub id: String,
    /// Always `chat.completion`.
    pub object: String,
    /// When the request began, Unix seconds.
    pub created: i64,
    /// The model that answered.
    pub model: String,
    /// Always one completion.
    pub choices: Vec<Choice>,
    /// The tokens that were used.
    pub usage: ChatUsage,
}

/// A completion.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Always 0.
    pub index: u32,
    /// The message of the model.
    pub message: AssistantMessage,
    /// `stop`, `length`, `tool_calls` or `content_filter`.
    pub finish_reason: String,
    /// Always null.
    pub logprobs: Option<Value>,
}

/// The message of a model.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AssistantMessage {
    /// Always `assistant`.
    pub role: String,
    /// The text; null when the model only called tools.
    pub content: Option<String>,
    /// Always null.
    pub refusal: Option<String>,
    /// The text of the reasoning, as other servers with OpenAI's format give it; left out when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// The reasoning in the form of LiteLLM. The model goes on with it when a caller sends the message back with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_blocks: Option<Vec<ThinkingBlock>>,
    /// The calls of tools; left out when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<ChatToolCall>>,
}

/// A part of the reasoning, in the form of Anthropic's blocks. In a stream, the parts of a text follow each other with the
/// same `index`, by which clients join them, and the signature comes with the last one, which has no text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ThinkingBlock {
    /// Reasoning that can be read.
    Thinking {
        /// The text.
        thinking: String,
        /// Belongs to exactly this text; left out where the reasoning was cut.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
        /// The place of the block, in a stream alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        index: Option<usize>,
    },
    /// Reasoning that the provider shows to nobody.
    RedactedThinking {
        /// Opaque.
        data: String,
        /// The place of the block, in a stream alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        index: Option<usize>,
    },
}

/// Tokens of a prompt and its completion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatUsage {
    /// Tokens of the prompt, those from the prompt cache included.
    pub prompt_tokens: u64,
    /// Tokens of the completion.
    pub completion_tokens: u64,
    /// The sum of both.
    pub total_tokens: u64,
    /// Details of the prompt's tokens.
    pub prompt_tokens_details: PromptTokensDetails,
    /// Details of the completion's tokens.
    pub completion_tokens_details: CompletionTokensDetails,
}

/// Details of the completion's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionTokensDetails {
    /// Tokens of the reasoning, where the provider counts them apart. They are part of the completion's.
    pub reasoning_tokens: u64,
}

/// Details of the prompt's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptTokensDetails {
    /// Tokens that were read from the prompt cache.
    pub cached_tokens: u64,
}

/// A chunk of a streamed completion.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatChunk {
    /// The id of the request.
    pub id: String,
    /// Always `chat.completion.chunk`.
    pub object: String,
    /// When the request began, Unix seconds.
    pub created: i64,
    /// The model that answers.
    pub model: String,
    /// One choice, or none in the chunk with the token counts.
    pub choices: Vec<ChunkChoice>,
    /// The token counts, in the last chunk if the request asked for them; the other chunks leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ChatUsage>,
}

/// The new part of a completion.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChunkChoice {
    /// Always 0.
    pub index: u32,
    /// The new text.
    pub delta: ChunkDelta,
    /// Null until the completion ends.
    pub finish_reason: Option<String>,
    /// Always null.
    pub logprobs: Option<Value>,
}

/// The new text of a chunk.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChunkDelta {
    /// `assistant`, in the first chunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The text that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The text of the reasoning that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// The reasoning that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_blocks: Option<Vec<ThinkingBlock>>,
    /// The parts of calls that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<ToolCallDelta>>,
}

impl fmt::Debug for ChatCompletion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatCompletion").field("id", &self.id).finish_non_exhaustive()
    }
}
