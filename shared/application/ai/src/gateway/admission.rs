//! Decides whether a request needs a model. It does not when the cached completion is fresh or another request is
//! making it. Otherwise the request gets the right to make the completion and the money, taken together. A model that a
//! budget has no room for is passed over for a cheaper one.

use super::cached_answer::cached_answer;
use super::lookup::{CachedAnswer, ModelCandidate, RequestLookupResult, open_for};
use super::question::{InputBounds, most_costs};
use crate::ask::GatewayAnswer;
use application_core::{Context, Error};
use domain::Timestamp;
use domain::ai::{AiRequestMetered, CacheUse, RequestOutcome, TokenCounts, UnmeteredUsage};
use domain::id::AiRequestId;
use ports::{Breaker, CacheKey, CachedCompletion, Reservation, ReserveError, Settlement};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time that is reserved to settle and to answer.
pub(super) const TO_SETTLE: Duration = Duration::from_secs(2);
/// The part of it that is reserved to answer when settling takes long.
pub(super) const TO_ANSWER: Duration = Duration::from_millis(500);
/// The shortest time with which a call is begun.
pub(super) const SHORTEST_CALL: Duration = Duration::from_millis(500);
/// The time by which a lease is longer than the request's time.
const LEASE_BEYOND: Duration = Duration::from_secs(5);
/// The first wait for another request's completion, and the longest wait between two reads.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait for another request's completion; a third of the time where that is less.
const LONGEST_IN_LINE: Duration = Duration::from_secs(10);
/// With less time than this, a request does not take the right to make a completion that others wait for.
const WORTH_WAITING_FOR: Duration = Duration::from_secs(5);

/// How a request goes on after its look-up.
pub(super) enum AdmissionResult {
    /// The cache has the completion.
    FromCache(Box<GatewayAnswer>),
    /// A model may be asked; the money for it is set aside.
    Reserved(Box<ReservedRequest>),
}

/// A request that needs a model, with the money for it.
pub(super) struct ReservedRequest {
    pub(super) lookup: RequestLookupResult,
    pub(super) candidates: Vec<ModelCandidate>,
    pub(super) input: InputBounds,
    pub(super) reservation: Reservation,
    /// The completion that only this request makes, and how long it may be cached.
    pub(super) making: Option<(CacheKey, Duration)>,
    pub(super) cache: CacheUse,
}

struct Admission {
    lookup: RequestLookupResult,
    candidates: Vec<ModelCandidate>,
    input: InputBounds,
    cache: CacheUse,
}

/// Admits a request with this many tokens.
pub(super) async fn admit(
    mut lookup: RequestLookupResult,
    input: InputBounds,
) -> Result<AdmissionResult, Error> {
    let candidates = lookup.candidates(input)?;
    let cached = std::mem::replace(&mut lookup.cached, CachedCompletion::Nothing);
    let cache = if lookup.reads_cache { CacheUse::Miss } else { CacheUse::Bypass };
    Admission { lookup, candidates, input, cache }.go_on(cached).await
}

/// The result of an attempt to set money aside.
enum ReservationAttempt {
    Done(Box<ReservedRequest>),
    /// Try again with a cheaper model.
    Again(Admission),
    /// Another request is making the completion.
    Wait(Admission),
}

