//! Which model is asked, how often, and when to stop: retries of what may pass, the next model of the chain, and the
//! breakers that keep the fleet from asking a model that fails. A request that is wrong is never asked twice.

use super::session::{Candidate, RESERVE, Session, name, open_for};
use crate::Error;
use crate::ai::registry::Model;
use crate::ports::{Breaker, BudgetScope, FailureCause, ModelError, Observation};
use domain::Timestamp;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Calls to one model, one after the other.
const TRIES: u32 = 3;
/// The same where the model's answers are malformed: it would most likely write the same again.
const TRIES_WHEN_MALFORMED: u32 = 2;
/// The longest `Retry-After` that is waited for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
/// Time below which a call is not worth beginning.
pub(super) const SHORTEST_CALL: Duration = Duration::from_millis(500);
/// What is kept back for each model after the one that is asked, where there is enough.
const FOR_A_FALLBACK: Duration = Duration::from_secs(5);
/// A call that had less time says nothing about the model when its time ran out: so long for any, and more for a long
/// question (20,000 bytes a second) and for the tokens that it waits for (25 a second). Both are slower than any model that
/// is well, so that nobody closes a model to others by asking for much.
const FAIR: Duration = Duration::from_secs(10);
const FAIR_BYTES_IN_A_MILLI: u64 = 20;
const FAIR_MILLIS_FOR_A_TOKEN: u64 = 40;
/// How long a probe may take before another process may try.
const PROBE: Duration = Duration::from_secs(60);

/// Why a model gave nothing.
pub(super) enum GiveUp {
    /// Another one may.
    Next(Option<Duration>),
    /// Another one may; this one is not there to be asked.
    Missing,
    /// Another one may; what this one says can't be used.
    Unusable,
    /// Another one may; this one needs more time for what is asked than there is.
    OutOfTime,
    /// It is dearer than a budget has left for; a cheaper one may.
    TooDear(BudgetScope),
    /// No other one may be asked.
    Stop(Error),
}

impl From<Error> for GiveUp {
    fn from(error: Error) -> Self {
        match error {
            Error::OverBudget(scope) => Self::TooDear(scope),
            error => Self::Stop(error),
        }
    }
}

/// The candidates of a request that were not asked yet.
pub(super) struct Round {
    rest: VecDeque<Candidate>,
    soonest: Option<Duration>,
    short: Option<BudgetScope>,
    /// Whether a model gave nothing that may give something later.
    later: bool,
    missing: bool,
    unusable: bool,
    out_of_time: bool,
    /// Whether the caller named the model.
    named: bool,
    /// Whether the caller decides how long the question and its answer are.
    length_is_the_callers: bool,
}

impl Round {
    /// Notes why a model gave nothing, or fails where no other one may be asked.
    pub(super) fn give_up(&mut self, why: GiveUp) -> Result<(), Error> {
        match why {
            GiveUp::Next(wait) => self.note(wait),
            GiveUp::Missing => self.missing = true,
            GiveUp::Unusable => self.unusable = true,
            GiveUp::OutOfTime if self.length_is_the_callers => self.out_of_time = true,
            GiveUp::OutOfTime => self.later = true,
            GiveUp::TooDear(scope) => {
                self.short.get_or_insert(scope);
            }
            GiveUp::Stop(error) => return Err(error),
        }
        Ok(())
    }

    /// Notes that a model gave nothing, and when it may again.
    fn note(&mut self, wait: Option<Duration>) {
        self.later = true;
        self.soonest = match (self.soonest, wait) {
            (Some(soonest), Some(wait)) => Some(soonest.min(wait)),
            (soonest, wait) => soonest.or(wait),
        };
    }

    /// The error when none gave anything. Money is told first: with it, one that was not asked might have answered. Asking
    /// again helps only where a model may give something later.
    pub(super) fn exhausted(self) -> Error {
        match self {
            Self { short: Some(scope), .. } => Error::OverBudget(scope),
            Self { later: false, unusable: true, .. } => Error::AnswerUnusable,
            Self { later: false, out_of_time: true, .. } => Error::AnswerTooSlow,
            Self { later: false, missing: true, named: true, .. } => Error::UnknownModel,
            Self { soonest, .. } => Error::ModelsUnavailable { retry_after: soonest },
        }
    }
}

