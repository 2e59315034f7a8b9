//! The state of the AI gateway, shared by all functions: cached completions, the requests that make one, money set
//! aside and spent, and breakers. All of it is durable; when it can't be reached, no model is called.
//!
//! The calls of one request, in their order: [`AiState::look_up`]; on a cache hit [`AiState::record`]; on a miss
//! [`AiState::reserve`], the provider, [`AiState::settle`].

use super::{BoxFuture, StoreError};
use domain::ai::{AiBudget, AiPrices, AiRequestMetered, Feature, Limits};
use domain::id::{AccountId, AiRequestId, OrganizationId};
use domain::{Timestamp, Versioned};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The key of a cached completion: a hash over everything that shapes the completion. It can't be made without the
/// tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// The tenant of the completion.
    pub tenant: OrganizationId,
    /// BLAKE3 over the fields of the request.
    pub hash: [u8; 32],
}

/// The cache's content for a key.
#[derive(Debug, Clone, PartialEq)]
pub enum CachedCompletion {
    /// Nothing.
    Nothing,
    /// Another request is making the completion.
    InFlight {
        /// The time at which the cache stops waiting for that request.
        until: Timestamp,
    },
    /// A recent answer for this key could not be cached (cut off or filtered). Callers must not wait for it.
    NotCacheable,
    /// A completion in its stored form.
    Answer {
        /// The stored text.
        answer: String,
        /// When it was stored.
        stored_at: Timestamp,
    },
}

/// A model, as the breakers name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelName {
    /// Its provider.
    pub provider: String,
    /// Its name in the registry.
    pub model: String,
}

/// The state of a model's breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Breaker {
    /// It may be asked.
    Closed,
    /// At least half of its calls fail. Before `until` only requests without another model ask it: three attempts still
    /// answer most of them.
    Failing {
        /// When one call may probe the model.
        until: Timestamp,
    },
    /// Asking does not help: nearly all of its calls fail, or the provider named a time. It may not be asked before
    /// `until`.
    Open {
        /// When one call may probe the model.
        until: Timestamp,
    },
    /// One call may probe it: the one that [`AiState::probe`] allows.
    HalfOpen,
}

/// Everything that is read before a decision about a request.
#[derive(Debug, Clone)]
pub struct RequestLookup<'a> {
    /// The organization that asks.
    pub tenant: OrganizationId,
    /// The key of the completion to look for.
    pub cache: Option<CacheKey>,
    /// The models of the chain.
    pub models: &'a [ModelName],
    /// The time against which leases and breakers are compared.
    pub now: Timestamp,
}

/// The result of [`AiState::look_up`].
#[derive(Debug, Clone)]
pub struct RequestState {
    /// The tenant's budget, if it was ever set.
    pub budget: Option<AiBudget>,
    /// The tenant's own prices, if it ever had any.
    pub prices: Option<Versioned<AiPrices>>,
    /// The cache's content.
    pub cached: CachedCompletion,
    /// One for each model of the look-up, in the same order.
    pub breakers: Vec<Breaker>,
}

/// A budget, as problems name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetScope {
    /// The tenant's month.
    TenantMonth,
    /// The tenant's day.
    TenantDay,
    /// The account's day.
    UserDay,
    /// The feature's month.
    FeatureMonth,
}

impl BudgetScope {
    /// The name in problems and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenantMonth => "tenant_month",
            Self::TenantDay => "tenant_day",
            Self::UserDay => "user_day",
            Self::FeatureMonth => "feature_month",
        }
    }
}

/// Money set aside for a request before a model is asked. It stays set aside until the request is settled, by the
/// request itself or, after `lease_until`, by the sweeper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// The tenant that pays.
    pub tenant: OrganizationId,
    /// When it was made, which is now: the time against which another request's lease on the completion is compared.
    pub at: Timestamp,
    /// When the sweeper may settle it.
    pub lease_until: Timestamp,
    /// The most that the request may cost, in nano-dollars.
    pub bound: u64,
    /// The shard of the tenant's counters that is charged; tenants with many requests have several.
    /// [`AiState::reserve`] chooses it.
    pub shard: u32,
    /// The cached completion is older than the caller's `max-age`; this is when it was stored. [`AiState::reserve`]
    /// then takes the right to make the completion although one is cached. This field is not stored.
    #[serde(skip)]
    pub replaces: Option<Timestamp>,
    /// The record that is written if the process dies: the first model, with tokens at their bound.
    pub presumed: AiRequestMetered,
    /// The deadline of calls with this reservation, if a caller waits for them. This field is not stored.
    #[serde(skip)]
    pub until: Option<Instant>,
}

impl Reservation {
    /// The request.
    pub fn request_id(&self) -> AiRequestId {
        self.presumed.request_id
    }

    /// When the request began, which may be before it was reserved. The reservation and the settlement both charge the
    /// month and the day of this time.
    pub fn began(&self) -> Timestamp {
        self.presumed.began().unwrap_or(self.at)
    }

    /// The account that is charged beside the tenant.
    pub fn account(&self) -> AccountId {
        self.presumed.account_id
    }

    /// The feature that is charged.
    pub fn feature(&self) -> Feature {
        self.presumed.feature
    }
}

/// No reservation was made, and nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// A budget has too little left.
    #[error("the budget {} has not enough left", .0.as_str())]
    OverBudget(BudgetScope),
    /// Another request is making this completion, or has just made it.
    #[error("another request is making the answer")]
    InFlight,
    /// The request has a reservation already, or was settled.
    #[error("a request with this id exists already")]
    Repeated,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A completion for the cache.
