//! The request for a response.

use super::super::chat::StreamOptions;
use super::super::tools::{ChatReasoningEffort, ToolChoiceMode};
use super::input::InputItem;
use super::text_or_list::TextOrList;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Body of `POST /v1/responses`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseRequest {
    /// The name of the model; `auto` for the chain.
    pub model: String,
    /// The user's text, or the whole conversation.
    pub input: TextOrList<InputItem>,
    /// Instructions before those of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The most tokens that the answer may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    /// The sampling temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Nucleus sampling: the share of the likeliest tokens to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Whether the answer is streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Ignored: nothing is padded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// The form that the text of the answer must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextConfiguration>,
    /// The tools that the model may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<ResponseTool>>,
    /// The tools among which it may choose; ignored without tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ResponseToolChoice>,
    /// Whether one answer may have several calls; it may by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// How long the model may reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<ResponseReasoning>,
    /// Further parts of the answer. Those of hosted tools are never there, and reasoning has its `encrypted_content` always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include: Option<Vec<String>>,
    /// Ignored: no answer is stored. Clients send true by default, also those that send the whole history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<bool>,
    /// Refused when true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<bool>,
    /// Given back in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// The end user, who keeps the side of a split step, if `safety_identifier` does not name one. The credentials say
    /// who asks and pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The newer name of `user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety_identifier: Option<String>,
    /// All other fields; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The form of the text of an answer.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TextConfiguration {
    /// The format; any text by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<TextFormat>,
    /// All other fields; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The format of the text of an answer. The members beside `type` are those of a schema.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct TextFormat {
    /// The kind of the format.
    #[serde(rename = "type")]
    pub kind: TextFormatKind,
    /// The name of the schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The JSON Schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Ignored: a whole answer is always checked; a streamed one is as right as its provider makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// The kinds of formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextFormatKind {
    /// Any text.
    Text,
    /// A JSON object.
    JsonObject,
    /// JSON that matches a schema.
    JsonSchema,
}

/// A tool. The members beside `type` are those of a function; a custom tool has a `format` in place of `parameters`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseTool {
    /// `function`, `custom`, or `namespace` for a group of both. The mapping leaves out or refuses every other kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The text that tells the model what the function does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of the arguments; without it the function has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Whether arguments must match the schema; they need not by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// All other members; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The tools among which the model may choose.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ResponseToolChoice {
    /// A rule for all tools.
    Mode(ToolChoiceMode),
    /// `{type: function, name}`, `{type: custom, name}` or `{type: allowed_tools, mode, tools}`. The mapping refuses everything
    /// else.
    Other(Value),
}

/// The reasoning of the model before it answers.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResponseReasoning {
    /// How long it may reason; ignored by models that do not reason.
    #[serde(default)]
    pub effort: Option<ChatReasoningEffort>,
    /// Whether the text of the reasoning is answered; any value says so.
    #[serde(default)]
    pub summary: Option<String>,
    /// All other members; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl fmt::Debug for ResponseRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseRequest").field("model", &self.model).finish_non_exhaustive()
    }
}
