//! OpenAI's wire format: chat completions, embeddings and models (platform.openai.com/docs/api-reference). Fields that
//! change nothing here are accepted and ignored, so that unchanged clients work. Unsupported fields that would change
//! the answer, and unknown fields, are kept for the mapping, which refuses them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Body of `POST /v1/chat/completions`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The name of the model; `auto` for the chain.
    pub model: String,
    /// The turns of the conversation.
    pub messages: Vec<ChatMessage>,
    /// The most tokens that the completion may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The newer name of `max_tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u32>,
    /// The sampling temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Nucleus sampling: the share of the likeliest tokens to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// One or several texts that end the completion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// Whether the completion is streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Options of the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// The form that the completion must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// The number of completions; only 1 is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Refused when it is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Value>>,
    /// Ignored: it has no meaning without tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<Value>,
    /// Ignored: it has no meaning without tools.
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
    /// Ignored: models do not promise to respect it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Ignored: the credentials say who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// Ignored: nothing is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<bool>,
    /// All other fields; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One turn of a conversation.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// `system`, `developer`, `user` or `assistant`.
    pub role: ChatRole,
    /// The text of the turn; a model's turn may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The refusal of a model; clients send it back with the answers that they got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// All other fields; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The speaker of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatRole {
    /// Instructions to the model.
    System,
    /// Instructions to the model, by their newer name.
    Developer,
    /// The caller.
    User,
    /// The name of the model.
    Assistant,
}

/// The content of a turn: a text, or parts of one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A text.
    Text(String),
    /// Parts in their order.
    Parts(Vec<Part>),
}

impl Content {
    /// All text of the content.
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

/// A part of a turn. Only text is accepted.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text {
        /// The text of this part.
        text: String,
    },
    /// A model's refusal to answer.
    Refusal {
        /// The text of the refusal.
        refusal: String,
    },
}

/// One or several texts that end the completion.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Stop {
    /// One text.
    One(String),
    /// Several texts.
    Several(Vec<String>),
}

/// Options of a streamed completion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOptions {
    /// Whether the last chunk has the token counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_usage: Option<bool>,
    /// Ignored: nothing is padded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_obfuscation: Option<bool>,
}

/// The form that a completion must have.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Any text.
    Text,
    /// A JSON object.
    JsonObject,
    /// JSON that matches a schema.
    JsonSchema {
        /// The JSON Schema.
        json_schema: NamedSchema,
    },
}

/// A schema with its name.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedSchema {
    /// The name of the schema.
    pub name: String,
    /// The JSON Schema.
    #[serde(default)]
    pub schema: Option<Value>,
    /// Ignored: a whole completion is always checked; a streamed one is as right as its provider makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

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
    /// `stop`, `length` or `content_filter`.
    pub finish_reason: String,
    /// Always null.
    pub logprobs: Option<Value>,
}

/// The message of a model.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AssistantMessage {
    /// Always `assistant`.
    pub role: String,
    /// The text.
    pub content: String,
    /// Always null.
    pub refusal: Option<String>,
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
}

/// Body of `POST /v1/embeddings`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingRequest {
    /// The name of the model.
    pub model: String,
    /// One or several texts. Token ids are not accepted, because they have a meaning for one model only.
    pub input: Input,
    /// The number of dimensions of each vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// The form of the vectors: `float` or `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_format: Option<EncodingFormat>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// All other fields; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One or several texts.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// One text.
    One(String),
    /// Several texts.
    Several(Vec<String>),
}

/// The form of vectors.
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
    /// Always `list`.
    pub object: String,
    /// One for each text.
    pub data: Vec<Embedding>,
    /// The model that answered.
    pub model: String,
    /// The tokens that were used.
    pub usage: EmbeddingUsage,
}

/// A vector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    /// Always `embedding`.
    pub object: String,
    /// The position of its text, from 0.
    pub index: u32,
    /// The numbers of the vector.
    pub embedding: Vector,
}

/// A vector, in the requested form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Vector {
    /// Numbers, each in its shortest form.
    Numbers(Vec<f32>),
    /// Little-endian 32-bit floats in base64.
    Base64(String),
}

/// Tokens of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingUsage {
    /// Tokens of the texts.
    pub prompt_tokens: u64,
    /// The same number.
    pub total_tokens: u64,
}

/// Answer 200 to `GET /v1/models`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    /// Always `list`.
    pub object: String,
    /// The models.
    pub data: Vec<Model>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The name of the model in requests.
    pub id: String,
    /// Always `model`.
    pub object: String,
    /// Always 0: the registry does not know it.
    pub created: i64,
    /// The provider of the model.
    pub owned_by: String,
}

/// The body of every error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// A text for people.
    pub message: String,
    /// The class of the error, such as `invalid_request_error`.
    #[serde(rename = "type")]
    pub class: String,
    /// The first wrong field; null when no field is wrong.
    pub param: Option<String>,
    /// A code for programs, such as `context_length_exceeded`.
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
