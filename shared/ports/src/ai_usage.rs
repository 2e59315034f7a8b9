//! The usage of models by a tenant, summed up by month. The ledger has every request; these sums can be read at once.

use super::{BoxFuture, StoreError};
use domain::Timestamp;
use domain::ai::{AiRequestMetered, AssignedVariant, Feature, Month};
use domain::id::{AccountId, ApiKeyId, EventId, OrganizationId};

/// A metered request.
#[derive(Debug, Clone)]
pub struct MeteredRequest {
    /// The tenant.
    pub tenant: OrganizationId,
    /// The event of the request, which is counted once.
    pub event_id: EventId,
    /// When the request began: its month is the one in which it counts, whenever it ended. Budgets charge the same
    /// month.
    pub at: Timestamp,
    /// The usage.
    pub metered: AiRequestMetered,
}

/// The parts of a bill: a feature, a model and a version of the prices. A month has few of them, at most as many as
/// features, models and versions. A request is counted with the model that answered or was asked last; tokens and costs
/// with the model that used them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageLine {
    /// The feature.
    pub feature: Feature,
    /// The model, by its name in the registry.
    pub model: String,
    /// The version of the price table.
    pub price_version: String,
}

/// The usage of accounts and API keys. The requests of a key do not count for the account that created it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageByAsker {
    /// By account, in no order.
    pub accounts: Vec<(AccountId, AiUsageSum)>,
    /// By API key, in no order.
    pub api_keys: Vec<(ApiKeyId, AiUsageSum)>,
    /// Whether these are all.
    pub complete: bool,
}

/// A sum over requests. It stops at the largest number instead of overflowing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AiUsageSum {
    /// The number of requests.
    pub requests: u64,
    /// The number of requests that the cache answered.
    pub hits: u64,
    /// The number of requests with a presumed charge; tokens without counts are in no sum.
    pub presumed: u64,
    /// Input tokens at full price.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Input tokens that were read from a provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Input tokens that were written to a provider's prompt cache.
    pub cache_write_tokens: u64,
    /// The cost in nano-dollars, presumed charges included.
    pub cost: u64,
    /// Presumed charges in nano-dollars.
    pub presumed_cost: u64,
}

impl AiUsageSum {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    /// The difference.
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

/// The requests of a feature that were assigned to one side of a split step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageVariant {
    /// The feature.
    pub feature: Feature,
    /// The split step and the assigned side.
    pub variant: AssignedVariant,
}

/// A sum over the requests of a variant. Usage and cost are those of all models that these requests asked, because the
/// assigned model may fail and another one answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AiVariantSum {
    /// The usage.
    pub usage: AiUsageSum,
    /// The number of requests that ended without an answer. Streams that broke off and presumed requests are not among
    /// them.
    pub failed: u64,
    /// The number of requests whose time is in `latency_ms`: those that asked a model and whose end was recorded.
    pub timed: u64,
    /// The milliseconds that these requests took together.
    pub latency_ms: u64,
}

/// The monthly sums of usage.
pub trait AiUsage: Send + Sync {
    /// Adds a request to the sums of its month, exactly once for its event: one transaction. `false` when it was added
    /// before; then nothing changes.
    fn add<'a>(&'a self, request: &'a MeteredRequest) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// The cost of a tenant's month so far, in nano-dollars: one consistent read.
    fn month_cost<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
    ) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// Every line of the month, in order; their sum is the whole usage. The read is eventually consistent.
    fn lines<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
    ) -> BoxFuture<'a, Result<Vec<(UsageLine, AiUsageSum)>, StoreError>>;

    /// The usage of at most `most` accounts and at most `most` API keys in the month, those with the first ids. The
    /// read is eventually consistent, and not of the same moment as the lines.
    fn askers<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
        most: u32,
    ) -> BoxFuture<'a, Result<UsageByAsker, StoreError>>;

    /// The usage of at most `most` variants in the month, in no order. The read is eventually consistent, and not of the same moment
    /// as the lines.
    fn variants<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<(UsageVariant, AiVariantSum)>, StoreError>>;
}
