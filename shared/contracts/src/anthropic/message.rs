//! The answer to a request for a message.

use super::context_edits::AppliedContextEdits;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// Answer 200 to `POST /v1/messages`, and the beginning of a streamed one.
#[derive(Clone, Serialize, Deserialize)]
pub struct AnsweredMessage {
    /// `msg_` and the end of the request's id.
    pub id: String,
    /// Always `message`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Always `assistant`.
    pub role: String,
    /// The model that answered.
    pub model: String,
    /// Reasoning, a text, and then calls of tools. It may be empty.
    pub content: Vec<AnsweredBlock>,
    /// `end_turn`, `max_tokens`, `stop_sequence`, `tool_use` or `refusal`; null at the beginning of a stream.
    pub stop_reason: Option<String>,
    /// The text that ended the answer, if the request named only one.
    pub stop_sequence: Option<String>,
    /// The tokens that were used.
    pub usage: MessageUsage,
    /// The edits of the conversation that the request asked for, if it asked for any. In a stream they are in
    /// `message_delta`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_management: Option<AppliedContextEdits>,
}

/// A block of an answer.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AnsweredBlock {
    /// Reasoning that can be read.
    Thinking {
        /// The text of the reasoning.
        thinking: String,
        /// The model goes on with this reasoning when it gets it back with this text. Empty where the reasoning was cut.
        signature: String,
    },
    /// Reasoning that the provider shows to nobody.
    RedactedThinking {
        /// The model goes on with this reasoning when it gets it back.
        data: String,
    },
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// A call of a tool.
    ToolUse {
        /// Names the call in its result.
        id: String,
        /// The name of the tool.
        name: String,
        /// The arguments: a JSON object as the model wrote it.
        #[serde(deserialize_with = "raw_object")]
        input: Box<RawValue>,
    },
}

/// Tokens of a prompt and its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageUsage {
    /// Tokens of the prompt without those of the prompt cache.
    pub input_tokens: u64,
    /// Tokens of the prompt that were written to the prompt cache.
    pub cache_creation_input_tokens: u64,
    /// Tokens of the prompt that were read from the prompt cache.
    pub cache_read_input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// Details of the answer's tokens.
    pub output_tokens_details: OutputTokensDetails,
}

/// Details of the answer's tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputTokensDetails {
    /// Tokens of the reasoning, where the provider counts them apart. They are part of the answer's.
    pub thinking_tokens: u64,
}

/// The JSON text, if it is one object.
pub fn json_of_object(text: &str) -> Option<Box<RawValue>> {
    let json: Box<RawValue> = serde_json::from_str(text).ok()?;
    json.get().starts_with('{').then_some(json)
}

/// The reader of a tagged type keeps its members as values, from which raw text can't be read.
fn raw_object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<RawValue>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    json_of_object(&value.to_string()).ok_or_else(|| D::Error::custom("must be an object"))
}

impl fmt::Debug for AnsweredMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnsweredMessage").field("id", &self.id).finish_non_exhaustive()
    }
}
