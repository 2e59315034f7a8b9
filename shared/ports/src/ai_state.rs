//! The state of the AI gateway, shared by all functions: cached completions, the requests that make one, money set
//! aside and spent, and breakers. All of it is durable; when it can't be reached, no model is called.
//!
//! The calls of one request, in their order: [`AiState::look_up`]; on a cache hit [`RequestMoney::record`]; on a miss
//! [`RequestMoney::reserve`], the provider, [`RequestMoney::settle`].

mod lookup;
mod money;

use super::{BoxFuture, StoreError};
use domain::Timestamp;
use domain::id::{AccountId, AiRequestId, OrganizationId};
use std::time::Duration;

pub use lookup::{
    Breaker, CacheKey, CachedCompletion, CallObservation, ModelName, RequestLookup, RequestState,
};
pub use money::{
    AnswerToCache, BudgetScope, RequestMoney, Reservation, ReserveError, Settlement, SpentAmounts,
    SpentByScope,
};

/// The state of the AI gateway. Its money is that of the budgets of all requests.
pub trait AiState: RequestMoney {
    /// Reads everything that decides about a request: one batch read.
    fn look_up<'a>(&'a self, look: &'a RequestLookup<'a>) -> BoxFuture<'a, Result<RequestState, StoreError>>;

    /// Reads the cache's content for a key: one read.
    fn cached<'a>(
        &'a self,
        key: &'a CacheKey,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<CachedCompletion, StoreError>>;

    /// The open reservation of a request, for work that is longer than one process; `None` when none was made, or when it
    /// was settled. One read.
    fn reservation<'a>(
        &'a self,
        tenant: OrganizationId,
        request: AiRequestId,
    ) -> BoxFuture<'a, Result<Option<Reservation>, StoreError>>;

    /// Reservations whose lease has ended at `now`, at most `limit` of them, the oldest leases first. The presumed
    /// record of each costs its bound, including extensions, unless [`RequestMoney::record_unsettled_usage`] wrote the
    /// usage.
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
