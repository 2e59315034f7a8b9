//! What a tenant's requests to models used, summed up by month. The ledger has every request; this is what can be read at
//! once.

use super::{BoxFuture, StoreError};
use domain::Timestamp;
use domain::ai::{AiRequestMetered, Month};
use domain::id::{EventId, OrganizationId};

/// A request that was metered.
#[derive(Debug, Clone)]
pub struct MeteredRequest {
    /// Whose.
    pub tenant: OrganizationId,
    /// The event that told of it, which is counted once.
    pub event_id: EventId,
    /// When it ended: the month that it counts in.
    pub at: Timestamp,
    /// What it used.
    pub metered: AiRequestMetered,
}

/// What a sum is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsageOf {
    /// Everything.
    Total,
    /// A feature, by its name.
    Feature(String),
    /// A model, by its name in the registry.
    Model(String),
    /// An account, by its identifier. What its API keys asked is not in it.
    Account(String),
    /// An API key, by its identifier.
    ApiKey(String),
    /// A version of the prices.
    PriceVersion(String),
}

/// A sum over requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AiUsageSum {
    /// Requests.
    pub requests: u64,
    /// Those that the cache answered.
    pub hits: u64,
    /// Tokens read, at any price.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Nano-dollars.
    pub cost: u64,
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

    /// Every sum of the month, in their order.
    fn month<'a>(
        &'a self,
        tenant: OrganizationId,
        month: &'a Month,
    ) -> BoxFuture<'a, Result<Vec<(UsageOf, AiUsageSum)>, StoreError>>;
}