impl Admission {
    async fn go_on(mut self, mut cached: CachedCompletion) -> Result<AdmissionResult, Error> {
        let request_id = self.context().new_id::<domain::id::AiRequestTag>()?;
        let mut pause = FIRST_WAIT;
        let mut replaces = None;
        let in_line_until = Instant::now() + LONGEST_IN_LINE.min(self.context().time_left() / 3);
        loop {
            if let CachedCompletion::Answer { answer, stored_at } = &cached {
                let fresh = self.is_fresh(*stored_at);
                match CachedAnswer::opened(self.lookup.question.seal, answer) {
                    Some(answer) if fresh && self.may_have(&answer) => {
                        let answered = cached_answer(&self.lookup, request_id, answer).await?;
                        return Ok(AdmissionResult::FromCache(Box::new(answered)));
                    }
                    // A completion that can't be read here is left to the processes that can.
                    None if fresh => self.lookup.question.cache = None,
                    // A completion that is too old, or that the organization may not have any more, makes way for the
                    // new one.
                    _ => replaces = Some(*stored_at),
                }
            }
            // The completions of this prompt are not cached, so each request makes its own.
            if cached == CachedCompletion::NotCacheable {
                self.lookup.question.cache = None;
            }
            if !matches!(cached, CachedCompletion::InFlight { .. }) {
                self = match self.reserve(request_id, replaces).await? {
                    ReservationAttempt::Done(reserved) => return Ok(AdmissionResult::Reserved(reserved)),
                    ReservationAttempt::Again(admission) => {
                        self = admission;
                        continue;
                    }
                    ReservationAttempt::Wait(admission) => admission,
                };
            }
            let Some((key, _)) = self.lookup.question.cache else { return Err(Error::Conflict) };
            if self.context().time_left() < TO_SETTLE + pause {
                return Err(Error::ModelsUnavailable { retry_after: Some(LONGEST_WAIT) });
            }
            if Instant::now() >= in_line_until {
                // The request that makes it is slow or dead. There is time to make another completion.
                self.lookup.question.cache = None;
                cached = CachedCompletion::Nothing;
                continue;
            }
            self.lookup.gateway.timer.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_WAIT);
            cached = self.lookup.gateway.state.cached(&key, self.now()).await?;
        }
    }

    /// Sets money aside for the first model that may be asked.
    async fn reserve(
        mut self,
        id: AiRequestId,
        replaces: Option<Timestamp>,
    ) -> Result<ReservationAttempt, Error> {
        // Money for a call that can't be made would be set aside for nothing.
        if self.context().time_left() < TO_SETTLE + SHORTEST_CALL {
            return Err(Error::ModelsUnavailable { retry_after: None });
        }
        if let Some(wait) = self.all_open() {
            return Err(Error::ModelsUnavailable { retry_after: Some(wait) });
        }
        let (mut reservation, making) = self.reservation(id);
        reservation.replaces = replaces;
        let key = making.map(|(key, _)| key);
        let gateway = Arc::clone(&self.lookup.gateway);
        match gateway.money.reserve(&mut reservation, &self.lookup.terms.limits, key.as_ref()).await {
            Ok(()) => {
                let Self { lookup, candidates, input, cache } = self;
                let reserved = ReservedRequest { lookup, candidates, input, reservation, making, cache };
                Ok(ReservationAttempt::Done(Box::new(reserved)))
            }
            Err(ReserveError::InFlight) => Ok(ReservationAttempt::Wait(self)),
            Err(ReserveError::OverBudget(scope)) => {
                // A more expensive model has no room either.
                let (input, output) = (self.input.most, self.lookup.question.output);
                self.candidates
                    .retain(|candidate| most_costs(&candidate.model, input, output) < reservation.bound);
                if self.candidates.is_empty() || self.all_open().is_some() {
                    return Err(Error::OverBudget(scope));
                }
                Ok(ReservationAttempt::Again(self))
            }
            Err(ReserveError::Repeated) => Err(Error::Conflict),
            Err(ReserveError::Store(error)) => {
                self.cancel_reservation(reservation, making).await;
                Err(error.into())
            }
        }
    }

    fn context(&self) -> &Context {
        &self.lookup.context
    }
    fn now(&self) -> Timestamp {
        self.context().clock()
    }

    /// Whether the organization may still ask the model that made the completion, with the same settings as then.
    fn may_have(&self, answer: &CachedAnswer) -> bool {
        let terms = &self.lookup.terms;
        terms.limits.allows(&answer.model) && answer.settings == terms.settings
    }

    /// Whether a completion is as young as the caller wants. A completion that was made since the request began always
    /// is, so that callers with `max-age=0` don't wait for each other in turn.
    fn is_fresh(&self, stored_at: Timestamp) -> bool {
        let oldest = self.lookup.question.cache.and_then(|(_, policy)| policy.max_age);
        oldest
            .is_none_or(|oldest| stored_at >= self.lookup.context.now || stored_at.plus(oldest) >= self.now())
    }

    /// How long no model may be asked, if none may: then there is no reason to set money aside.
    fn all_open(&self) -> Option<Duration> {
        let now = self.now();
        let waits: Option<Vec<Duration>> =
            self.candidates.iter().map(|candidate| open_for(candidate.breaker, now)).collect();
        waits?.into_iter().min()
    }

    /// The reservation of this request's bound. The second part is the cache key under which other requests wait for
    /// this completion, with its time to live; absent when no request may wait for it.
    fn reservation(&self, request_id: AiRequestId) -> (Reservation, Option<(CacheKey, Duration)>) {
        let (context, question) = (&self.lookup.context, &self.lookup.question);
        // Only a cacheable completion is worth waiting for, and only from a request with enough time to make it.
        let can = context.time_left() >= TO_SETTLE + WORTH_WAITING_FOR;
        let shared = question.cache.filter(|(_, policy)| can && policy.read && policy.store);
        let making = shared.map(|(key, policy)| (key, policy.ttl));
        // The model that will be asked first: money for a model that may not be asked would be set aside for nothing.
        let now = self.now();
        let able = || self.candidates.iter().filter(|candidate| open_for(candidate.breaker, now).is_none());
        let well = able().find(|candidate| !matches!(candidate.breaker, Breaker::Failing { .. }));
        let first = well.or(able().next()).map(|candidate| &candidate.model);
        let bound = first.map_or(0, |model| most_costs(model, self.input.most, question.output));
        let presumed = AiRequestMetered {
            request_id,
            account_id: question.asker.account,
            api_key_id: question.asker.api_key,
            feature: question.feature,
            model: first.map(|model| model.id.clone()).unwrap_or_default(),
            provider: first.map(|model| model.provider.as_str().to_owned()).unwrap_or_default(),
            tokens: TokenCounts { input: self.input.most, output: question.output, ..TokenCounts::default() },
            cost_nano_usd: bound,
            other_models: Vec::new(),
            unmetered: UnmeteredUsage::default(),
            price_version: self.lookup.terms.price_version.clone(),
            attempts: 1,
            latency_ms: 0,
            cache: self.cache,
            outcome: RequestOutcome::Presumed,
            variant: self.lookup.terms.variant.clone(),
        };
        let reservation = Reservation {
            tenant: question.asker.tenant,
            at: now,
            lease_until: self.now().plus(context.time_left() + LEASE_BEYOND),
            bound,
            shard: 0,
            replaces: None,
            presumed,
            until: context.deadline.checked_sub(TO_SETTLE),
        };
        (reservation, making)
    }

    /// Ends a reservation that may or may not have been made. No model was asked, so it cost nothing.
    async fn cancel_reservation(&self, reservation: Reservation, making: Option<(CacheKey, Duration)>) {
        let metered = AiRequestMetered {
            tokens: TokenCounts::default(),
            cost_nano_usd: 0,
            attempts: 0,
            outcome: RequestOutcome::Failed,
            ..reservation.presumed.clone()
        };
        let until = self.lookup.context.deadline.checked_sub(TO_ANSWER);
        let settlement = Settlement {
            reservation: Reservation { until, ..reservation },
            metered,
            at: self.now(),
            cache: making.map(|(key, _)| (key, None)),
            correlation_id: self.lookup.context.correlation_id.clone(),
        };
        if let Err(error) = self.lookup.gateway.money.settle(&settlement).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what may be set aside for a request that asked no model could not be given back"
            );
        }
    }
}
