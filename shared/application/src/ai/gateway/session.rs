//! One request from its look-up to its settlement. Whatever happens between, money that was set aside is settled once: here,
//! or by the sweeper when this process dies.

use super::AiGateway;
use super::attempts::SHORTEST_CALL;
use super::terms::Terms;
use crate::ai::ask::{AnswerCost, AnswerHead, Answered, Asker, CachePolicy};
use crate::ai::bound::estimated_tokens;
use crate::ai::chain::Chain;
use crate::ai::registry::{Model, ModelUse};
use crate::ai::seal::Seal;
use crate::limits::{AI_CALLS, allowed};
use crate::ports::{
    Breaker, CacheKey, Cached, Keep, LimitDecision, Look, ModelName, Reservation, ReserveError, Settlement,
    StopReason, Usage,
};
use crate::{Context, Error};
use domain::Timestamp;
use domain::ai::{AiRequestMetered, CacheUse, Feature, ModelUsed, Outcome, Tokens, Unmetered};
use domain::id::AiRequestId;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time that is kept back to settle and to answer.
pub(super) const RESERVE: Duration = Duration::from_secs(2);
/// Time that is kept back to answer when settling takes long.
const ANSWERING: Duration = Duration::from_millis(500);
/// Of which this much is left when what could not be settled has been written down, or could not be either.
const LAST: Duration = Duration::from_millis(100);
/// How much longer than the request may take its money stays set aside for it alone.
const LEASE_BEYOND: Duration = Duration::from_secs(5);
/// How long the first look at somebody else's work waits, and the longest wait between two.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How long somebody else's work is waited for at the most; a third of the time where that is less.
const LONGEST_IN_LINE: Duration = Duration::from_secs(10);
/// With less time than this nobody takes the right to make an answer that others wait for.
const WORTH_WAITING_FOR: Duration = Duration::from_secs(5);

/// What opens a session.
pub(super) struct Opening {
    pub(super) asker: Asker,
    pub(super) feature: Feature,
    /// The environment's chain, or the model that the caller named.
    pub(super) chain: Chain,
    /// What decides where a step of the chain is split.
    pub(super) sticky: String,
    /// The most tokens of the answer.
    pub(super) output: u64,
    /// The answer's name, and how the cache may be used.
    pub(super) cache: Option<(CacheKey, CachePolicy)>,
    /// What the answer is kept with; it follows from the question, like the name.
    pub(super) seal: Option<Seal>,
}

/// A model that may be asked, and what its breaker said.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) model: Model,
    pub(super) breaker: Breaker,
    /// Whether no model is left that does not fail. It is set when this one's turn comes.
    pub(super) is_last: bool,
}

/// A request that needs a model.
pub(super) struct Session {
    pub(super) gateway: Arc<AiGateway>,
    pub(super) context: Context,
    pub(super) candidates: Vec<Candidate>,
    /// The most and the fewest tokens of the question.
    pub(super) input: (u64, u64),
    output: u64,
    request_id: AiRequestId,
    limit: LimitDecision,
    pub(super) terms: Terms,
    /// The answer that this session alone makes, and how long it may be kept.
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
    pub(super) tokens: Tokens,
    pub(super) cost: u64,
    /// What of both nobody metered.
    unmetered: Unmetered,
    /// The same, by model.
    used: Vec<ModelUsed>,
}

/// How a request goes on after its look-up.
pub(super) enum Begun {
    Hit(Box<Answered>),
    Open(Box<Session>),
}

/// An answer as the cache keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
    stop: String,
    tokens: Tokens,
    model: String,
    provider: String,
    /// [`Terms::settings`] that it was made with.
    settings: String,
}

/// What every request knows before anything is decided.
pub(super) struct Seen {
    cache: CacheUse,
    gateway: Arc<AiGateway>,
    context: Context,
    opening: Opening,
    started: Instant,
    limit: LimitDecision,
    pub(super) terms: Terms,
    cached: Cached,
    breakers: HashMap<String, Breaker>,
    /// The most and the fewest tokens of the question.
    input: (u64, u64),
    candidates: Vec<Candidate>,
}