/// The calls of one question to one model.
pub(super) struct Tries {
    /// The most tokens of the question.
    input: u64,
    /// The most that each call can cost.
    bound: u64,
    until: Instant,
    /// The time that a model needs at the most when it is well.
    fair: Duration,
    tried: u32,
    asked: Instant,
    /// The time that the last call had.
    had: Duration,
    /// Whether a call is over when its answer is here; a stream goes on then.
    whole: bool,
}

/// Whether a model may be asked.
enum MayAsk {
    Yes,
    /// Other models first.
    Later,
    /// Not for so long.
    No(Duration),
}

impl Candidate {
    /// A model that fails often is asked only where no other one is left.
    fn as_last_resort(&self) -> MayAsk {
        if self.is_last { MayAsk::Yes } else { MayAsk::Later }
    }

    /// Whether a failed call may be repeated, by what the breaker said then.
    fn may_be_asked_again(&self, breaker: Breaker) -> bool {
        match breaker {
            Breaker::Closed => true,
            Breaker::Failing { .. } => self.is_last,
            Breaker::Open { .. } | Breaker::HalfOpen => false,
        }
    }
}

impl Tries {
    /// Whether the model had as much time as a healthy one needs; true for failures that are not about time.
    fn had_enough_time(&self, error: &ModelError) -> bool {
        time_counts(error, self.asked.elapsed(), self.had, self.fair)
    }

    /// The calls from now on are for a question of so many tokens, of which each can cost so much.
    pub(super) fn narrow(&mut self, input: u64, bound: u64) {
        self.input = input;
        self.bound = bound;
    }
}

impl Session {
    /// The models that may be asked, in their order.
    pub(super) fn round(&self) -> Round {
        Round {
            rest: self.candidates.iter().cloned().collect(),
            soonest: None,
            short: None,
            later: false,
            missing: false,
            unusable: false,
            out_of_time: false,
            named: self.terms.named,
            length_is_the_callers: self.length_is_the_callers(),
        }
    }

    /// Calls to a model that may take until then, for the question with `extra` tokens, each waiting for so many tokens of
    /// its answer.
    pub(super) fn tries(&self, model: &Model, extra: u64, waits_for: u64, until: Instant) -> Tries {
        self.tries_of(model, extra, waits_for, until, true)
    }

    /// The same for streams: a call is judged when its answer begins, and counted as answered at its end.
    pub(super) fn stream_tries(&self, model: &Model, until: Instant) -> Tries {
        self.tries_of(model, 0, 0, until, false)
    }

    fn tries_of(&self, model: &Model, extra: u64, waits_for: u64, until: Instant, whole: bool) -> Tries {
        let input = self.input.0.saturating_add(extra);
        Tries {
            input,
            bound: self.bound_of(model, extra),
            until,
            fair: fair_time(input, waits_for),
            tried: 0,
            asked: Instant::now(),
            had: Duration::ZERO,
            whole,
        }
    }

    /// The next model whose breaker lets this request through, and the moment until which it may take: most of the time, but
    /// each of those after it that may be asked is left five seconds, or their part of half of the time where that is less.
    pub(super) async fn next_candidate(
        &mut self,
        round: &mut Round,
    ) -> Result<Option<(Candidate, Instant)>, Error> {
        loop {
            let left = self.time_left();
            let now = self.now();
            let able = round.rest.iter().filter(|candidate| open_for(candidate.breaker, now).is_none());
            let able = u32::try_from(able.count()).unwrap_or(1).max(1);
            let for_each_later = FOR_A_FALLBACK.min(left / (2 * able));
            // Where there is not enough for all, the first get enough for a call.
            let share = left.saturating_sub(for_each_later * (able - 1)).max(SHORTEST_CALL * 2).min(left);
            let Some(mut candidate) = round.rest.pop_front().filter(|_| share >= SHORTEST_CALL) else {
                return Ok(None);
            };
            candidate.is_last = round.rest.iter().all(|other| fails_now(other.breaker, now));
            match self.may_ask(&mut candidate).await {
                Ok(MayAsk::Yes) => return Ok(Some((candidate, Instant::now() + share))),
                // Before it comes again, one that does not fail is asked.
                Ok(MayAsk::Later) => round.rest.push_back(candidate),
                Ok(MayAsk::No(wait)) => round.note(Some(wait)),
                Err(error) => round.give_up(error.into())?,
            }
        }
    }

