//! A state of the AI gateway in this process alone. It counts what is metered and, where it is told to, keeps answers. It knows
//! no budget, no limit and no breaker, and is lost with the process: what durable enforcement costs is the difference to it.

use domain::Timestamp;
use domain::ai::{AiRequestMetered, Limits, TokenCounts};
use domain::id::{AccountId, AiRequestId, OrganizationId};
use ports::{
    AiState, BoxFuture, Breaker, CacheKey, CachedCompletion, CallObservation, Entropy, EntropyError,
    LimitDecision, Limiter, ModelName, RateLimit, RequestLookup, RequestMoney, RequestState, Reservation,
    ReserveError, Settlement, SpentByScope, StoreError, Timer,
};
use serde::Serialize;
use std::collections::HashMap;
use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is remembered of answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remembers {
    /// Answers are kept and given again.
    pub answers: bool,
    /// Who asks what is being answered waits for it.
    pub making: bool,
}

/// What was metered, summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Bill {
    /// Requests to the gateway.
    pub requests: u64,
    /// Those that the cache answered.
    pub hits: u64,
    /// Calls to models.
    pub calls: u64,
    /// Tokens read at full price.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
    /// Tokens read from the provider's prompt cache.
    pub cache_read: u64,
    /// Tokens written to it.
    pub cache_write: u64,
    /// Nano-dollars.
    pub cost: u64,
}

impl Bill {
    fn add(&mut self, metered: &AiRequestMetered) {
        let TokenCounts { input, output, cache_read, cache_write } = metered.tokens;
        self.requests += 1;
        self.hits += u64::from(metered.attempts == 0);
        self.calls += u64::from(metered.attempts);
        self.input += input;
        self.output += output;
        self.cache_read += cache_read;
        self.cache_write += cache_write;
        self.cost += metered.cost_nano_usd;
    }
}

enum Entry {
    Making { until: Timestamp },
    Answer { answer: String, stored_at: Timestamp, until: Timestamp },
}

#[derive(Default)]
struct Memory {
    answers: HashMap<CacheKey, Entry>,
    bill: Bill,
}

/// A state that enforces nothing.
#[derive(Default)]
pub struct MemoryState {
    remembers: Remembers,
    memory: Mutex<Memory>,
}

impl MemoryState {
    /// A state that remembers this much.
    pub fn new(remembers: Remembers) -> Self {
        Self { remembers, memory: Mutex::default() }
    }

    /// What was metered so far.
    pub fn bill(&self) -> Bill {
        self.memory().bill
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: &CacheKey, now: Timestamp) -> CachedCompletion {
        match self.memory().answers.get(key) {
            Some(Entry::Answer { answer, stored_at, until }) if *until > now => {
                CachedCompletion::Answer { answer: answer.clone(), stored_at: *stored_at }
            }
            Some(Entry::Making { until }) if *until > now => CachedCompletion::InFlight { until: *until },
            _ => CachedCompletion::Nothing,
        }
    }
}

impl RequestMoney for MemoryState {
    fn reserve<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        _: &'a Limits,
        cache: Option<&'a CacheKey>,
    ) -> BoxFuture<'a, Result<(), ReserveError>> {
        let key = cache.filter(|_| self.remembers.making);
        let taken =
            key.is_some_and(|key| !matches!(self.find(key, reservation.at), CachedCompletion::Nothing));
        if taken {
            return Box::pin(ready(Err(ReserveError::InFlight)));
        }
        if let Some(key) = key {
            self.memory().answers.insert(*key, Entry::Making { until: reservation.lease_until });
        }
        Box::pin(ready(Ok(())))
    }

    fn extend<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        bound: u64,
        _: &'a Limits,
    ) -> BoxFuture<'a, Result<(), ReserveError>> {
        reservation.bound = bound;
        Box::pin(ready(Ok(())))
    }

    fn settle<'a>(&'a self, settlement: &'a Settlement) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut memory = self.memory();
        memory.bill.add(&settlement.metered);
        if let Some((key, keep)) = settlement.cache.as_ref().filter(|_| self.remembers.answers) {
            memory.answers.remove(key);
            if let Some(keep) = keep {
                let until = settlement.at.plus(keep.ttl);
                let entry = Entry::Answer { answer: keep.answer.clone(), stored_at: settlement.at, until };
                memory.answers.insert(*key, entry);
            }
        }
        Box::pin(ready(Ok(true)))
    }

    fn record<'a>(
        &'a self,
        _: OrganizationId,
        metered: &'a AiRequestMetered,
        _: Timestamp,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.memory().bill.add(metered);
        Box::pin(ready(Ok(())))
    }

    /// Nothing fails here, so nothing is left to a sweeper.
    fn record_unsettled_usage<'a>(&'a self, _: &'a Settlement) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }
}

impl AiState for MemoryState {
    fn look_up<'a>(&'a self, look: &'a RequestLookup<'a>) -> BoxFuture<'a, Result<RequestState, StoreError>> {
        let cached = look.cache.filter(|_| self.remembers.answers);
        let cached = cached.map_or(CachedCompletion::Nothing, |key| self.find(&key, look.now));
        let breakers = look.models.iter().map(|_| Breaker::Closed).collect();
        Box::pin(ready(Ok(RequestState {
            budget: None,
            prices: None,
            cached,
            breakers,
            fine_tunes: Vec::new(),
        })))
    }

    fn cached<'a>(
        &'a self,
        key: &'a CacheKey,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<CachedCompletion, StoreError>> {
        Box::pin(ready(Ok(self.find(key, now))))
    }

    fn reservation<'a>(
        &'a self,
        _: OrganizationId,
        _: AiRequestId,
    ) -> BoxFuture<'a, Result<Option<Reservation>, StoreError>> {
        Box::pin(ready(Ok(None)))
    }

    fn expired(&self, _: Timestamp, _: u32) -> BoxFuture<'_, Result<Vec<Reservation>, StoreError>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn spent<'a>(
        &'a self,
        _: OrganizationId,
        _: AccountId,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<SpentByScope, StoreError>> {
        Box::pin(ready(Ok(SpentByScope::default())))
    }

    fn observe<'a>(
        &'a self,
        _: &'a ModelName,
        _: CallObservation,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Breaker, StoreError>> {
        Box::pin(ready(Ok(Breaker::Closed)))
    }

    fn probe<'a>(
        &'a self,
        _: &'a ModelName,
        _: Timestamp,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Breaker, StoreError>> {
        Box::pin(ready(Ok(Breaker::HalfOpen)))
    }

    fn report_probe<'a>(
        &'a self,
        _: &'a ModelName,
        _: bool,
        _: Option<Duration>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }
}

/// Allows everything.
#[derive(Debug)]
pub struct NoLimits;

impl Limiter for NoLimits {
    fn take<'a>(
        &'a self,
        limit: RateLimit,
        _: &'a str,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<LimitDecision, StoreError>> {
        let decision = LimitDecision {
            limit,
            allowed: true,
            remaining: limit.burst,
            retry_after_seconds: 0,
            reset_seconds: 0,
        };
        Box::pin(ready(Ok(decision)))
    }

    fn give_back<'a>(
        &'a self,
        _: RateLimit,
        _: &'a str,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }
}

/// Waits for nothing but lets others go on.
#[derive(Debug)]
pub struct NoTime;

impl Timer for NoTime {
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::task::yield_now())
    }
}

/// Counts where randomness is asked for: identifiers that differ and repeat.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (at, byte) in bytes.iter_mut().rev().enumerate() {
            *byte = number.iter().rev().nth(at).copied().unwrap_or_default();
        }
        Ok(())
    }
}
