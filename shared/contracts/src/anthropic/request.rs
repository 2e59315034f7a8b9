//! The request for a message.

use super::content::InputContent;
use super::options::{JsonOutputFormat, OutputConfig, ThinkingConfig};
use super::tools::{MessageTool, MessageToolChoice};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Body of `POST /v1/messages`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageRequest {
    /// The name of the model; `auto` for the chain.
    pub model: String,
    /// The turns of the conversation.
    pub messages: Vec<MessageTurn>,
    /// The most tokens that the answer may have, those of its reasoning included.
    pub max_tokens: u32,
    /// Instructions to the model: a text, or blocks of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<InputContent>,
    /// The sampling temperature, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Nucleus sampling: the share of the likeliest tokens to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Texts that end the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_sequences: Option<Vec<String>>,
    /// Whether the answer is streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// The tools that the model may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<MessageTool>>,
    /// The tools among which it may choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<MessageToolChoice>,
    /// The reasoning before the answer; ignored by models that do not reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<ThinkingConfig>,
    /// The effort and the form of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_config: Option<OutputConfig>,
    /// The older place of `output_config.format`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_format: Option<JsonOutputFormat>,
    /// `user_id` names the end user, who keeps the side of a split step; other members are ignored. The credentials say
    /// who asks and pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// All other fields; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Body of `POST /v1/messages/count_tokens`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageTokensRequest {
    /// The name of the model; `auto` for the chain.
    pub model: String,
    /// The turns of the conversation.
    pub messages: Vec<MessageTurn>,
    /// Instructions to the model: a text, or blocks of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<InputContent>,
    /// The tools that the model may call, in any form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Map<String, Value>>>,
    /// The effort and the form of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_config: Option<Value>,
    /// The older place of `output_config.format`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_format: Option<Value>,
    /// Every other field. The estimate does not count those of a request for a message, and they are ignored; the route
    /// refuses others by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Answer 200 to `POST /v1/messages/count_tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageTokens {
    /// The estimate of the tokens of the prompt.
    pub input_tokens: u64,
}

/// One turn of a conversation.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageTurn {
    /// `user`, `assistant` or `system`.
    pub role: MessageRole,
    /// A text, or blocks.
    pub content: InputContent,
    /// All other members. Those of a model's turn are left alone; others are refused by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The speaker of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageRole {
    /// The caller.
    User,
    /// The model.
    Assistant,
    /// Instructions among the turns, which newer clients can send. They count like those of `system`.
    System,
}

impl fmt::Debug for MessageRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageRequest").field("model", &self.model).finish_non_exhaustive()
    }
}

impl fmt::Debug for MessageTokensRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageTokensRequest").field("model", &self.model).finish_non_exhaustive()
    }
}