    /// Whether the breaker lets this request through. A model that fails often is asked where no other one is left.
    async fn may_ask(&mut self, candidate: &mut Candidate) -> Result<MayAsk, Error> {
        let now = self.now();
        match candidate.breaker {
            Breaker::Closed => return Ok(MayAsk::Yes),
            Breaker::Failing { until } if until > now => return Ok(candidate.as_last_resort()),
            Breaker::Open { .. } | Breaker::Failing { .. } | Breaker::HalfOpen => {}
        }
        if let Some(wait) = open_for(candidate.breaker, now) {
            return Ok(MayAsk::No(wait));
        }
        // What was open at the look may be half-open by now.
        candidate.breaker = Breaker::HalfOpen;
        // Whoever takes the right to try keeps it from all others, so the money must be there before.
        self.cover(self.bound_of(&candidate.model, 0)).await?;
        let now = self.now();
        candidate.breaker = self.gateway.state.probe(&name(&candidate.model), now, now.plus(PROBE)).await?;
        Ok(match (candidate.breaker, open_for(candidate.breaker, now)) {
            (Breaker::Failing { .. }, _) => candidate.as_last_resort(),
            (_, Some(wait)) => MayAsk::No(wait),
            (_, None) => MayAsk::Yes,
        })
    }

    /// Makes ready for a call: it is paid for before it is made. The time that it may take.
    pub(super) async fn before_call(&mut self, tries: &mut Tries) -> Result<Duration, GiveUp> {
        if tries.until.saturating_duration_since(Instant::now()) < SHORTEST_CALL {
            return Err(GiveUp::OutOfTime);
        }
        self.cover(tries.bound).await?;
        tries.asked = Instant::now();
        tries.had = tries.until.saturating_duration_since(tries.asked);
        if tries.had < SHORTEST_CALL {
            return Err(GiveUp::OutOfTime);
        }
        self.attempts += 1;
        tries.tried += 1;
        Ok(tries.had)
    }

    /// Time until the request must be settled.
    pub(super) fn time_left(&self) -> Duration {
        self.context.time_left().saturating_sub(RESERVE)
    }

    /// Judges a call: its answer, or `None` when the same model should be called again now, which is after a pause.
    pub(super) async fn after_call<T>(
        &mut self,
        tries: &Tries,
        candidate: &mut Candidate,
        result: Result<T, ModelError>,
    ) -> Result<Option<T>, GiveUp> {
        self.waited += tries.asked.elapsed();
        self.asked = Some(candidate.model.clone());
        let error = match result {
            Ok(answer) => {
                if tries.whole || candidate.breaker == Breaker::HalfOpen {
                    self.answered(candidate).await;
                }
                return Ok(Some(answer));
            }
            Err(error) => error,
        };
        tracing::warn!(
            model = candidate.model.id,
            model_failure = error.cause().as_str(),
            error = &error as &dyn std::error::Error,
            "a model gave no answer"
        );
        if error.may_be_billed() {
            // Nobody knows how much of an answer was written, so it is all that was paid for.
            self.presume(&candidate.model, tries.input, self.longest_answer(&candidate.model));
        }
        let counts = tries.had_enough_time(&error);
        let breaker = self.failed(candidate, &error, counts).await;
        let wanted = retry_after(&error);
        let (most, then) = match error {
            ModelError::ContextLength => return Err(Error::ContextLength.into()),
            ModelError::Refused(_) => return Err(Error::ModelRefused.into()),
            // Our configuration is wrong, not the request.
            ModelError::NoSuchModel => return Err(GiveUp::Missing),
            ModelError::MalformedAnswer(_) => (TRIES_WHEN_MALFORMED, GiveUp::Unusable),
            ModelError::TimedOut | ModelError::ProviderTimedOut if !counts => (TRIES, GiveUp::OutOfTime),
            ModelError::Throttled { .. }
            | ModelError::Unavailable(_)
            | ModelError::Resting { .. }
            | ModelError::Lost(_)
            | ModelError::TimedOut
            | ModelError::ProviderTimedOut => (TRIES, GiveUp::Next(wanted.or(open_for(breaker, self.now())))),
        };
        let too_long = wanted.is_some_and(|wanted| wanted > LONGEST_RETRY_AFTER);
        if tries.tried >= most || too_long || !candidate.may_be_asked_again(breaker) {
            return Err(then);
        }
        let pause = match wanted {
            Some(wanted) => wanted,
            None => self.pause(tries.tried)?,
        };
        if Instant::now() + pause + SHORTEST_CALL > tries.until {
            return Err(then);
        }
        self.gateway.timer.sleep(pause).await;
        Ok(None)
    }

