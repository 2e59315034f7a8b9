//! OpenAI's wire format: chat completions, responses, embeddings and models (platform.openai.com/docs/api-reference). Fields that
//! change nothing here are accepted and ignored, so that unchanged clients work. Unsupported fields that would change
//! the answer, and unknown fields, are kept for the mapping, which refuses them.

mod batch;
mod chat;
mod completion;
mod embedding;
pub mod responses;
mod tools;

use serde::{Deserialize, Serialize};

pub use batch::{
    Batch, BatchError, BatchErrors, BatchInputFile, BatchList, BatchRequestCounts, CreateBatchRequest,
};
pub use chat::{
    ChatMessage, ChatRequest, ChatRole, Content, FileData, ImageUrl, NamedSchema, Part, ResponseFormat, Stop,
    StreamOptions,
};
pub use completion::{
    AssistantMessage, ChatChunk, ChatCompletion, ChatUsage, Choice, ChunkChoice, ChunkDelta,
    CompletionTokensDetails, PromptTokensDetails, ThinkingBlock,
};
pub use embedding::{
    Embedding, EmbeddingList, EmbeddingRequest, EmbeddingUsage, EncodingFormat, Input, InputType, Vector,
};
pub use tools::{
    AllowedTools, AllowedToolsMode, CalledCustomTool, CalledFunction, ChatReasoningEffort, ChatTool,
    ChatToolCall, ChatToolChoice, CustomTool, CustomToolDelta, FunctionDelta, FunctionName, FunctionTool,
    NamedToolChoice, ToolCallDelta, ToolChoiceMode,
};

/// Answer 200 to `GET /v1/models`. Anthropic's clients ask the same route, so the answer also has the members that they read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    /// Always `list`.
    pub object: String,
    /// The models.
    pub data: Vec<Model>,
    /// The first id, for Anthropic's clients.
    pub first_id: Option<String>,
    /// The last id, for Anthropic's clients.
    pub last_id: Option<String>,
    /// Always false: all models are on one page.
    pub has_more: bool,
}

impl ModelList {
    /// These models, on one page.
    pub fn new(data: Vec<Model>) -> Self {
        let id = |model: Option<&Model>| model.map(|model| model.id.clone());
        let (first_id, last_id) = (id(data.first()), id(data.last()));
        Self { object: "list".to_owned(), data, first_id, last_id, has_more: false }
    }
}

/// A model, and answer 200 to `GET /v1/models/{id}`.
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
    /// Always `model`, for Anthropic's clients.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name again, for Anthropic's clients.
    pub display_name: String,
    /// Always the first second of Unix time, which Anthropic's format has for a date that is not known.
    pub created_at: String,
}

impl Model {
    /// The model with this name, of this provider.
    pub fn new(id: impl Into<String>, provider: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            display_name: id.clone(),
            id,
            object: "model".to_owned(),
            created: 0,
            owned_by: provider.into(),
            kind: "model".to_owned(),
            created_at: "1970-01-01T00:00:00Z".to_owned(),
        }
    }
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
