//! The state of the AI gateway, shared by all functions: cached completions, the requests that make one, money set
//! aside and spent, and breakers. All of it is durable; when it can't be reached, no model is called.
//!
//! The calls of one request, in their order: [`AiState::look_up`]; on a cache hit [`AiState::record`]; on a miss
//! [`AiState::reserve`], the provider, [`AiState::settle`].

mod lookup;
mod money;

use super::{BoxFuture, StoreError};
use domain::Timestamp;
use domain::ai::{AiRequestMetered, Limits};
use domain::id::{AccountId, AiRequestId, OrganizationId};
use std::time::Duration;

pub use lookup::{
    Breaker, CacheKey, CachedCompletion, CallObservation, ModelName, RequestLookup, RequestState,
};
pub use money::{
    AnswerToCache, BudgetScope, Reservation, ReserveError, Settlement, SpentAmounts, SpentByScope,
};

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

    /// The open reservation of a request, for work that is longer than one process; `None` when none was made, or when it
    /// was settled. One read.
    fn reservation<'a>(
        &'a self,
        tenant: OrganizationId,
        request: AiRequestId,
    ) -> BoxFuture<'a, Result<Option<Reservation>, StoreError>>;

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