/// Looks everything up that decides the request.
pub(super) async fn look(
    gateway: &Arc<AiGateway>,
    context: &Context,
    opening: Opening,
) -> Result<Seen, Error> {
    let started = Instant::now();
    let names: Vec<ModelName> = may_be_asked(gateway, &opening).into_iter().map(name).collect();
    let reads = opening.cache.filter(|(_, policy)| policy.read).map(|(key, _)| key);
    let look = Look { tenant: opening.asker.tenant, cache: reads, models: &names, now: context.now };
    let who = opening.asker.name();
    let (decision, seen) = futures_util::future::join(
        gateway.limiter.take(AI_CALLS, &who, context.now),
        gateway.state.look(&look),
    )
    .await;
    let limit = allowed(decision?)?;
    let seen = seen?;
    let terms = Terms::new(gateway, &opening, seen.budget, seen.prices);
    Ok(Seen {
        cache: if reads.is_some() { CacheUse::Miss } else { CacheUse::Bypass },
        gateway: Arc::clone(gateway),
        context: context.clone(),
        opening,
        started,
        limit,
        terms,
        cached: seen.cached,
        breakers: names.into_iter().map(|name| name.model).zip(seen.breakers).collect(),
        input: (0, 0),
        candidates: Vec::new(),
    })
}

/// The models whose breakers are looked at. Which of them the tenant's own chain names is known only afterwards, and another
/// look would cost every such request its time.
fn may_be_asked<'a>(gateway: &'a AiGateway, opening: &'a Opening) -> Vec<&'a Model> {
    let mut models = opening.chain.models(&opening.sticky);
    if !opening.chain.is_named() {
        let others = gateway.registry.models().iter().filter(|model| {
            model.usage == ModelUse::Chat
                && opening.chain.models(&opening.sticky).iter().all(|it| it.id != model.id)
        });
        models.extend(others);
    }
    models
}

impl Seen {
    /// Goes on with a question of so many tokens, at the most and at the least.
    pub(super) async fn begin(mut self, input: (u64, u64)) -> Result<Begun, Error> {
        self.input = input;
        self.candidates = self.candidates()?;
        let cached = std::mem::replace(&mut self.cached, Cached::Nothing);
        self.go_on(cached).await
    }

    /// The models that may be asked and that the question can fit into.
    fn candidates(&self) -> Result<Vec<Candidate>, Error> {
        let breaker = |model: &Model| self.breakers.get(&model.id).copied().unwrap_or(Breaker::Closed);
        let allowed: Vec<Candidate> = self
            .terms
            .models
            .iter()
            .filter(|model| self.terms.limits.allows(&model.id))
            .map(|model| Candidate { breaker: breaker(model), model: model.clone(), is_last: false })
            .collect();
        // A model that the tenant may not ask does not exist for it.
        if allowed.is_empty() {
            return Err(Error::UnknownModel);
        }
        let (_, fewest) = self.input;
        // Providers refuse a question that leaves no room for the longest answer that is asked for.
        let fits = |model: &Model| {
            fewest.saturating_add(longest_answer(model, self.opening.output)) <= model.context_tokens
        };
        let fitting: Vec<Candidate> =
            allowed.into_iter().filter(|candidate| fits(&candidate.model)).collect();
        if fitting.is_empty() { Err(Error::ContextLength) } else { Ok(fitting) }
    }

    fn now(&self) -> Timestamp {
        self.context.clock()
    }