#[derive(Debug, Clone)]
pub struct AnswerToCache {
    /// The sealed completion.
    pub answer: String,
    /// How long it is cached.
    pub ttl: Duration,
}

/// The end of a request with a reservation.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The reservation.
    pub reservation: Reservation,
    /// The usage of the request, whose cost is charged.
    pub metered: AiRequestMetered,
    /// When it ended.
    pub at: Timestamp,
    /// The cache key of the request, and the completion if it can be cached. Without a completion, requests that wait
    /// for it stop waiting, and for a minute no request waits for the next one either.
    pub cache: Option<(CacheKey, Option<AnswerToCache>)>,
    /// The correlation id of the request's event.
    pub correlation_id: String,
}

/// The amounts that a tenant has spent and set aside, in nano-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpentAmounts {
    /// Set aside and spent.
    pub committed: u64,
    /// Spent.
    pub settled: u64,
}

/// Calls to a model by one process since its last report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallObservation {
    /// Calls.
    pub calls: u32,
    /// Calls that failed by the provider's fault: 5xx, timeouts, connections. Never failures that a request caused.
    pub failures: u32,
    /// The pause that the provider asked for.
    pub retry_after: Option<Duration>,
}

/// The state of the AI gateway.
pub trait AiState: Send + Sync {
    /// Reads everything that decides about a request: one batch read.
    fn look_up<'a>(&'a self, look: &'a RequestLookup<'a>) -> BoxFuture<'a, Result<RequestState, StoreError>>;

    /// Reads the cache's content for a key: one read.
    fn cached<'a>(
        &'a self,
        key: &'a CacheKey,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<CachedCompletion, StoreError>>;

    /// Sets money aside from all four budgets and takes the right to make the completion of `cache`, or does nothing:
    /// one transaction, retried while others change the same counters, and given up at [`Reservation::until`]. The
    /// right ends at `lease_until` too. Sets [`Reservation::shard`].
    fn reserve<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        limits: &'a Limits,
        cache: Option<&'a CacheKey>,
    ) -> BoxFuture<'a, Result<(), ReserveError>>;

    /// Sets more aside, up to `bound`, for a request with a reservation: one transaction. Sets [`Reservation::bound`].
    /// [`ReserveError::Repeated`] when the request was settled.
    fn extend<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        bound: u64,
        limits: &'a Limits,
    ) -> BoxFuture<'a, Result<(), ReserveError>>;

    /// Charges the usage, gives the rest back, records the request and caches the completion, exactly once: one
    /// transaction, given up at [`Reservation::until`]. `false` when it was settled before; then nothing changes.
    fn settle<'a>(&'a self, settlement: &'a Settlement) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Leaves a failed [`AiState::settle`] to the sweeper: writes the usage of the request beside its reservation, so
    /// that the usage is charged and not the bound. One write, of an item that no other request writes, given up at
    /// [`Reservation::until`]; it does nothing when the request was settled.
    fn record_unsettled_usage<'a>(
        &'a self,
        settlement: &'a Settlement,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Records a request that cost nothing, exactly once: one write.
    fn record<'a>(
        &'a self,
        tenant: OrganizationId,
        metered: &'a AiRequestMetered,
        at: Timestamp,
        correlation_id: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Reservations whose lease has ended at `now`, at most `limit` of them, the oldest leases first. The presumed
    /// record of each costs its bound, including extensions, unless [`AiState::record_unsettled_usage`] wrote the usage.
    fn expired(&self, now: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<Reservation>, StoreError>>;

    /// The amounts spent in the month and on the day of `at`: by the tenant in the month and on the day, by the account
    /// on the day, and by each feature in the month.
    fn spent<'a>(
        &'a self,
        tenant: OrganizationId,
        account: AccountId,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<SpentByScope, StoreError>>;

    /// Counts calls to a model, and opens its breaker when half of at least 20 calls within 60 seconds failed: for
    /// requests with another model left, and for all requests when nine in ten failed. One write; another one when a
    /// window begins, and when the breaker opens. A pause that the provider asks for (`Retry-After`, at most a minute)
    /// applies to all other requests: [`AiState::look_up`] answers [`Breaker::Open`] for throttling and
    /// [`Breaker::Failing`] for failures. The caller itself knows the pause and keeps it.
    fn observe<'a>(
        &'a self,
        model: &'a ModelName,
        seen: CallObservation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Breaker, StoreError>>;

    /// The answer of a half-open breaker to this call. [`Breaker::HalfOpen`]: the call may probe the model, until
    /// `until`, so that a crash does not keep the breaker open. [`Breaker::Open`]: another call is probing.
    /// [`Breaker::Closed`]: another call succeeded, and the model may be asked. One write.
    fn probe<'a>(
        &'a self,
        model: &'a ModelName,
        now: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<Breaker, StoreError>>;

    /// Reports the result of the probe: closes the breaker, or opens it again for `retry_after` or 30 seconds.
    fn report_probe<'a>(
        &'a self,
        model: &'a ModelName,
        succeeded: bool,
        retry_after: Option<Duration>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// The amounts spent, by budget.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpentByScope {
    /// The tenant's month.
    pub tenant_month: SpentAmounts,
    /// The tenant's day.
    pub tenant_day: SpentAmounts,
    /// The account's day.
    pub user_day: SpentAmounts,
    /// The month of each feature that spent anything.
    pub feature_month: Vec<(Feature, SpentAmounts)>,
}
