//! What the AI gateway must remember across the fleet: answers that can be given again, who is working on one, what was
//! reserved and spent, and which models fail. All of it is durable; where it can't be reached, no model is called.
//!
//! The calls of one request, in their order: [`AiState::look_up`]; on a hit [`AiState::record`]; on a miss
//! [`AiState::reserve`], the provider, [`AiState::settle`].

use super::{BoxFuture, StoreError};
use domain::ai::{AiBudget, AiPrices, AiRequestMetered, Feature, Limits};
use domain::id::{AccountId, AiRequestId, OrganizationId};
use domain::{Timestamp, Versioned};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Names an answer: a hash over everything that shapes it. It can't be made without the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// Whose answer it is.
    pub tenant: OrganizationId,
    /// BLAKE3 over the request.
    pub hash: [u8; 32],
}

/// What the cache has for a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Cached {
    /// Nothing.
    Nothing,
    /// Somebody is making the answer.
    InFlight {
        /// When they are given up.
        until: Timestamp,
    },
    /// A recent answer for this key could not be cached (cut off or filtered). Callers must not wait for it.
    NotCacheable,
    /// An answer, as it was stored, and since when.
    Answer {
        /// What was stored.
        answer: String,
        /// When.
        stored_at: Timestamp,
    },
}

/// A model as breakers know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelName {
    /// Its provider.
    pub provider: String,
    /// Its name in the registry.
    pub model: String,
}

/// What a breaker says about a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Breaker {
    /// It may be asked.
    Closed,
    /// At least half of its calls fail. Before this moment only requests that have no other model left ask it: three attempts
    /// still answer most of them.
    Failing {
        /// When one call may try again.
        until: Timestamp,
    },
    /// Asking does not help: nearly all of its calls fail, or the provider named a time. It may not be asked before this
    /// moment.
    Open {
        /// When one call may try again.
        until: Timestamp,
    },
    /// One call may try it: whoever gets [`AiState::probe`].
    HalfOpen,
}

/// What is read before anything is decided about a request.
#[derive(Debug, Clone)]
pub struct RequestLookup<'a> {
    /// The organization that asks.
    pub tenant: OrganizationId,
    /// The answer to look for.
    pub cache: Option<CacheKey>,
    /// The models of the chain.
    pub models: &'a [ModelName],
    /// The moment against which leases and breakers are held.
    pub now: Timestamp,
}

/// What [`AiState::look_up`] read.
#[derive(Debug, Clone)]
pub struct RequestState {
    /// The tenant's budget, if it was ever set.
    pub budget: Option<AiBudget>,
    /// The tenant's own prices, if it ever had any.
    pub prices: Option<Versioned<AiPrices>>,
    /// What the cache has.
    pub cached: Cached,
    /// One for each model asked about, in their order.
    pub breakers: Vec<Breaker>,
}

/// A part of a budget, as a problem names it.
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

/// Money set aside for a request before a model is asked. It stays set aside until the request is settled, by whoever made
/// it or, after `lease_until`, by the sweeper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// Whose.
    pub tenant: OrganizationId,
    /// When it was made, which is now: the moment against which somebody else's lease on the answer is held.
    pub at: Timestamp,
    /// When the sweeper may settle it.
    pub lease_until: Timestamp,
    /// The most that the request may cost, in nano-dollars.
    pub bound: u64,
    /// Which of the tenant's counters it is charged to; tenants with many requests have several. [`AiState::reserve`]
    /// chooses it.
    pub shard: u32,
    /// The cached answer is older than the caller's `max-age`; this is when it was stored. [`AiState::reserve`] then takes the
    /// right to make the answer although one is cached. It is not stored.
    #[serde(skip)]
    pub replaces: Option<Timestamp>,
    /// What is recorded should the process die: the first model, tokens at their bound.
    pub presumed: AiRequestMetered,
    /// Until when what is done with it may take, where somebody waits. It is not stored.
    #[serde(skip)]
    pub until: Option<Instant>,
}

impl Reservation {
    /// The request.
    pub fn request_id(&self) -> AiRequestId {
        self.presumed.request_id
    }

    /// When the request began, which may be before it was reserved: the month and the day that are charged, by the
    /// reservation and by the settlement alike.
    pub fn began(&self) -> Timestamp {
        self.presumed.began().unwrap_or(self.at)
    }

    /// Who is charged beside the tenant.
    pub fn account(&self) -> AccountId {
        self.presumed.account_id
    }

    /// The feature that is charged.
    pub fn feature(&self) -> Feature {
        self.presumed.feature
    }
}

/// A reservation was not made. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// A budget has not enough left.
    #[error("the budget {} has not enough left", .0.as_str())]
    OverBudget(BudgetScope),
    /// Somebody else is making this answer, or just made it.
    #[error("the answer is being made")]
    InFlight,
    /// The request has a reservation already, or was settled.
    #[error("the request was made before")]
    Repeated,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An answer to be cached.
#[derive(Debug, Clone)]
pub struct AnswerToCache {
    /// The sealed answer.
    pub answer: String,
    /// How long it is cached.
    pub ttl: Duration,
}

