//! Money of requests: the budgets that may run out, reservations, settlements, and the amounts spent.

use super::CacheKey;
use crate::{BoxFuture, StoreError};
use domain::Timestamp;
use domain::ai::{AiRequestMetered, Feature, Limits};
use domain::id::{AccountId, AiRequestId, OrganizationId};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The money of requests: where the gateway sets it aside, and where it charges the usage.
pub trait RequestMoney: Send + Sync {
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

    /// Leaves a failed [`RequestMoney::settle`] to the sweeper: writes the usage of the request beside its reservation, so
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
    /// [`RequestMoney::reserve`] chooses it.
    pub shard: u32,
    /// The cached completion is older than the caller's `max-age`; this is when it was stored.
    /// [`RequestMoney::reserve`] then takes the right to make the completion although one is
    /// cached. This field is not stored.
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