    async fn go_on(mut self, mut cached: Cached) -> Result<Begun, Error> {
        let request_id = self.context.new_id::<domain::id::AiRequestTag>()?;
        let mut pause = FIRST_WAIT;
        let mut replaces = None;
        let in_line_until = Instant::now() + LONGEST_IN_LINE.min(self.context.time_left() / 3);
        loop {
            if let Cached::Answer { answer, stored_at } = &cached {
                let fresh = self.is_fresh(*stored_at);
                match self.opened(answer) {
                    Some(kept) if fresh && self.may_have(&kept) => {
                        return self.hit(request_id, kept).await.map(|hit| Begun::Hit(Box::new(hit)));
                    }
                    // One that can't be read here is left to those who can.
                    None if fresh => self.opening.cache = None,
                    // One that is too old, or that nobody of the tenant may have any more, makes way for the new one.
                    _ => replaces = Some(*stored_at),
                }
            }
            // The answers to this are not kept, so each makes their own.
            if cached == Cached::NotKept {
                self.opening.cache = None;
            }
            if !matches!(cached, Cached::InFlight { .. }) {
                // Money for a call that can't be made would be set aside in vain.
                if self.context.time_left() < RESERVE + SHORTEST_CALL {
                    return Err(Error::ModelsUnavailable { retry_after: None });
                }
                if let Some(wait) = self.all_open() {
                    return Err(Error::ModelsUnavailable { retry_after: Some(wait) });
                }
                let (mut reservation, making) = self.reservation(request_id);
                reservation.replaces = replaces;
                let key = making.map(|(key, _)| key);
                let reserved =
                    self.gateway.state.reserve(&mut reservation, &self.terms.limits, key.as_ref()).await;
                match reserved {
                    Ok(()) => return Ok(Begun::Open(Box::new(self.open(reservation, making)))),
                    Err(ReserveError::InFlight) => {}
                    Err(ReserveError::OverBudget(scope)) => {
                        // What is dearer has no room either.
                        let (input, output) = (self.input.0, self.opening.output);
                        let cheaper = |candidate: &Candidate| {
                            bound(&candidate.model, input, output) < reservation.bound
                        };
                        self.candidates.retain(cheaper);
                        if self.candidates.is_empty() || self.all_open().is_some() {
                            return Err(Error::OverBudget(scope));
                        }
                        continue;
                    }
                    Err(ReserveError::Repeated) => return Err(Error::Contended),
                    Err(ReserveError::Store(error)) => {
                        self.take_back(reservation, making).await;
                        return Err(error.into());
                    }
                }
            }
            let Some((key, _)) = self.opening.cache else { return Err(Error::Contended) };
            if self.context.time_left() < RESERVE + pause {
                return Err(Error::ModelsUnavailable { retry_after: Some(LONGEST_WAIT) });
            }
            if Instant::now() >= in_line_until {
                // Whoever makes it is slow, or dead. There is time for an answer of one's own.
                self.opening.cache = None;
                cached = Cached::Nothing;
                continue;
            }
            self.gateway.timer.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_WAIT);
            cached = self.gateway.state.cached(&key, self.now()).await?;
        }
    }

    fn opened(&self, answer: &str) -> Option<Kept> {
        let opened = self.opening.seal.and_then(|seal| seal.open(answer))?;
        serde_json::from_str(&opened).ok()
    }

    /// Whether the tenant may still ask the model that made the answer, and its settings are those that held then.
    fn may_have(&self, kept: &Kept) -> bool {
        self.terms.limits.allows(&kept.model) && kept.settings == self.terms.settings
    }

    /// Whether an answer is as young as the caller wants. One that was made since it asked always is, so that those who want
    /// none that is older than now don't wait for each other in turn.
    fn is_fresh(&self, stored_at: Timestamp) -> bool {
        let oldest = self.opening.cache.and_then(|(_, policy)| policy.max_age);
        oldest.is_none_or(|oldest| stored_at >= self.context.now || stored_at.plus(oldest) >= self.now())
    }

    /// How long every model is left alone, if all are: then there is nothing to set money aside for.
    fn all_open(&self) -> Option<Duration> {
        let now = self.now();
        let waits: Option<Vec<Duration>> =
            self.candidates.iter().map(|candidate| open_for(candidate.breaker, now)).collect();
        waits?.into_iter().min()
    }

    fn reservation(&self, request_id: AiRequestId) -> (Reservation, Option<(CacheKey, Duration)>) {
        // Only an answer that others may get is worth waiting for, and only from somebody who can make it.
        let can = self.context.time_left() >= RESERVE + WORTH_WAITING_FOR;
        let shared = self.opening.cache.filter(|(_, policy)| can && policy.read && policy.store);
        let making = shared.map(|(key, policy)| (key, policy.ttl));
        // The one that will be asked first: money for one that is left alone would be set aside in vain.
        let now = self.now();
        let able = || self.candidates.iter().filter(|candidate| open_for(candidate.breaker, now).is_none());
        let well = able().find(|candidate| !matches!(candidate.breaker, Breaker::Failing { .. }));
        let first = well.or(able().next()).map(|candidate| &candidate.model);
        let bound = first.map_or(0, |model| bound(model, self.input.0, self.opening.output));
        let presumed = AiRequestMetered {
            request_id,
            account_id: self.opening.asker.account,
            api_key_id: self.opening.asker.api_key,
            feature: self.opening.feature,
            model: first.map(|model| model.id.clone()).unwrap_or_default(),
            provider: first.map(|model| model.provider.as_str().to_owned()).unwrap_or_default(),
            tokens: Tokens { input: self.input.0, output: self.opening.output, ..Tokens::default() },
            cost_nano_usd: bound,
            other_models: Vec::new(),
            unmetered: Unmetered::default(),
            price_version: self.terms.price_version.clone(),
            attempts: 1,
            latency_ms: 0,
            cache: self.cache,
            outcome: Outcome::Presumed,
        };
        let reservation = Reservation {
            tenant: self.opening.asker.tenant,
            at: self.now(),
            lease_until: self.now().plus(self.context.time_left() + LEASE_BEYOND),
            bound,
            shard: 0,
            replaces: None,
            presumed,
            until: self.context.deadline.checked_sub(RESERVE),
        };
        (reservation, making)
    }

    /// Ends a reservation of which nobody knows whether it was made. No model was asked, so it cost nothing.
    async fn take_back(&self, reservation: Reservation, making: Option<(CacheKey, Duration)>) {
        let metered = AiRequestMetered {
            tokens: Tokens::default(),
            cost_nano_usd: 0,
            attempts: 0,
            outcome: Outcome::Failed,
            ..reservation.presumed.clone()
        };
        let settlement = Settlement {
            reservation: Reservation { until: self.context.deadline.checked_sub(ANSWERING), ..reservation },
            metered,
            at: self.now(),
            cache: making.map(|(key, _)| (key, None)),
            correlation_id: self.context.correlation_id.clone(),
        };
        if let Err(error) = self.gateway.state.settle(&settlement).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what may be set aside for a request that asked no model could not be given back"
            );
        }
    }

    fn open(self, reservation: Reservation, making: Option<(CacheKey, Duration)>) -> Session {
        Session {
            cache: self.cache,
            gateway: self.gateway,
            context: self.context,
            candidates: self.candidates,
            input: self.input,
            output: self.opening.output,
            request_id: reservation.request_id(),
            limit: self.limit,
            terms: self.terms,
            making,
            seal: self.opening.seal,
            reservation,
            started: self.started,
            waited: Duration::ZERO,
            attempts: 0,
            asked: None,
            tokens: Tokens::default(),
            cost: 0,
            unmetered: Unmetered::default(),
            used: Vec::new(),
        }
    }

    /// An answer of the cache: recorded, and free.
    async fn hit(&self, request_id: AiRequestId, kept: Kept) -> Result<Answered, Error> {
        let elapsed = self.started.elapsed();
        let metered = AiRequestMetered {
            request_id,
            account_id: self.opening.asker.account,
            api_key_id: self.opening.asker.api_key,
            feature: self.opening.feature,
            model: kept.model.clone(),
            provider: kept.provider.clone(),
            tokens: Tokens::default(),
            cost_nano_usd: 0,
            other_models: Vec::new(),
            unmetered: Unmetered::default(),
            price_version: self.terms.price_version.clone(),
            attempts: 0,
            latency_ms: millis(elapsed),
            cache: CacheUse::Hit,
            outcome: Outcome::Answered,
        };
        let tenant = self.opening.asker.tenant;
        self.gateway.state.record(tenant, &metered, self.context.now, &self.context.correlation_id).await?;
        Ok(Answered {
            head: AnswerHead {
                request_id,
                model: kept.model,
                provider: kept.provider,
                cache: CacheUse::Hit,
                attempts: 0,
                limit: self.limit,
                overhead_ms: millis(elapsed),
            },
            text: kept.text,
            stop: StopReason::from_name(&kept.stop),
            tokens: kept.tokens,
            cost: AnswerCost { tokens: Tokens::default(), nano_usd: 0 },
            price_version: self.terms.price_version.clone(),
        })
    }
}

