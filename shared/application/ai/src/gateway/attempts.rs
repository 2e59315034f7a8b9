//! Decides which model is asked, how often, and when to stop: retries of failures that may pass, and then the next
//! model of the chain. This module only decides; the calls are made elsewhere. A wrong request is never sent twice.

use super::admission::SHORTEST_CALL;
use super::lookup::{ModelCandidate, open_for};
use application_core::Error;
use domain::Timestamp;
use ports::{Breaker, BudgetScope, ModelError};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The most calls to one model, one after the other.
const MOST_CALLS: u32 = 3;
/// The most calls when the model's output is malformed, because it would most likely write the same again.
pub(super) const MOST_CALLS_WHEN_MALFORMED: u32 = 2;
/// The longest `Retry-After` that is waited for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
/// The longest pause that a caller is told. Some servers answer numbers that mean nothing.
const LONGEST_TOLD: Duration = Duration::from_secs(3600);
/// The time that is reserved for each later model, where there is enough.
const FOR_A_FALLBACK: Duration = Duration::from_secs(5);
/// A timeout counts against the model only if the call had at least this much time, and more for a long prompt (20,000
/// bytes a second) and for the expected tokens (25 a second). Both rates are slower than any healthy model, so that no
/// caller can close a model to others by large requests.
const FAIR: Duration = Duration::from_secs(10);
const FAIR_BYTES_IN_A_MILLI: u64 = 20;
const FAIR_MILLIS_FOR_A_TOKEN: u64 = 40;

/// The reason why a model gave no completion.
pub(super) enum NoCompletionReason {
    /// It may give one later. Another model may give one now.
    Unavailable(Option<Duration>),
    /// It can't be asked. Another model may give one.
    NotDeployed,
    /// Its output can't be used. Another model may give a usable one.
    Unusable,
    /// It needs more time than there is. Another model may be faster.
    OutOfTime,
    /// Its bound does not fit a budget. A cheaper model may give one.
    OverBudget(BudgetScope),
    /// No other model may be asked.
    Stop(Error),
}

impl From<Error> for NoCompletionReason {
    fn from(error: Error) -> Self {
        match error {
            Error::OverBudget(scope) => Self::OverBudget(scope),
            error => Self::Stop(error),
        }
    }
}

/// The models of a request that were not asked yet, and why the others gave no completion.
pub(super) struct Candidates {
    rest: VecDeque<ModelCandidate>,
    soonest: Option<Duration>,
    over_budget: Option<BudgetScope>,
    /// Whether a model failed that may give a completion later.
    later: bool,
    not_deployed: bool,
    unusable: bool,
    out_of_time: bool,
    /// Whether the caller named the model.
    named: bool,
    /// Whether the caller decides the length of prompt and completion.
    length_is_the_callers: bool,
}

impl Candidates {
    pub(super) fn new(candidates: Vec<ModelCandidate>, named: bool, length_is_the_callers: bool) -> Self {
        Self {
            rest: candidates.into(),
            soonest: None,
            over_budget: None,
            later: false,
            not_deployed: false,
            unusable: false,
            out_of_time: false,
            named,
            length_is_the_callers,
        }
    }

    /// The next model and the time that it may take: most of the remaining time, but five seconds are reserved for each
    /// later model that may be asked, or their share of half of the time where that is less.
    pub(super) fn next(&mut self, left: Duration, now: Timestamp) -> Option<(ModelCandidate, Duration)> {
        let able = self.rest.iter().filter(|candidate| open_for(candidate.breaker, now).is_none());
        let able = u32::try_from(able.count()).unwrap_or(1).max(1);
        let for_each_later = FOR_A_FALLBACK.min(left / (2 * able));
        // Where there is not enough time for all models, the first ones get enough for a call.
        let share = left.saturating_sub(for_each_later * (able - 1)).max(SHORTEST_CALL * 2).min(left);
        if share < SHORTEST_CALL {
            return None;
        }
        let mut candidate = self.rest.pop_front()?;
        candidate.is_last = self.rest.iter().all(|other| fails_now(other.breaker, now));
        Some((candidate, share))
    }

