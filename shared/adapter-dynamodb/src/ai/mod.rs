//! The state of the AI gateway, in the ephemeral table; only the event of a request goes to the ledger, and budgets are
//! read from the state table. A look-up is one batch read, a reservation and its settlement are one transaction each.
//!
//! Completions are the only content that is stored. Nothing here may depend on the TTL: an expired item counts as
//! absent.

mod answer;
mod breaker;
mod counters;
mod event;
mod look;
mod open;
mod reserve;
mod settle;
mod spent;
mod unknown_shards;
mod usage;
mod usage_sums;

use crate::client::client;
use crate::failure::given_up;
use crate::patience::Patience;
use crate::shards::ListShards;
use crate::tables::Tables;
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use domain::Timestamp;
use domain::ai::{AiRequestMetered, Limits};
use domain::id::{AccountId, AiRequestId, OrganizationId};
use ports::{
    AiState, BoxFuture, Breaker, CacheKey, CachedCompletion, CallObservation, ModelName, RequestLookup,
    RequestMoney, RequestState, Reservation, ReserveError, Settlement, SpentByScope, StoreError,
};
use std::fmt;
use std::time::{Duration, Instant};
use tokio::time::timeout_at;
pub use usage::DynamoAiUsage;

/// The state of the AI gateway on DynamoDB.
#[derive(Clone)]
pub struct DynamoAiState {
    client: Client,
    tables: Tables,
    shards: ListShards,
}

impl fmt::Debug for DynamoAiState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoAiState").field("tables", &self.tables).finish_non_exhaustive()
    }
}

impl DynamoAiState {
    /// A state in which every tenant has one counter for each budget.
    pub fn new(config: &SdkConfig, tables: Tables) -> Self {
        Self { client: client(config), tables, shards: ListShards::default() }
    }

    /// The same state, with several counters for the tenants in `shards`. Each counter has its part of a limit, and a
    /// request's bound must fit the part, so the limits of such a tenant must be large. While limits and numbers of
    /// shards stay the same, the sum never exceeds the limit. When a limit is lowered or the number changed, the amounts
    /// already spent still count, but requests in progress at that moment may exceed the limit together, each by its
    /// bound.
    pub fn with_shards(self, shards: ListShards) -> Self {
        Self { shards, ..self }
    }
}

/// All requests of a tenant change the same counters, and a transaction that collides with another is canceled at once.
/// Of many simultaneous requests each must wait for its turn, so the time bounds the retries: after five seconds the
/// caller should rather try again later. Pauses grow to 640 ms at most, 320 on average, so 32 tries don't end before
/// the time does.
fn queueing() -> Patience {
    Patience::new(32, Duration::from_secs(5))
}

/// Work that is given up after `time`. Its call may still be carried out.
async fn in_time<T, E: From<StoreError>>(
    until: Option<Instant>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let Some(until) = until else { return work.await };
    match timeout_at(until.into(), work).await {
        Ok(done) => done,
        Err(_elapsed) => Err(given_up("of the AI gateway", "the time is over").into()),
    }
}

impl RequestMoney for DynamoAiState {
    fn reserve<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        limits: &'a Limits,
        cache: Option<&'a CacheKey>,
    ) -> BoxFuture<'a, Result<(), ReserveError>> {
        Box::pin(in_time(reservation.until, self.set_aside(reservation, limits, cache)))
    }

    fn extend<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        bound: u64,
        limits: &'a Limits,
    ) -> BoxFuture<'a, Result<(), ReserveError>> {
        Box::pin(in_time(reservation.until, self.set_more_aside(reservation, bound, limits)))
    }

    fn settle<'a>(&'a self, settlement: &'a Settlement) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(in_time(settlement.reservation.until, self.charge(settlement)))
    }

    fn record_unsettled_usage<'a>(
        &'a self,
        settlement: &'a Settlement,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(in_time(settlement.reservation.until, self.write_down(settlement)))
    }

    fn record<'a>(
        &'a self,
        tenant: OrganizationId,
        metered: &'a AiRequestMetered,
        at: Timestamp,
        correlation_id: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write_event(tenant, metered, at, correlation_id))
    }
}

impl AiState for DynamoAiState {
    fn look_up<'a>(&'a self, look: &'a RequestLookup<'a>) -> BoxFuture<'a, Result<RequestState, StoreError>> {
        Box::pin(self.read_all(look))
    }

    fn cached<'a>(
        &'a self,
        key: &'a CacheKey,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<CachedCompletion, StoreError>> {
        Box::pin(self.read_answer(key, now))
    }

    fn reservation<'a>(
        &'a self,
        tenant: OrganizationId,
        request: AiRequestId,
    ) -> BoxFuture<'a, Result<Option<Reservation>, StoreError>> {
        Box::pin(self.read_reservation(tenant, request))
    }

    fn expired(&self, now: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<Reservation>, StoreError>> {
        Box::pin(self.read_expired(now, limit))
    }

    fn spent<'a>(
        &'a self,
        tenant: OrganizationId,
        account: AccountId,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<SpentByScope, StoreError>> {
        Box::pin(self.read_spent(tenant, account, at))
    }

    fn observe<'a>(
        &'a self,
        model: &'a ModelName,
        seen: CallObservation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Breaker, StoreError>> {
        Box::pin(self.count_calls(model, seen, now))
    }

    fn probe<'a>(
        &'a self,
        model: &'a ModelName,
        now: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<Breaker, StoreError>> {
        Box::pin(self.take_probe(model, now, until))
    }

    fn report_probe<'a>(
        &'a self,
        model: &'a ModelName,
        succeeded: bool,
        retry_after: Option<Duration>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.end_probe(model, succeeded, retry_after, now))
    }
}
