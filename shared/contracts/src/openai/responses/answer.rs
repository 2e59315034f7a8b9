//! A response. Members that are always null are there, because clients read them.

use super::request::{ResponseReasoning, ResponseTool, ResponseToolChoice, TextConfiguration};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Answer 200 to `POST /v1/responses`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelResponse {
    /// `resp_` and the id of the request without its prefix.
    pub id: String,
    /// Always `response`.
    pub object: String,
    /// When the request began, Unix seconds.
    pub created_at: i64,
    /// The state of the answer.
    pub status: ResponseStatus,
    /// Always false.
    pub background: bool,
    /// The error of a failed answer.
    pub error: Option<ResponseError>,
    /// The reason why an answer is incomplete.
    pub incomplete_details: Option<IncompleteDetails>,
    /// The instructions of the request.
    pub instructions: Option<String>,
    /// The limit of the request.
    pub max_output_tokens: Option<u32>,
    /// The metadata of the request.
    pub metadata: Map<String, Value>,
    /// The model that answered.
    pub model: String,
    /// The reasoning, messages and calls of the model.
    pub output: Vec<OutputItem>,
    /// Whether the answer may have several calls.
    pub parallel_tool_calls: bool,
    /// Always null: no answer is stored.
    pub previous_response_id: Option<String>,
    /// The reasoning that the request asked for.
    pub reasoning: ResponseReasoning,
    /// Always false.
    pub store: bool,
    /// The temperature of the request.
    pub temperature: Option<f32>,
    /// The format of the request.
    pub text: TextConfiguration,
    /// The choice of the request.
    pub tool_choice: ResponseToolChoice,
    /// The tools of the request.
    pub tools: Vec<ResponseTool>,
    /// The share of the request.
    pub top_p: Option<f32>,
    /// Always `disabled`.
    pub truncation: String,
    /// The tokens that were used; null until the answer ends.
    pub usage: Option<ResponseUsage>,
    /// The user of the request.
    pub user: Option<String>,
}

/// The state of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseStatus {
    /// The model is answering.
    InProgress,
    /// The answer is whole.
    Completed,
    /// The answer was cut.
    Incomplete,
    /// The answer broke off.
    Failed,
}

/// The error of a failed answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseError {
    /// A code for programs: one of OpenAI's list for responses.
    pub code: String,
    /// A text for people.
    pub message: String,
}

/// The reason why an answer is incomplete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncompleteDetails {
    /// `max_output_tokens` or `content_filter`.
    pub reason: String,
}

/// An item of an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutputItem {
    /// Reasoning before the items that follow.
    Reasoning {
        /// Names the item in events.
        id: String,
        /// The state of the item.
        status: OutputStatus,
        /// The text, if the request asks for a summary.
        summary: Vec<SummaryPart>,
        /// The model goes on with this reasoning when it gets the item back with it. Null until the item ends, and where the
        /// reasoning was cut.
        encrypted_content: Option<String>,
    },
    /// A message.
    Message {
        /// Names the message in events.
        id: String,
        /// The state of the message.
        status: OutputStatus,
        /// Always `assistant`.
        role: String,
        /// One text; none in the event with which the message begins.
        content: Vec<OutputText>,
    },
    /// A call of a function.
    FunctionCall {
        /// Names the item in events.
        id: String,
        /// The state of the call.
        status: OutputStatus,
        /// Names the call in its output.
        call_id: String,
        /// The namespace of the function; left out for a function outside of namespaces.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// The name of the function.
        name: String,
        /// The arguments as JSON text.
        arguments: String,
    },
    /// A call of a custom tool.
    CustomToolCall {
        /// Names the item in events.
        id: String,
        /// The state of the call.
        status: OutputStatus,
        /// Names the call in its output.
        call_id: String,
        /// The namespace of the tool; left out for a tool outside of namespaces.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// The name of the tool.
        name: String,
        /// The input.
        input: String,
    },
}

/// The text of reasoning.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryPart {
    /// Always `summary_text`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text.
    pub text: String,
}

impl SummaryPart {
    /// A part with this text.
    pub fn of(text: String) -> Self {
        Self { kind: "summary_text".to_owned(), text }
    }
}

/// The state of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputStatus {
    /// The model is writing it.
    InProgress,
    /// It is whole.
    Completed,
    /// It was cut.
    Incomplete,
}

/// The text of a message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputText {
    /// Always `output_text`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text.
    pub text: String,
    /// Always empty: there are no hosted tools that cite.
    pub annotations: Vec<Value>,
    /// Always empty.
    pub logprobs: Vec<Value>,
}

/// Tokens of a prompt and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseUsage {
    /// Tokens of the prompt, those of the prompt cache included.
    pub input_tokens: u64,
    /// Details of the prompt's tokens.
    pub input_tokens_details: InputTokensDetails,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// Details of the answer's tokens.
    pub output_tokens_details: OutputTokensDetails,
    /// The sum of both.
    pub total_tokens: u64,
}

/// Details of the prompt's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputTokensDetails {
    /// Tokens that were read from the prompt cache.
    pub cached_tokens: u64,
    /// Tokens that were written to the prompt cache.
    pub cache_write_tokens: u64,
}

/// Details of the answer's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputTokensDetails {
    /// Tokens of the reasoning, where the provider counts them apart. They are part of the answer's.
    pub reasoning_tokens: u64,
}

impl fmt::Debug for ModelResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelResponse").field("id", &self.id).finish_non_exhaustive()
    }
}
