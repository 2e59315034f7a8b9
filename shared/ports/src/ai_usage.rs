//! What a tenant's requests to models used, summed up by month. The ledger has every request; this is what can be read at
//! once.

use super::{BoxFuture, StoreError};
use domain::Timestamp;
use domain::ai::{AiRequestMetered, Feature, Month};
use domain::id::{AccountId, ApiKeyId, EventId, OrganizationId};

/// A request that was metered.
#[derive(Debug, Clone)]
pub struct MeteredRequest {
    /// Whose.
    pub tenant: OrganizationId,
    /// The event that told of it, which is counted once.
    pub event_id: EventId,
    /// When it began: the month that it counts in, whenever it ended. Budgets charge it to the same month.
    pub at: Timestamp,
    /// What it used.
    pub metered: AiRequestMetered,
}

/// What is billed together: what a feature used of a model at the same prices. A month has few of them, as many as there
/// are features, models and changes of prices at the most. A request is counted with the model that answered, or was asked
/// last; tokens and costs with the model they were used at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageLine {
    /// The feature.
    pub feature: Feature,
    /// The model, by its name in the registry.
    pub model: String,
    /// The version of the prices.
    pub price_version: String,
}

/// What accounts and API keys used. What an account's keys asked is not the account's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageByAsker {
    /// By account, in no order.
    pub accounts: Vec<(AccountId, AiUsageSum)>,
    /// By API key, in no order.
    pub api_keys: Vec<(ApiKeyId, AiUsageSum)>,
    /// Whether these are all.
    pub complete: bool,
}

/// A sum over requests. Sums stop at the largest number instead of turning over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AiUsageSum {
    /// Requests.
    pub requests: u64,
    /// Those that the cache answered.
    pub hits: u64,
    /// Those of which something is charged that nobody knows the tokens of; these are in no sum.
    pub presumed: u64,
    /// Tokens read at full price.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Tokens read from a provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Tokens written to a provider's prompt cache.
    pub cache_write_tokens: u64,
    /// Nano-dollars, the presumed ones too.
    pub cost: u64,
    /// Nano-dollars that are charged for what nobody knows the tokens of.
    pub presumed_cost: u64,
}

impl AiUsageSum {
    /// The two together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    /// What is left of this one without the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.each(other, u64::saturating_sub)
    }

    fn each(self, other: Self, of: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            requests: of(self.requests, other.requests),
            hits: of(self.hits, other.hits),
            presumed: of(self.presumed, other.presumed),
            input_tokens: of(self.input_tokens, other.input_tokens),
            output_tokens: of(self.output_tokens, other.output_tokens),
            cache_read_tokens: of(self.cache_read_tokens, other.cache_read_tokens),
            cache_write_tokens: of(self.cache_write_tokens, other.cache_write_tokens),
            cost: of(self.cost, other.cost),
            presumed_cost: of(self.presumed_cost, other.presumed_cost),
        }
    }
}

/// Sums up what requests used.
pub trait AiUsage: Send + Sync {
    /// Adds a request to the sums of its month, exactly once for its event: one transaction. `false` when it was added
    /// before; then nothing changes.
    fn add<'a>(&'a self, request: &'a MeteredRequest) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// What the month of a tenant has cost so far, in nano-dollars: one consistent read.
    fn month_cost<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
    ) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// Every line of the month, in their order; together they are all that was used. It is eventually consistent.
    fn lines<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
    ) -> BoxFuture<'a, Result<Vec<(UsageLine, AiUsageSum)>, StoreError>>;

    /// What at most `most` accounts and at most `most` API keys used in the month: those whose identifiers come first.
    /// It is eventually consistent, and not of the same moment as the lines.
    fn askers<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
        most: u32,
    ) -> BoxFuture<'a, Result<UsageByAsker, StoreError>>;
}