impl Session {
    pub(super) fn now(&self) -> Timestamp {
        self.context.clock()
    }

    /// Counts what an attempt used.
    pub(super) fn charge(&mut self, model: &Model, usage: &Usage) {
        let (tokens, cost) = (tokens(usage), model.cost(usage));
        self.use_up(model, tokens, cost, Unmetered::default());
    }

    /// Counts what an answer used, and returns it: what the provider says, or else an estimate by the length of the question
    /// and of the answer, which is recorded as presumed. It is never more than was set aside.
    pub(super) fn meter(&mut self, model: &Model, usage: Option<Usage>, input: u64, answer: usize) -> Usage {
        if let Some(usage) = usage {
            self.charge(model, &usage);
            return usage;
        }
        let usage = Usage {
            input_tokens: estimated_tokens(input),
            output_tokens: estimated_tokens(answer as u64).min(self.longest_answer(model)),
            ..Usage::default()
        };
        let (tokens, cost) = (tokens(&usage), model.cost(&usage));
        tracing::warn!(
            model = model.id,
            ai_unmetered_nano_usd = cost,
            "an answer without counts is charged by its length"
        );
        self.use_up(model, tokens, cost, Unmetered { tokens, cost_nano_usd: cost });
        usage
    }

    fn use_up(&mut self, model: &Model, tokens: Tokens, cost: u64, unmetered: Unmetered) {
        self.cost = self.cost.saturating_add(cost);
        self.tokens = self.tokens.plus(tokens);
        self.unmetered = self.unmetered.plus(unmetered);
        match self.used.iter_mut().find(|used| used.model == model.id) {
            Some(used) => {
                used.tokens = used.tokens.plus(tokens);
                used.cost_nano_usd = used.cost_nano_usd.saturating_add(cost);
                used.unmetered = used.unmetered.plus(unmetered);
            }
            None => {
                self.used.push(ModelUsed { model: model.id.clone(), tokens, cost_nano_usd: cost, unmetered })
            }
        }
    }

