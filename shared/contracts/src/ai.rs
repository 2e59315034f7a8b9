//! The bodies of the AI gateway's own routes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Answer 200 to `GET /v1/ai/models`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    /// The models that the caller may ask.
    pub data: Vec<Model>,
    /// The version of the price table.
    pub price_version: String,
}

/// A model. Prices are in US dollars for a million tokens, decimals with three places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The name of the model in requests.
    pub id: String,
    /// `bedrock` or `openai`.
    pub provider: String,
    /// `chat` or `embeddings`.
    #[serde(rename = "use")]
    pub usage: String,
    /// Price of input tokens.
    pub input_usd: String,
    /// Price of output tokens.
    pub output_usd: String,
    /// Price of tokens that are read from the provider's prompt cache.
    pub cache_read_usd: String,
    /// Price of tokens that are written to the provider's prompt cache.
    pub cache_write_usd: String,
    /// The most tokens that prompt and completion may have together.
    pub context_tokens: u64,
    /// The most tokens that a completion may have.
    pub max_output_tokens: u32,
    /// The number of dimensions of a vector; null for models that converse.
    pub dimensions: Option<u32>,
}

/// Body of `POST /v1/ai/completions`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompletionRequest {
    /// The model; when absent, the organization's or the environment's chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Instructions to the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The turns of the conversation; the first is the user's.
    pub messages: Vec<Turn>,
    /// The most tokens that the completion may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The sampling temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Nucleus sampling: the share of the likeliest tokens to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Texts that end the completion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Vec<String>>,
    /// The JSON Schema that the completion must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_schema: Option<Value>,
    /// The caller's name of the end user, who keeps the side of a split step of the organization's own chain. It is
    /// hashed, and neither stored nor sent to a provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// One turn of a conversation.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The speaker.
    pub role: TurnRole,
    /// The text of the turn.
    pub content: String,
}

/// The speaker of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnRole {
    /// The caller.
    User,
    /// The name of the model.
    Assistant,
}

/// Answer 200 to `POST /v1/ai/completions`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The id of the request (`aireq_…`).
    pub id: String,
    /// The model that answered.
    pub model: String,
    /// The provider of that model.
    pub provider: String,
    /// The text of the completion.
    pub text: String,
    /// `end_turn`, `max_tokens`, `filtered` or `other`.
    pub stop_reason: String,
    /// The tokens that were used.
    pub usage: Usage,
    /// The cost of the request in US dollars, a decimal such as `0.008130000`; 0 when the cache answered.
    pub cost_usd: String,
    /// The version of the price table.
    pub price_version: String,
    /// `hit`, `miss` or `bypass`.
    pub cache: String,
    /// The number of calls to providers.
    pub attempts: u32,
}

/// Numbers of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens at full price.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Input tokens that were read from the provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Input tokens that were written to the provider's prompt cache.
    pub cache_write_tokens: u64,
}

/// The purpose of texts that are embedded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// The texts are documents, which queries look for.
    #[default]
    Document,
    /// The texts are queries, which look for documents.
    Query,
}

impl InputType {
    fn is_document(&self) -> bool {
        *self == Self::Document
    }
}

/// Body of `POST /v1/ai/embeddings`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingRequest {
    /// The name of the model.
    pub model: String,
    /// The texts to embed.
    pub texts: Vec<String>,
    /// The number of dimensions of each vector; the model's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// The purpose of the texts; `document` when absent.
    #[serde(default, skip_serializing_if = "InputType::is_document")]
    pub input_type: InputType,
}

/// Answer 200 to `POST /v1/ai/embeddings`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embeddings {
    /// The id of the request (`aireq_…`).
    pub id: String,
    /// The model that answered.
    pub model: String,
    /// One vector for each text, in the order of the texts.
    pub vectors: Vec<Vec<f32>>,
    /// Input tokens.
    pub input_tokens: u64,
    /// The cost of the request in US dollars.
    pub cost_usd: String,
    /// The version of the price table.
    pub price_version: String,
}

impl fmt::Debug for CompletionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompletionRequest").finish_non_exhaustive()
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("role", &self.role).finish_non_exhaustive()
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for EmbeddingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddingRequest").field("model", &self.model).finish_non_exhaustive()
    }
}

/// Body of `PUT /v1/ai/budgets`. Amounts are decimals in US dollars with at most nine places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaceBudgetRequest {
    /// The limit of the organization for a calendar month (UTC).
    pub tenant_month_usd: String,
    /// The limit of the organization for a day (UTC).
    pub tenant_day_usd: String,
    /// The limit of each account for a day.
    pub user_day_usd: String,
    /// The limits of these features for a month.
    pub feature_month_usd: BTreeMap<String, String>,
    /// The expected cost of a month, of which percentages are reported.
    pub expected_month_usd: String,
    /// The only models that may be asked; absent or null: all.
    #[serde(default)]
    pub allowed_models: Option<Vec<String>>,
    /// The organization's own chains by feature, each with its steps; other features use the environment's chain.
    #[serde(default)]
    pub chains: BTreeMap<String, Vec<String>>,
    /// Whether personal data is masked before it is sent to providers.
    #[serde(default)]
    pub mask_personal_data: bool,
}

/// Answer 200 to `PUT /v1/ai/budgets`. Amounts are decimals in US dollars with nine places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// The limit of the organization for a calendar month (UTC).
    pub tenant_month_usd: String,
    /// The limit of the organization for a day (UTC).
    pub tenant_day_usd: String,
    /// The limit of each account for a day.
    pub user_day_usd: String,
    /// The limits of these features for a month.
    pub feature_month_usd: BTreeMap<String, String>,
    /// The expected cost of a month, of which percentages are reported.
    pub expected_month_usd: String,
    /// The only models that may be asked; null for all.
    pub allowed_models: Option<Vec<String>>,
    /// The organization's own chains by feature, each with its steps.
    pub chains: BTreeMap<String, Vec<String>>,
    /// Whether personal data is masked before it is sent to providers.
    pub mask_personal_data: bool,
    /// The number of changes so far; 0 for a budget that was never set.
    pub version: u64,
    /// When it was last changed, RFC 3339 in UTC; null when it was never changed.
    pub updated_at: Option<String>,
}

/// Answer 200 to `GET /v1/ai/budgets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetAndSpent {
    /// The limits.
    #[serde(flatten)]
    pub budget: Budget,
    /// The amounts spent so far.
    pub spent: SpentAmounts,
}

/// Amounts spent, decimals in US dollars with nine places. Money that is set aside for running requests is not
/// included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentAmounts {
    /// Spent by the organization in this month.
    pub tenant_month_usd: String,
    /// Spent by the organization today.
    pub tenant_day_usd: String,
    /// Spent by the caller's account today.
    pub user_day_usd: String,
    /// Spent in this month by each feature that spent anything.
    pub feature_month_usd: BTreeMap<String, String>,
}
