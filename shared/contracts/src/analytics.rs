//! Bodies of analytics: what was used, and what is billed. Amounts are decimals in US dollars with nine places.

use serde::{Deserialize, Serialize};

/// Answer 200 to `GET /v1/analytics/usage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageReport {
    /// Such as `2026-11`, UTC.
    pub month: String,
    /// All of it.
    pub total: Usage,
    /// By feature; together the total.
    pub by_feature: Vec<FeatureUsage>,
    /// By model and version of the prices; together the total.
    pub by_model: Vec<ModelUsage>,
    /// The accounts that cost most, dearest first.
    pub by_account: Vec<AccountUsage>,
    /// The API keys that cost most, dearest first.
    pub by_api_key: Vec<ApiKeyUsage>,
    /// What accounts and API keys that are not listed used; null when all are.
    pub others: Option<Usage>,
}

/// What requests used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Requests.
    pub requests: u64,
    /// Those that the cache answered.
    pub cache_hits: u64,
    /// Those of which something is charged at its most, because nobody knows what it used.
    pub presumed_requests: u64,
    /// Tokens read at full price.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Tokens read from a provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Tokens written to a provider's prompt cache.
    pub cache_write_tokens: u64,
    /// What all of it cost.
    pub cost_usd: String,
    /// What of that was presumed.
    pub presumed_usd: String,
}

/// What a feature used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureUsage {
    /// The feature.
    pub feature: String,
    /// What it used.
    pub usage: Usage,
}

/// What a model was used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelUsage {
    /// The model.
    pub model: String,
    /// The version of the prices.
    pub price_version: String,
    /// What it used.
    pub usage: Usage,
}

/// What an account used itself, not through API keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUsage {
    /// The account.
    pub account_id: String,
    /// What it used.
    pub usage: Usage,
}

/// What an API key used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyUsage {
    /// The key.
    pub api_key_id: String,
    /// What it used.
    pub usage: Usage,
}

/// Answer 200 to `GET /v1/analytics/billing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// Such as `2026-11`, UTC.
    pub month: String,
    /// The sum of the lines' amounts, to the nano-dollar.
    pub total_usd: String,
    /// What of that was presumed.
    pub presumed_usd: String,
    /// Linear: what the month costs if it goes on as it began; null for a month that is over, and in its first three days.
    pub forecast_usd: Option<String>,
    /// What it consists of.
    pub lines: Vec<InvoiceLine>,
    /// What may be spent, and how much of it is.
    pub budget: BudgetUse,
}

/// What a feature used of a model at the same prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// The feature.
    pub feature: String,
    /// The model.
    pub model: String,
    /// The version of the prices.
    pub price_version: String,
    /// Requests that the model answered, or was asked last for.
    pub requests: u64,
    /// Those that the cache answered, free of charge.
    pub cache_hits: u64,
    /// What it costs: tokens, what was presumed, and difference together.
    pub amount_usd: String,
    /// Tokens at the model's prices.
    pub tokens: Vec<TokenCharge>,
    /// Requests of which something is charged at its most; they are counted in the line of the model that answered.
    pub presumed_requests: u64,
    /// What was charged so for calls of this model.
    pub presumed_usd: String,
    /// What tokens and what was presumed do not explain of it, perhaps negative: 0 unless prices were changed under the same
    /// version; null when they are not known.
    pub difference_usd: Option<String>,
}

/// Tokens of a kind and what they cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCharge {
    /// `input`, `output`, `cache_read` or `cache_write`.
    pub kind: String,
    /// How many.
    pub tokens: u64,
    /// What one costs; null when the prices are not known.
    pub price_usd: Option<String>,
    /// What they cost; null when the prices are not known.
    pub amount_usd: Option<String>,
}

/// A budget as it is now, and what the month makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetUse {
    /// All that may be spent in a month.
    pub tenant_month_usd: String,
    /// What a month usually costs.
    pub expected_month_usd: String,
    /// Whole percent of the limit, rounded down; null when it is 0.
    pub percent_of_limit: Option<u64>,
    /// Whole percent of what is expected, rounded down; null when that is 0.
    pub percent_of_expected: Option<u64>,
    /// Parts of what is expected that were told in the month, in percent.
    pub told_percent: Vec<u16>,
}