/// The end of a request for which money was set aside.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// What was set aside.
    pub reservation: Reservation,
    /// What it used; its cost is what is charged.
    pub metered: AiRequestMetered,
    /// When it ended.
    pub at: Timestamp,
    /// The key that was being worked on, and the answer if it may be given again. Without one, those who wait for the answer
    /// of a request that was answered need not wait for the next either: for a minute each asks for itself.
    pub cache: Option<(CacheKey, Option<AnswerToCache>)>,
    /// Ties the event to its request.
    pub correlation_id: String,
}

/// What a tenant has spent and set aside, in nano-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Set aside and spent.
    pub committed: u64,
    /// Spent.
    pub settled: u64,
}

/// Calls to a model that one process made since it last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// Calls.
    pub calls: u32,
    /// Calls that failed by the provider's fault: 5xx, timeouts, connections. Never what a request caused.
    pub failures: u32,
    /// How long the provider wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// Remembers for the AI gateway.
pub trait AiState: Send + Sync {
    /// Everything that decides a request: one batch read.
    fn look_up<'a>(&'a self, look: &'a RequestLookup<'a>) -> BoxFuture<'a, Result<RequestState, StoreError>>;

    /// What the cache has: one read.
    fn cached<'a>(&'a self, key: &'a CacheKey, now: Timestamp) -> BoxFuture<'a, Result<Cached, StoreError>>;

    /// Sets money aside from all four budgets, and takes the right to make the answer of `cache`, or does nothing: one
    /// transaction, tried again while others change the same counters, and given up at [`Reservation::until`]. `lease_until`
    /// ends that right too. Sets [`Reservation::shard`].
    fn reserve<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        limits: &'a Limits,
        cache: Option<&'a CacheKey>,
    ) -> BoxFuture<'a, Result<(), ReserveError>>;

    /// Sets more aside, up to `bound`, for a request that has a reservation: one transaction. Sets
    /// [`Reservation::bound`]. [`ReserveError::Repeated`] when the request was settled.
    fn extend<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        bound: u64,
        limits: &'a Limits,
    ) -> BoxFuture<'a, Result<(), ReserveError>>;

    /// Charges what was used, gives back the rest, records the request and keeps the answer, exactly once: one
    /// transaction, given up at [`Reservation::until`]. `false` when it was settled before; then nothing changes.
    fn settle<'a>(&'a self, settlement: &'a Settlement) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Leaves to the sweeper what [`AiState::settle`] could not do: writes down what the request used beside what is set
    /// aside for it, so that it is charged that and not its bound. One write, of an item that no other request writes,
    /// given up at [`Reservation::until`]; nothing when it was settled.
    fn leave<'a>(&'a self, settlement: &'a Settlement) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Records a request that cost nothing, exactly once: one write.
    fn record<'a>(
        &'a self,
        tenant: OrganizationId,
        metered: &'a AiRequestMetered,
        at: Timestamp,
        correlation_id: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Reservations whose lease has ended at `now`, at most `limit` of them, the oldest leases first. What is presumed of
    /// each costs its bound, also when that was extended; or it is what [`AiState::leave`] wrote down.
    fn expired(&self, now: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<Reservation>, StoreError>>;

    /// What was spent in the month and on the day of `at`: by the tenant in the month, on the day, by the account on the
    /// day, and by each feature in the month.
    fn spent<'a>(
        &'a self,
        tenant: OrganizationId,
        account: AccountId,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<SpentByScope, StoreError>>;

    /// Counts calls to a model, and opens its breaker when half of at least 20 calls within 60 seconds failed: for requests
    /// that have another model left, and for all where nine in ten failed. One write; another one when a window begins, and
    /// when the breaker opens. The time that a provider names (`Retry-After`, at most a minute) holds for everybody else:
    /// [`AiState::look_up`] answers [`Breaker::Open`] where it throttles and [`Breaker::Failing`] where it failed. The caller
    /// itself knows the time and goes by it.
    fn observe<'a>(
        &'a self,
        model: &'a ModelName,
        seen: Observation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Breaker, StoreError>>;

    /// What a half-open breaker says to this call: [`Breaker::HalfOpen`], it is the one that may try, a right that ends at
    /// `until`, so that a crash does not keep the breaker open; [`Breaker::Open`], another one tries; [`Breaker::Closed`],
    /// another one did, and the model may be asked. One write.
    fn probe<'a>(
        &'a self,
        model: &'a ModelName,
        now: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<Breaker, StoreError>>;

    /// Tells how the probe went: closes the breaker, or opens it again for `retry_after` or 30 seconds.
    fn probed<'a>(
        &'a self,
        model: &'a ModelName,
        succeeded: bool,
        retry_after: Option<Duration>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// What was spent, by budget.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpentByScope {
    /// The tenant's month.
    pub tenant_month: Spent,
    /// The tenant's day.
    pub tenant_day: Spent,
    /// The account's day.
    pub user_day: Spent,
    /// The month of each feature that spent anything.
    pub feature_month: Vec<(Feature, Spent)>,
}