    /// Asks the other models first.
    pub(super) fn defer(&mut self, candidate: ModelCandidate) {
        self.rest.push_back(candidate);
    }

    /// Notes why a model gave no completion, or fails when no other model may be asked.
    pub(super) fn record(&mut self, why: NoCompletionReason) -> Result<(), Error> {
        match why {
            NoCompletionReason::Unavailable(wait) => {
                self.later = true;
                self.soonest = match (self.soonest, wait) {
                    (Some(soonest), Some(wait)) => Some(soonest.min(wait)),
                    (soonest, wait) => soonest.or(wait),
                };
            }
            NoCompletionReason::NotDeployed => self.not_deployed = true,
            NoCompletionReason::Unusable => self.unusable = true,
            NoCompletionReason::OutOfTime if self.length_is_the_callers => self.out_of_time = true,
            NoCompletionReason::OutOfTime => self.later = true,
            NoCompletionReason::OverBudget(scope) => {
                self.over_budget.get_or_insert(scope);
            }
            NoCompletionReason::Stop(error) => return Err(error),
        }
        Ok(())
    }

    /// The error when no model gave a completion. A budget is reported first: with more money, another model might have
    /// answered. `Retry-After` is given only when a model may answer later.
    pub(super) fn exhausted(self) -> Error {
        match self {
            Self { over_budget: Some(scope), .. } => Error::OverBudget(scope),
            Self { later: false, unusable: true, .. } => Error::AnswerUnusable,
            Self { later: false, out_of_time: true, .. } => Error::AnswerTooSlow,
            Self { later: false, not_deployed: true, named: true, .. } => Error::UnknownModel,
            Self { soonest, .. } => Error::ModelsUnavailable { retry_after: soonest },
        }
    }
}

/// The calls of one request to one model.
pub(super) struct ModelCalls {
    /// The most tokens of the prompt.
    pub(super) input: u64,
    /// The most that each call can cost, in nano-dollars.
    pub(super) bound: u64,
    pub(super) until: Instant,
    /// The most time that a healthy model needs.
    fair: Duration,
    made: u32,
    asked: Instant,
    /// The time of the last call.
    had: Duration,
    /// Whether a call is over when its answer arrives; a stream goes on then.
    pub(super) whole: bool,
}

impl ModelCalls {
    /// Calls that may take until `until`, each waiting for this many tokens of its completion.
    pub(super) fn new(input: u64, bound: u64, waits_for: u64, until: Instant, whole: bool) -> Self {
        let fair = fair_time(input, waits_for);
        let (asked, had) = (Instant::now(), Duration::ZERO);
        Self { input, bound, until, fair, made: 0, asked, had, whole }
    }

    /// From now on the calls are for a prompt of this many tokens, and each can cost this much.
    pub(super) fn narrow(&mut self, input: u64, bound: u64) {
        self.input = input;
        self.bound = bound;
    }

    pub(super) fn has_time(&self) -> bool {
        self.until.saturating_duration_since(Instant::now()) >= SHORTEST_CALL
    }

    /// Begins a call; returns the time that it may take.
    pub(super) fn begin(&mut self) -> Result<Duration, NoCompletionReason> {
        self.asked = Instant::now();
        self.had = self.until.saturating_duration_since(self.asked);
        if self.had < SHORTEST_CALL {
            return Err(NoCompletionReason::OutOfTime);
        }
        self.made += 1;
        Ok(self.had)
    }

    /// The number of calls so far.
    pub(super) fn made(&self) -> u32 {
        self.made
    }

    /// The duration of the last call.
    pub(super) fn took(&self) -> Duration {
        self.asked.elapsed()
    }

    /// Whether the model had as much time as a healthy model needs; true for failures other than timeouts.
    pub(super) fn had_enough_time(&self, error: &ModelError) -> bool {
        time_counts(error, self.took(), self.had, self.fair)
    }