    /// Counts what may be billed though nobody says for how much: a question and an answer of so many tokens, at the dearest
    /// prices that they may have. It is recorded apart from what was metered.
    pub(super) fn presume(&mut self, model: &Model, input: u64, output: u64) -> Tokens {
        let cost = model.most(input, output);
        tracing::warn!(
            model = model.id,
            ai_unmetered_nano_usd = cost,
            "an answer without counts is charged at its most"
        );
        let tokens = Tokens { input, output, ..Tokens::default() };
        self.use_up(model, tokens, cost, Unmetered { tokens, cost_nano_usd: cost });
        tokens
    }

    /// Makes sure that the next attempt, which may cost `more`, is paid for.
    pub(super) async fn cover(&mut self, more: u64) -> Result<(), Error> {
        let needed = self.cost.saturating_add(more);
        if needed <= self.reservation.bound {
            return Ok(());
        }
        match self.gateway.state.extend(&mut self.reservation, needed, &self.terms.limits).await {
            Ok(()) => Ok(()),
            Err(ReserveError::OverBudget(scope)) => Err(Error::OverBudget(scope)),
            Err(ReserveError::InFlight | ReserveError::Repeated) => Err(Error::Contended),
            Err(ReserveError::Store(error)) => Err(error.into()),
        }
    }

    /// The most that one call to the model can cost, with the `extra` tokens that a repair adds to the question.
    pub(super) fn bound_of(&self, model: &Model, extra: u64) -> u64 {
        bound(model, self.input.0.saturating_add(extra), self.output)
    }

    /// Whether the caller decides how long the question and its answer are, and so how long the model takes.
    pub(super) fn length_is_the_callers(&self) -> bool {
        matches!(self.reservation.feature(), Feature::Completion | Feature::Embedding)
    }

    /// The most tokens of one answer of the model.
    pub(super) fn longest_answer(&self, model: &Model) -> u64 {
        longest_answer(model, self.output)
    }

    pub(super) fn head(&self, model: &Model) -> AnswerHead {
        AnswerHead {
            request_id: self.request_id,
            model: model.id.clone(),
            provider: model.provider.as_str().to_owned(),
            cache: self.cache,
            attempts: self.attempts,
            limit: self.limit,
            overhead_ms: millis(self.started.elapsed().saturating_sub(self.waited)),
        }
    }

    /// The version of the prices that the request is charged by.
    pub(super) fn price_version(&self) -> &str {
        &self.terms.price_version
    }

    pub(super) fn cost(&self) -> AnswerCost {
        AnswerCost { tokens: self.tokens, nano_usd: self.cost }
    }

