//! OpenAI's wire format, as its clients send and read it: chat completions, embeddings and models
//! (platform.openai.com/docs/api-reference). Fields that change nothing here are taken and left alone, so that unchanged
//! clients work; fields that would change the answer and that we don't have, and those that nobody knows, are refused by
//! whoever maps them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Body of `POST /v1/chat/completions`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The model; `auto` for the environment's chain.
    pub model: String,
    /// The turns.
    pub messages: Vec<ChatMessage>,
    /// The longest answer, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The newer name of `max_tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u32>,
    /// How much chance is in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Share of the likeliest tokens to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// A text that ends the answer, or several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// Whether the answer comes bit by bit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// How it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// What the answer must look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// Answers wanted; only 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Refused when there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Value>>,
    /// Means nothing without tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<Value>,
    /// Means nothing without tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// Refused unless 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f32>,
    /// Refused unless 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f32>,
    /// Refused when true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// Left alone: a wish that models don't promise to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Left alone: who asks is known from the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// Left alone: nothing is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<bool>,
    /// What else there is: to be judged by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One turn.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// `system`, `developer`, `user` or `assistant`.
    pub role: ChatRole,
    /// What is said; a model's turn may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What a model said instead; clients send it back with the answers they got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// What else there is: to be judged by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatRole {
    /// Instructions.
    System,
    /// Instructions, by their newer name.
    Developer,
    /// The caller.
    User,
    /// The model.
    Assistant,
}

/// What is said: a text, or parts of one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A text.
    Text(String),
    /// Parts that follow each other.
    Parts(Vec<Part>),
}

impl Content {
    /// The whole text.
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts
                .into_iter()
                .map(|part| match part {
                    Part::Text { text } => text,
                    Part::Refusal { refusal } => refusal,
                })
                .collect(),
        }
    }
}

/// A part of what is said. Only text is taken.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// What a model said instead of an answer.
    Refusal {
        /// The text.
        refusal: String,
    },
}

/// A text that ends the answer, or several.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Stop {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// How a streamed answer comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOptions {
    /// Whether tokens are told at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_usage: Option<bool>,
    /// Left alone: nothing is padded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_obfuscation: Option<bool>,
}

/// What an answer must look like.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Anything.
    Text,
    /// A JSON object.
    JsonObject,
    /// What a schema says.
    JsonSchema {
        /// The schema.
        json_schema: NamedSchema,
    },
}

/// A schema with its name.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedSchema {
    /// What to call it.
    pub name: String,
    /// The schema.
    #[serde(default)]
    pub schema: Option<Value>,
    /// Left alone: a whole answer is checked, whatever this says. A streamed one is as right as its provider makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// Left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Answer 200 to `POST /v1/chat/completions`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatCompletion {
    /// The request (`aireq_…`).
    pub id: String,
    /// `chat.completion`.
    pub object: String,
    /// Unix seconds.
    pub created: i64,
    /// The model that answered.
    pub model: String,
    /// One.
    pub choices: Vec<Choice>,
    /// Tokens.
    pub usage: ChatUsage,
}

/// An answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// 0.
    pub index: u32,
    /// What the model says.
    pub message: AssistantMessage,
    /// `stop`, `length` or `content_filter`.
    pub finish_reason: String,
    /// Null.
    pub logprobs: Option<Value>,
}

/// What the model says.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AssistantMessage {
    /// `assistant`.
    pub role: String,
    /// The text.
    pub content: String,
    /// Null.
    pub refusal: Option<String>,
}

/// Tokens of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatUsage {
    /// Read, also from the prompt cache.
    pub prompt_tokens: u64,
    /// Written.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// What the prompt cache gave.
    pub prompt_tokens_details: PromptTokensDetails,
}

/// What is in the prompt's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptTokensDetails {
    /// Read from the prompt cache.
    pub cached_tokens: u64,
}

/// A part of a streamed answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatChunk {
    /// The request.
    pub id: String,
    /// `chat.completion.chunk`.
    pub object: String,
    /// Unix seconds.
    pub created: i64,
    /// The model that answers.
    pub model: String,
    /// One, or none in the part that tells the tokens.
    pub choices: Vec<ChunkChoice>,
    /// Tokens, in the last part when they were asked for; the others leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ChatUsage>,
}

/// A part of an answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChunkChoice {
    /// 0.
    pub index: u32,
    /// What is new.
    pub delta: ChunkDelta,
    /// Null until the answer ends.
    pub finish_reason: Option<String>,
    /// Null.
    pub logprobs: Option<Value>,
}

/// What is new in a part.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChunkDelta {
    /// `assistant`, in the first part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// More text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// Body of `POST /v1/embeddings`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingRequest {
    /// The model.
    pub model: String,
    /// A text, or several. Tokens are not taken: they mean something to one model only.
    pub input: Input,
    /// Numbers of each vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// `float` or `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_format: Option<EncodingFormat>,
    /// Left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What else there is: to be judged by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A text, or several.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncodingFormat {
    /// As numbers.
    Float,
    /// As little-endian 32-bit floats in base64, which OpenAI's clients ask for.
    Base64,
}

/// Answer 200 to `POST /v1/embeddings`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingList {
    /// `list`.
    pub object: String,
    /// One for each text.
    pub data: Vec<Embedding>,
    /// The model that answered.
    pub model: String,
    /// Tokens.
    pub usage: EmbeddingUsage,
}

/// A vector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    /// `embedding`.
    pub object: String,
    /// Position of its text.
    pub index: u32,
    /// The vector.
    pub embedding: Vector,
}

/// A vector, as it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Vector {
    /// Numbers, each as short as it can be written.
    Numbers(Vec<f32>),
    /// Little-endian 32-bit floats in base64.
    Base64(String),
}

/// Tokens of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingUsage {
    /// Read.
    pub prompt_tokens: u64,
    /// The same.
    pub total_tokens: u64,
}

/// Answer 200 to `GET /v1/models`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    /// `list`.
    pub object: String,
    /// The models.
    pub data: Vec<Model>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// What to name it by.
    pub id: String,
    /// `model`.
    pub object: String,
    /// 0: the registry does not know.
    pub created: i64,
    /// Its provider.
    pub owned_by: String,
}

/// Every answer that is an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// For people.
    pub message: String,
    /// Its class, such as `invalid_request_error`.
    #[serde(rename = "type")]
    pub class: String,
    /// The wrong field.
    pub param: Option<String>,
    /// For programs, such as `context_length_exceeded`.
    pub code: Option<String>,
}

impl fmt::Debug for ChatRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatRequest").field("model", &self.model).finish_non_exhaustive()
    }
}

impl fmt::Debug for ChatCompletion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatCompletion").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for EmbeddingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddingRequest").field("model", &self.model).finish_non_exhaustive()
    }
}