    /// Decides what follows a failed call: the pause before the same call is made again, or the reason to give this
    /// model up. `None` is a pause of the gateway's own choice, because the provider asked for none.
    pub(super) fn after(
        &self,
        candidate: &ModelCandidate,
        error: &ModelError,
        breaker: Breaker,
        now: Timestamp,
    ) -> Result<Option<Duration>, NoCompletionReason> {
        let wanted = retry_after(error);
        let (most, then) = match error {
            ModelError::ContextLength => return Err(Error::ContextLength.into()),
            ModelError::Refused(_) => return Err(Error::ModelRefused.into()),
            // The deployment's configuration is wrong, not the request.
            ModelError::NoSuchModel => return Err(NoCompletionReason::NotDeployed),
            ModelError::MalformedAnswer(_) => (MOST_CALLS_WHEN_MALFORMED, NoCompletionReason::Unusable),
            ModelError::TimedOut | ModelError::ProviderTimedOut if !self.had_enough_time(error) => {
                (MOST_CALLS, NoCompletionReason::OutOfTime)
            }
            ModelError::Throttled { .. }
            | ModelError::Unavailable(_)
            | ModelError::Resting { .. }
            | ModelError::Lost(_)
            | ModelError::TimedOut
            | ModelError::ProviderTimedOut => {
                (MOST_CALLS, NoCompletionReason::Unavailable(wanted.or(open_for(breaker, now))))
            }
        };
        let too_long = wanted.is_some_and(|wanted| wanted > LONGEST_RETRY_AFTER);
        let again = match breaker {
            Breaker::Closed => true,
            Breaker::Failing { .. } => candidate.is_last,
            Breaker::Open { .. } | Breaker::HalfOpen => false,
        };
        if self.made >= most || too_long || !again { Err(then) } else { Ok(wanted) }
    }

    /// The reason to give the model up when there is no time for a pause.
    pub(super) fn no_time_for_a_pause(&self, error: &ModelError) -> NoCompletionReason {
        match error {
            ModelError::MalformedAnswer(_) => NoCompletionReason::Unusable,
            error if !self.had_enough_time(error) => NoCompletionReason::OutOfTime,
            error => NoCompletionReason::Unavailable(retry_after(error)),
        }
    }
}

/// min(0.5 s * 2^n, 8 s), and up to a quarter more by a random byte, so that clients don't retry in step.
pub(super) fn pause(made: u32, random: u8) -> Duration {
    let base = Duration::from_millis(500 << (made.saturating_sub(1)).min(4)).min(Duration::from_secs(8));
    base + base * u32::from(random) / 1024
}

/// The most time that a healthy model needs for a prompt of `input` tokens until it has written the expected tokens.
pub(super) fn fair_time(input: u64, output: u64) -> Duration {
    let millis = (input / FAIR_BYTES_IN_A_MILLI).saturating_add(output * FAIR_MILLIS_FOR_A_TOKEN);
    FAIR.saturating_add(Duration::from_millis(millis))
}

/// Whether a timeout after `took`, with the time `had`, counts against the provider. When the gateway's own time ended,
/// it must have been enough for a healthy model. A provider gives up either before any prompt could take that long, or
/// after a time that is enough; between the two, the prompt may be the cause.
pub(super) fn time_counts(error: &ModelError, took: Duration, had: Duration, fair: Duration) -> bool {
    match error {
        ModelError::TimedOut => had >= fair,
        ModelError::ProviderTimedOut => took < FAIR || took >= fair,
        _ => true,
    }
}

/// Whether a model fails too often to be asked while there is another.
fn fails_now(breaker: Breaker, now: Timestamp) -> bool {
    match breaker {
        Breaker::Open { until } | Breaker::Failing { until } => until > now,
        Breaker::Closed | Breaker::HalfOpen => false,
    }
}

/// The pause that the provider asks for, which callers are told too.
pub(super) fn retry_after(error: &ModelError) -> Option<Duration> {
    let wanted = match error {
        ModelError::Throttled { retry_after } => *retry_after,
        ModelError::Resting { retry_after, .. } => Some(*retry_after),
        _ => None,
    };
    wanted.map(|wanted| wanted.min(LONGEST_TOLD))
}
