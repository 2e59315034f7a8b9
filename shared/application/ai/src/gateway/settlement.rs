//! A request with a reservation, from its first call to its settlement. Its money is settled exactly once in any case:
//! here, or by the sweeper when this process dies.

use super::admission::{ReservedRequest, TO_ANSWER, TO_SETTLE};
use super::bill::RequestBill;
use super::lookup::{CachedAnswer, CachedReasoning, CachedToolCall, ModelCandidate, whole_millis};
use super::parts::AiGateway;
use super::question::{InputBounds, longest_answer, most_costs};
use super::terms::OrganizationTerms;
use crate::registry::Model;
use crate::seal::Seal;
use application_core::model_answer::AnswerHead;
use application_core::{Context, Error};
use domain::ai::{AiRequestMetered, CacheUse, RequestOutcome, TokenCounts};
use ports::{
    AnswerToCache, CacheKey, LimitDecision, ModelAnswer, ReasoningContent, Reservation, ReserveError,
    Settlement, StopReason, ToolCall,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The time that is left after an unsettled usage was written down, or could not be written either.
const LAST: Duration = Duration::from_millis(100);

/// A request that needs a model.
pub(super) struct Session {
    pub(super) gateway: Arc<AiGateway>,
    pub(super) context: Context,
    pub(super) candidates: Vec<ModelCandidate>,
    pub(super) input: InputBounds,
    output: u64,
    limit: LimitDecision,
    pub(super) terms: OrganizationTerms,
    pub(super) length_is_the_callers: bool,
    /// The completion that only this session makes, and how long it may be cached.
    making: Option<(CacheKey, Duration)>,
    seal: Option<Seal>,
    cache: CacheUse,
    reservation: Reservation,
    started: Instant,
    /// Time spent waiting for providers.
    pub(super) waited: Duration,
    pub(super) attempts: u32,
    /// The model that was asked last.
    pub(super) asked: Option<Model>,
    pub(super) bill: RequestBill,
}

impl From<ReservedRequest> for Session {
    fn from(reserved: ReservedRequest) -> Self {
        let ReservedRequest { lookup, candidates, input, reservation, making, cache } = reserved;
        Self {
            length_is_the_callers: lookup.question.length_is_the_callers(),
            gateway: lookup.gateway,
            context: lookup.context,
            candidates,
            input,
            output: lookup.question.output,
            limit: lookup.limit,
            terms: lookup.terms,
            making,
            seal: lookup.question.seal,
            cache,
            reservation,
            started: lookup.started,
            waited: Duration::ZERO,
            attempts: 0,
            asked: None,
            bill: RequestBill::default(),
        }
    }
}

impl Session {
    /// The time until the request must be settled.
    pub(super) fn time_left(&self) -> Duration {
        self.context.time_left().saturating_sub(TO_SETTLE)
    }

    /// Makes sure that the next attempt, which may cost `more` nano-dollars, is paid for.
    pub(super) async fn require_money(&mut self, more: u64) -> Result<(), Error> {
        let needed = self.bill.cost.saturating_add(more);
        if needed <= self.reservation.bound {
            return Ok(());
        }
        match self.gateway.money.extend(&mut self.reservation, needed, &self.terms.limits).await {
            Ok(()) => Ok(()),
            Err(ReserveError::OverBudget(scope)) => Err(Error::OverBudget(scope)),
            Err(ReserveError::InFlight | ReserveError::Repeated) => Err(Error::Conflict),
            Err(ReserveError::Store(error)) => Err(error.into()),
        }
    }

    /// The most that one call to the model can cost, with the `extra` tokens that a repair adds to the prompt.
    pub(super) fn most_costs(&self, model: &Model, extra: u64) -> u64 {
        most_costs(model, self.input.most.saturating_add(extra), self.output)
    }

    /// The most tokens of one completion of the model.
    pub(super) fn longest_answer(&self, model: &Model) -> u64 {
        longest_answer(model, self.output)
    }

    pub(super) fn head(&self, model: &Model) -> AnswerHead {
        AnswerHead {
            request_id: self.reservation.request_id(),
            model: model.id.clone(),
            provider: model.provider.as_str().to_owned(),
            cache: self.cache,
            attempts: self.attempts,
            limit: self.limit,
            overhead_ms: whole_millis(self.started.elapsed().saturating_sub(self.waited)),
        }
    }

    /// The version of the prices that the request is charged by.
    pub(super) fn price_version(&self) -> &str {
        &self.terms.price_version
    }

    /// Ends the request: charges the usage, and caches the completion if it is cacheable. It leaves enough time to
    /// answer. A failure is logged and not returned: the completion exists and is paid for, and the sweeper charges the
    /// usage that could not be settled.
    pub(super) async fn settle(
        &mut self,
        model: Option<&Model>,
        outcome: RequestOutcome,
        answer: Option<CacheableAnswer<'_>>,
    ) {
        let mut settlement = self.settlement(model, outcome, answer);
        if self.bill.cost > self.reservation.bound {
            tracing::error!(
                ai_cost_nano_usd = self.bill.cost,
                bound = self.reservation.bound,
                model = settlement.metered.model,
                "a request to a model cost more than the most that was reckoned"
            );
        }
        tracing::info!(
            ai_cost_nano_usd = settlement.metered.cost_nano_usd,
            feature = settlement.metered.feature.as_str(),
            model = settlement.metered.model,
            attempts = settlement.metered.attempts,
            "a request to a model ended"
        );
        match self.gateway.money.settle(&settlement).await {
            Ok(true) => {}
            Ok(false) => tracing::error!("a request to a model was settled before it ended"),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a request to a model could not be settled; it is left to the sweeper"
                );
                settlement.reservation.until = self.context.deadline.checked_sub(LAST);
                self.leave_to_the_sweeper(&settlement).await;
            }
        }
    }

    fn settlement(
        &mut self,
        model: Option<&Model>,
        outcome: RequestOutcome,
        answer: Option<CacheableAnswer<'_>>,
    ) -> Settlement {
        let first = self.candidates.first().map(|candidate| &candidate.model);
        let model = model.or(self.asked.as_ref()).or(first);
        let (id, provider) =
            model.map(|model| (model.id.clone(), model.provider.as_str().to_owned())).unwrap_or_default();
        let sealed = answer.and_then(|answer| self.sealed(&answer, &id, &provider));
        let metered = AiRequestMetered {
            other_models: self.bill.others(&id),
            model: id,
            provider,
            tokens: self.bill.tokens,
            cost_nano_usd: self.bill.cost,
            unmetered: self.bill.unmetered,
            attempts: self.attempts,
            latency_ms: whole_millis(self.started.elapsed()),
            outcome,
            ..self.reservation.presumed.clone()
        };
        self.reservation.until = self.context.deadline.checked_sub(TO_ANSWER);
        let cached = |ttl| sealed.map(|answer| AnswerToCache { answer, ttl });
        Settlement {
            reservation: self.reservation.clone(),
            at: self.context.clock(),
            cache: self.making.map(|(key, ttl)| (key, cached(ttl))),
            correlation_id: self.context.correlation_id.clone(),
            metered,
        }
    }

    /// The completion in the cache's form. One that can't be sealed is not cached.
    fn sealed(&self, answer: &CacheableAnswer<'_>, model: &str, provider: &str) -> Option<String> {
        let answer = CachedAnswer {
            reasoning: answer.reasoning.iter().map(CachedReasoning::from).collect(),
            text: answer.text.to_owned(),
            tool_calls: answer.tool_calls.iter().map(CachedToolCall::from).collect(),
            stop: answer.stop.as_str().to_owned(),
            tokens: answer.tokens,
            reasoning_tokens: answer.reasoning_tokens,
            model: model.to_owned(),
            provider: provider.to_owned(),
            settings: self.terms.settings.clone(),
        };
        let answer = serde_json::to_string(&answer).ok()?;
        self.seal?.close(&answer, self.context.entropy.as_ref()).ok().flatten()
    }

    async fn leave_to_the_sweeper(&self, settlement: &Settlement) {
        if let Err(error) = self.gateway.money.record_unsettled_usage(settlement).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what a request to a model used could not be written down; it will be presumed to have cost what was \
                 set aside"
            );
        }
    }
}

/// A completion that may be used again.
pub(super) struct CacheableAnswer<'a> {
    reasoning: &'a [ReasoningContent],
    text: &'a str,
    tool_calls: &'a [ToolCall],
    stop: StopReason,
    tokens: TokenCounts,
    reasoning_tokens: u64,
}

impl<'a> CacheableAnswer<'a> {
    /// `None` for a completion that only its own caller gets: a cut one, and an empty one.
    pub(super) fn of(answer: &'a ModelAnswer, tokens: TokenCounts) -> Option<Self> {
        let ModelAnswer { reasoning, text, tool_calls, stop, usage } = answer;
        let says_something = !text.trim().is_empty() || !tool_calls.is_empty();
        (stop.is_whole() && says_something).then_some(Self {
            reasoning,
            text,
            tool_calls,
            stop: *stop,
            tokens,
            reasoning_tokens: usage.map_or(0, |usage| usage.reasoning_tokens),
        })
    }
}