    /// min(0.5 s * 2^n, 8 s), and up to a quarter more so that clients don't come back together.
    fn pause(&self, tried: u32) -> Result<Duration, Error> {
        let base = Duration::from_millis(500 << (tried - 1).min(4)).min(Duration::from_secs(8));
        let mut random = [0; 1];
        self.context.entropy.fill(&mut random)?;
        Ok(base + base * u32::from(random[0]) / 1024)
    }

    /// Tells the breaker of an answered call, now and then. A failure to tell costs the request nothing.
    pub(super) async fn answered(&self, candidate: &mut Candidate) {
        let (model, now) = (name(&candidate.model), self.now());
        let told = if candidate.breaker == Breaker::HalfOpen {
            candidate.breaker = Breaker::Closed;
            self.gateway.state.probed(&model, true, None, now).await
        } else if let Some(calls) = self.gateway.tally.answered(&model, self.context.entropy.as_ref()) {
            let seen = Observation { calls, failures: 0, retry_after: None };
            self.gateway.state.observe(&model, seen, now).await.map(|_| ())
        } else {
            Ok(())
        };
        if let Err(error) = told {
            tracing::warn!(error = &error as &dyn std::error::Error, "a breaker was not told of an answer");
        }
    }

    /// Tells the breaker of a failed call; what it says then. Only failures of the provider count: `had_enough_time` says
    /// whether one by time is one.
    pub(super) async fn failed(
        &self,
        candidate: &Candidate,
        error: &ModelError,
        had_enough_time: bool,
    ) -> Breaker {
        let (fault, throttled) = match error.cause() {
            FailureCause::Provider => (true, false),
            FailureCause::Time => (had_enough_time, false),
            FailureCause::Quota => (false, true),
            FailureCause::Configuration | FailureCause::Request => (false, false),
        };
        let (model, now) = (name(&candidate.model), self.now());
        let told = if candidate.breaker == Breaker::HalfOpen {
            // Until the probe is answered the breaker stays open. A probe that says nothing about the provider is left to
            // the next caller at once.
            let missing = error.cause() == FailureCause::Configuration;
            let wait = if fault || throttled { retry_after(error) } else { Some(Duration::ZERO) };
            let told = self.gateway.state.probed(&model, missing, wait, now).await;
            told.map(|()| if missing { Breaker::Closed } else { Breaker::HalfOpen })
        } else if fault || throttled {
            let seen = Observation { calls: 1, failures: u32::from(fault), retry_after: retry_after(error) };
            self.gateway.state.observe(&model, seen, now).await
        } else {
            Ok(Breaker::Closed)
        };
        told.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "a breaker was not told of a failure");
            Breaker::Closed
        })
    }
}

/// The time that a healthy model needs at the most for a question of so many tokens until it has written so many.
pub(super) fn fair_time(input: u64, output: u64) -> Duration {
    let millis = (input / FAIR_BYTES_IN_A_MILLI).saturating_add(output * FAIR_MILLIS_FOR_A_TOKEN);
    FAIR.saturating_add(Duration::from_millis(millis))
}

/// Whether a call that ran out of time after `took`, of the time that it had, says something about the provider. When our own
/// time ended it must have been enough for a healthy model. A provider that gives up does so either before any question
/// could take that long, or after a time that is enough; between them the question may be the cause.
pub(super) fn time_counts(error: &ModelError, took: Duration, had: Duration, fair: Duration) -> bool {
    match error {
        ModelError::TimedOut => had >= fair,
        ModelError::ProviderTimedOut => took < FAIR || took >= fair,
        _ => true,
    }
}

/// Whether a model fails too often now to be asked while there is another.
fn fails_now(breaker: Breaker, now: Timestamp) -> bool {
    match breaker {
        Breaker::Open { until } | Breaker::Failing { until } => until > now,
        Breaker::Closed | Breaker::HalfOpen => false,
    }
}

fn retry_after(error: &ModelError) -> Option<Duration> {
    match error {
        ModelError::Throttled { retry_after } => *retry_after,
        ModelError::Resting { retry_after, .. } => Some(*retry_after),
        _ => None,
    }
}
