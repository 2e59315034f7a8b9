//! Bodies of analytics: usage and bills. Amounts are decimals in US dollars with nine places.

use serde::{Deserialize, Serialize};

/// Answer 200 to `GET /v1/analytics/usage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageReport {
    /// The month, such as `2026-11`, UTC.
    pub month: String,
    /// The usage of the whole organization.
    pub total: Usage,
    /// By feature; the sums are the total.
    pub by_feature: Vec<FeatureUsage>,
    /// By model and version of the price table; the sums are the total.
    pub by_model: Vec<ModelUsage>,
    /// The most expensive accounts, in descending order of cost.
    pub by_account: Vec<AccountUsage>,
    /// The most expensive API keys, in descending order of cost.
    pub by_api_key: Vec<ApiKeyUsage>,
    /// The usage of accounts and API keys that are not listed; null when all are listed.
    pub others: Option<Usage>,
    /// Requests of which a step of the chain is split, by feature, split step and assigned model.
    pub variants: Vec<VariantUsage>,
}

/// The usage of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The number of requests.
    pub requests: u64,
    /// The number of requests that the cache answered.
    pub cache_hits: u64,
    /// The number of requests with a presumed charge, because the provider's counts are missing.
    pub presumed_requests: u64,
    /// Input tokens at full price.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Input tokens that were read from a provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Input tokens that were written to a provider's prompt cache.
    pub cache_write_tokens: u64,
    /// The cost of all of it.
    pub cost_usd: String,
    /// The presumed part of that cost.
    pub presumed_usd: String,
}

/// The usage of a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureUsage {
    /// The feature.
    pub feature: String,
    /// The usage of this feature.
    pub usage: Usage,
}

/// The usage of a model at one version of the price table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelUsage {
    /// The model.
    pub model: String,
    /// The version of the price table.
    pub price_version: String,
    /// The usage of this model.
    pub usage: Usage,
}

/// The requests that were assigned to one side of a split step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantUsage {
    /// The feature.
    pub feature: String,
    /// The split step, such as `first:90|other:10`.
    pub experiment: String,
    /// The assigned model. Another one may have answered when it failed.
    pub variant: String,
    /// The usage of these requests, with all models that they asked.
    pub usage: Usage,
    /// The number of requests that ended without an answer.
    pub failed_requests: u64,
    /// The number of requests whose time is in the mean: those that asked a model and whose end was recorded.
    pub timed_requests: u64,
    /// The mean time of these requests in milliseconds, rounded down; null when there are none.
    pub mean_latency_ms: Option<u64>,
}

/// The usage of an account itself, without that of API keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUsage {
    /// The id of the account.
    pub account_id: String,
    /// The usage of this account.
    pub usage: Usage,
}

/// The usage of an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyUsage {
    /// The id of the key.
    pub api_key_id: String,
    /// The usage of this key.
    pub usage: Usage,
}

/// Answer 200 to `GET /v1/analytics/billing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// The month, such as `2026-11`, UTC.
    pub month: String,
    /// The sum of the amounts of `lines` and `training`, to the nano-dollar.
    pub total_usd: String,
    /// The presumed part of that sum.
    pub presumed_usd: String,
    /// A linear forecast: the cost of the month if it goes on as it began; null for a month that is over, and in its
    /// first three days.
    pub forecast_usd: Option<String>,
    /// The lines of requests to models.
    pub lines: Vec<InvoiceLine>,
    /// The budget, and how much of it is spent.
    pub budget: BudgetUse,
    /// The training of models.
    pub training: Vec<TrainingCharge>,
}

/// The charge for the training of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingCharge {
    /// The id of the fine-tune.
    pub fine_tune_id: String,
    /// The model that was trained.
    pub base_model: String,
    /// The version of the price table.
    pub price_version: String,
    /// The charged tokens; null when the prices are not known.
    pub tokens: Option<u64>,
    /// The price of one token; null when the prices are not known.
    pub price_usd: Option<String>,
    /// The amount of the line.
    pub amount_usd: String,
    /// The presumed part of the amount.
    pub presumed_usd: String,
}

/// The usage of a model by one feature at the same prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// The feature.
    pub feature: String,
    /// The model.
    pub model: String,
    /// The version of the price table.
    pub price_version: String,
    /// Requests that this model answered, or was the last to be asked for.
    pub requests: u64,
    /// Requests that the cache answered, at no cost.
    pub cache_hits: u64,
    /// The amount of the line: tokens, presumed charges and difference together.
    pub amount_usd: String,
    /// The tokens at the model's prices.
    pub tokens: Vec<TokenCharge>,
    /// Requests with a presumed charge; they are counted in the line of the model that answered.
    pub presumed_requests: u64,
    /// The presumed charges for calls of this model.
    pub presumed_usd: String,
    /// The part of the amount that tokens and presumed charges do not explain, perhaps negative: 0 unless prices were
    /// changed under the same version; null when the prices are not known.
    pub difference_usd: Option<String>,
}

/// Tokens of one kind and their cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCharge {
    /// `input`, `output`, `cache_read` or `cache_write`.
    pub kind: String,
    /// The number of tokens.
    pub tokens: u64,
    /// The price of one token; null when the prices are not known.
    pub price_usd: Option<String>,
    /// The cost of the tokens; null when the prices are not known.
    pub amount_usd: Option<String>,
}

/// The current budget, and the spending of the month compared with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetUse {
    /// The limit of the organization for a month.
    pub tenant_month_usd: String,
    /// The expected cost of a month.
    pub expected_month_usd: String,
    /// Whole percent of the limit, rounded down; null when it is 0.
    pub percent_of_limit: Option<u64>,
    /// Whole percent of the expected cost, rounded down; null when that is 0.
    pub percent_of_expected: Option<u64>,
    /// The percentages of the expected cost that were reported in the month.
    pub told_percent: Vec<u16>,
}
