//! The bodies of the AI gateway's own routes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Answer 200 to `GET /v1/ai/models`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    /// The models.
    pub data: Vec<Model>,
    /// Version of the prices.
    pub price_version: String,
}

/// A model. Prices are US dollars for a million tokens, decimals with three places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// What to name it by.
    pub id: String,
    /// `bedrock` or `openai`.
    pub provider: String,
    /// `chat` or `embeddings`.
    #[serde(rename = "use")]
    pub usage: String,
    /// Tokens read.
    pub input_usd: String,
    /// Tokens written.
    pub output_usd: String,
    /// Tokens read from the prompt cache.
    pub cache_read_usd: String,
    /// Tokens written to the prompt cache.
    pub cache_write_usd: String,
    /// Tokens that question and answer may have together.
    pub context_tokens: u64,
    /// Tokens of the longest answer.
    pub max_output_tokens: u32,
    /// Numbers of a vector.
    pub dimensions: Option<u32>,
}

/// Body of `POST /v1/ai/completions`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompletionRequest {
    /// The model; the environment's chain when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The turns, beginning with a user's.
    pub messages: Vec<Turn>,
    /// The longest answer, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// How much chance is in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Share of the likeliest tokens to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Texts that end the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Vec<String>>,
    /// JSON Schema that the answer must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_schema: Option<Value>,
}

/// One turn.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Who speaks.
    pub role: TurnRole,
    /// What is said.
    pub content: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnRole {
    /// The caller.
    User,
    /// The model.
    Assistant,
}

/// Answer 200 to `POST /v1/ai/completions`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The request (`aireq_…`).
    pub id: String,
    /// The model that answered.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// The answer.
    pub text: String,
    /// `end_turn`, `max_tokens`, `filtered` or `other`.
    pub stop_reason: String,
    /// Tokens of the answer.
    pub usage: Usage,
    /// What the request cost in US dollars, a decimal such as `0.008130000`; nothing when the cache answered.
    pub cost_usd: String,
    /// Version of the prices.
    pub price_version: String,
    /// `hit`, `miss` or `bypass`.
    pub cache: String,
    /// Calls to providers.
    pub attempts: u32,
}

/// Tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Read at full price.
    pub input_tokens: u64,
    /// Written.
    pub output_tokens: u64,
    /// Read from the prompt cache.
    pub cache_read_tokens: u64,
    /// Written to the prompt cache.
    pub cache_write_tokens: u64,
}

/// What texts are embedded for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// To be found.
    #[default]
    Document,
    /// To find documents.
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
    /// The model.
    pub model: String,
    /// The texts.
    pub texts: Vec<String>,
    /// Numbers of each vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// What for; `document` when absent.
    #[serde(default, skip_serializing_if = "InputType::is_document")]
    pub input_type: InputType,
}

/// Answer 200 to `POST /v1/ai/embeddings`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embeddings {
    /// The request (`aireq_…`).
    pub id: String,
    /// The model that answered.
    pub model: String,
    /// One vector for each text, in their order.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens read.
    pub input_tokens: u64,
    /// What the request cost in US dollars.
    pub cost_usd: String,
    /// Version of the prices.
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
    /// All that may be spent in a calendar month (UTC).
    pub tenant_month_usd: String,
    /// All that may be spent on a day (UTC).
    pub tenant_day_usd: String,
    /// What each account may spend on a day.
    pub user_day_usd: String,
    /// What these features may cost in a month.
    pub feature_month_usd: BTreeMap<String, String>,
    /// What a month usually costs.
    pub expected_month_usd: String,
    /// The only models that may be asked; all when absent or null.
    #[serde(default)]
    pub allowed_models: Option<Vec<String>>,
    /// The organization's own chains by feature, each with its steps; the environment's for the others.
    #[serde(default)]
    pub chains: BTreeMap<String, Vec<String>>,
    /// Whether personal data is kept from providers.
    #[serde(default)]
    pub mask_personal_data: bool,
}

/// Answer 200 to `PUT /v1/ai/budgets`. Amounts are decimals in US dollars with nine places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// All that may be spent in a calendar month (UTC).
    pub tenant_month_usd: String,
    /// All that may be spent on a day (UTC).
    pub tenant_day_usd: String,
    /// What each account may spend on a day.
    pub user_day_usd: String,
    /// What these features may cost in a month.
    pub feature_month_usd: BTreeMap<String, String>,
    /// What a month usually costs.
    pub expected_month_usd: String,
    /// The only models that may be asked; null for all.
    pub allowed_models: Option<Vec<String>>,
    /// The organization's own chains by feature, each with its steps.
    pub chains: BTreeMap<String, Vec<String>>,
    /// Whether personal data is kept from providers.
    pub mask_personal_data: bool,
    /// Number of changes so far.
    pub version: u64,
    /// When it was changed last, RFC 3339 in UTC; null while it never was.
    pub updated_at: Option<String>,
}

/// Answer 200 to `GET /v1/ai/budgets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetAndSpent {
    /// What may be spent.
    #[serde(flatten)]
    pub budget: Budget,
    /// What was spent.
    pub spent: SpentAmounts,
}

/// What was spent, decimals in US dollars with nine places. What is set aside for requests that run is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentAmounts {
    /// In this month.
    pub tenant_month_usd: String,
    /// Today.
    pub tenant_day_usd: String,
    /// Today, by the caller's account.
    pub user_day_usd: String,
    /// In this month, by each feature that spent anything.
    pub feature_month_usd: BTreeMap<String, String>,
}