    /// Ends the request: what was used is charged, and the answer is kept where it may be. It takes no longer than there is
    /// time to answer. A failure is logged and not told: the answer is there and paid for, and the sweeper settles what this
    /// could not, for what was used.
    pub(super) async fn settle(
        &mut self,
        model: Option<&Model>,
        outcome: Outcome,
        answer: Option<Usable<'_>>,
    ) {
        let first = self.candidates.first().map(|candidate| &candidate.model);
        let model = model.or(self.asked.as_ref()).or(first);
        let (id, provider) =
            model.map(|model| (model.id.clone(), model.provider.as_str())).unwrap_or_default();
        let kept = answer.and_then(|answer| {
            serde_json::to_string(&Kept {
                text: answer.text.to_owned(),
                stop: answer.stop.as_str().to_owned(),
                tokens: answer.tokens,
                model: id.clone(),
                provider: provider.to_owned(),
                settings: self.terms.settings.clone(),
            })
            .ok()
        });
        // An answer that can't be sealed is not kept.
        let kept = kept
            .zip(self.seal)
            .and_then(|(kept, seal)| seal.close(&kept, self.context.entropy.as_ref()).ok().flatten());
        let other_models =
            std::mem::take(&mut self.used).into_iter().filter(|used| used.model != id).collect();
        let metered = AiRequestMetered {
            model: id,
            other_models,
            provider: provider.to_owned(),
            tokens: self.tokens,
            cost_nano_usd: self.cost,
            unmetered: self.unmetered,
            attempts: self.attempts,
            latency_ms: millis(self.started.elapsed()),
            outcome,
            ..self.reservation.presumed.clone()
        };
        if self.cost > self.reservation.bound {
            tracing::error!(
                ai_cost_nano_usd = self.cost,
                bound = self.reservation.bound,
                model = metered.model,
                "a request to a model cost more than the most that was reckoned"
            );
        }
        self.reservation.until = self.context.deadline.checked_sub(ANSWERING);
        let mut settlement = Settlement {
            reservation: self.reservation.clone(),
            at: self.now(),
            cache: self.making.map(|(key, ttl)| (key, kept.map(|answer| Keep { answer, ttl }))),
            correlation_id: self.context.correlation_id.clone(),
            metered,
        };
        tracing::info!(
            ai_cost_nano_usd = settlement.metered.cost_nano_usd,
            feature = settlement.metered.feature.as_str(),
            model = settlement.metered.model,
            attempts = settlement.metered.attempts,
            "a request to a model ended"
        );
        match self.gateway.state.settle(&settlement).await {
            Ok(true) => {}
            Ok(false) => tracing::error!("a request to a model was settled before it ended"),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a request to a model could not be settled; it is left to the sweeper"
                );
                settlement.reservation.until = self.context.deadline.checked_sub(LAST);
                if let Err(error) = self.gateway.state.leave(&settlement).await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "what a request to a model used could not be written down; it will be presumed to have cost \
                         what was set aside"
                    );
                }
            }
        }
    }
}

/// An answer that may be given again.
pub(super) struct Usable<'a> {
    text: &'a str,
    stop: StopReason,
    tokens: Tokens,
}

impl<'a> Usable<'a> {
    /// `None` for an answer that is given to whoever asked for it, and to nobody else: a cut one, and one that says nothing.
    pub(super) fn of(text: &'a str, stop: StopReason, tokens: Tokens) -> Option<Self> {
        let whole = stop == StopReason::EndTurn && !text.trim().is_empty();
        whole.then_some(Self { text, stop, tokens })
    }
}

/// The model as breakers know it.
pub(super) fn name(model: &Model) -> ModelName {
    ModelName { provider: model.provider.as_str().to_owned(), model: model.id.clone() }
}

/// How long a model is left alone from now on; `None` when it may be asked, or tried.
pub(super) fn open_for(breaker: Breaker, now: Timestamp) -> Option<Duration> {
    match breaker {
        Breaker::Open { until } if until > now => {
            let millis = until.millis().saturating_sub(now.millis());
            Some(Duration::from_millis(u64::try_from(millis).unwrap_or_default()))
        }
        Breaker::Open { .. } | Breaker::Failing { .. } | Breaker::HalfOpen | Breaker::Closed => None,
    }
}

/// The most that one call to the model can cost, for a question and an answer of so many tokens at the most.
fn bound(model: &Model, input: u64, output: u64) -> u64 {
    model.most(input, longest_answer(model, output))
}

/// The most tokens of one answer of the model.
fn longest_answer(model: &Model, output: u64) -> u64 {
    output.min(u64::from(model.max_output_tokens))
}

pub(super) fn tokens(usage: &Usage) -> Tokens {
    Tokens {
        input: usage.input_tokens,
        output: usage.output_tokens,
        cache_read: usage.cache_read_tokens,
        cache_write: usage.cache_write_tokens,
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
