//! Which model is asked, how often, and when to stop: retries of what may pass, and then the next model of the chain. Decisions
//! alone; the calls are made elsewhere. A request that is wrong is never asked twice.

use super::admission::SHORTEST_CALL;
use super::lookup::{Candidate, open_for};
use application_core::Error;
use domain::Timestamp;
use ports::{Breaker, BudgetScope, ModelError};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Calls to one model, one after the other.
const MOST_CALLS: u32 = 3;
/// The same where the model's answers are malformed: it would most likely write the same again.
const MOST_CALLS_WHEN_MALFORMED: u32 = 2;
/// The longest `Retry-After` that is waited for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);
/// What is kept back for each model after the one that is asked, where there is enough.
const FOR_A_FALLBACK: Duration = Duration::from_secs(5);
/// A call that had less time says nothing about the model when its time ran out: so long for any, and more for a long
/// question (20,000 bytes a second) and for the tokens that it waits for (25 a second). Both are slower than any model that
/// is well, so that nobody closes a model to others by asking for much.
const FAIR: Duration = Duration::from_secs(10);
const FAIR_BYTES_IN_A_MILLI: u64 = 20;
const FAIR_MILLIS_FOR_A_TOKEN: u64 = 40;

/// Why a model gave no answer.
pub(super) enum NoAnswer {
    /// It may give one later. Another model may give one now.
    Unavailable(Option<Duration>),
    /// It can't be asked. Another one may give an answer.
    NotDeployed,
    /// What it says can't be used. Another one may give an answer.
    Unusable,
    /// It needs more time for what is asked than there is. Another one may be faster.
    OutOfTime,
    /// It is dearer than a budget has left for. A cheaper one may give an answer.
    OverBudget(BudgetScope),
    /// No other one may be asked.
    Stop(Error),
}

impl From<Error> for NoAnswer {
    fn from(error: Error) -> Self {
        match error {
            Error::OverBudget(scope) => Self::OverBudget(scope),
            error => Self::Stop(error),
        }
    }
}

/// The candidates of a request that were not asked yet, and why the others gave no answer.
pub(super) struct Candidates {
    rest: VecDeque<Candidate>,
    soonest: Option<Duration>,
    over_budget: Option<BudgetScope>,
    /// Whether a model gave nothing that may give something later.
    later: bool,
    not_deployed: bool,
    unusable: bool,
    out_of_time: bool,
    /// Whether the caller named the model.
    named: bool,
    /// Whether the caller decides how long the question and its answer are.
    length_is_the_callers: bool,
}

impl Candidates {
    pub(super) fn new(candidates: Vec<Candidate>, named: bool, length_is_the_callers: bool) -> Self {
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

    /// The next one, and the time that it may take: most of what is left, but each of those after it that may be asked is
    /// left five seconds, or their part of half of the time where that is less.
    pub(super) fn next(&mut self, left: Duration, now: Timestamp) -> Option<(Candidate, Duration)> {
        let able = self.rest.iter().filter(|candidate| open_for(candidate.breaker, now).is_none());
        let able = u32::try_from(able.count()).unwrap_or(1).max(1);
        let for_each_later = FOR_A_FALLBACK.min(left / (2 * able));
        // Where there is not enough for all, the first get enough for a call.
        let share = left.saturating_sub(for_each_later * (able - 1)).max(SHORTEST_CALL * 2).min(left);
        if share < SHORTEST_CALL {
            return None;
        }
        let mut candidate = self.rest.pop_front()?;
        candidate.is_last = self.rest.iter().all(|other| fails_now(other.breaker, now));
        Some((candidate, share))
    }

    /// Asks the others first.
    pub(super) fn put_last(&mut self, candidate: Candidate) {
        self.rest.push_back(candidate);
    }

    /// Notes why a model gave no answer, or fails where no other one may be asked.
    pub(super) fn note(&mut self, why: NoAnswer) -> Result<(), Error> {
        match why {
            NoAnswer::Unavailable(wait) => {
                self.later = true;
                self.soonest = match (self.soonest, wait) {
                    (Some(soonest), Some(wait)) => Some(soonest.min(wait)),
                    (soonest, wait) => soonest.or(wait),
                };
            }
            NoAnswer::NotDeployed => self.not_deployed = true,
            NoAnswer::Unusable => self.unusable = true,
            NoAnswer::OutOfTime if self.length_is_the_callers => self.out_of_time = true,
            NoAnswer::OutOfTime => self.later = true,
            NoAnswer::OverBudget(scope) => {
                self.over_budget.get_or_insert(scope);
            }
            NoAnswer::Stop(error) => return Err(error),
        }
        Ok(())
    }

    /// The error when none gave an answer. Money is told first: with it, one that was not asked might have answered. Asking
    /// again helps only where a model may give something later.
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

/// The calls of one question to one model.
pub(super) struct ModelCalls {
    /// The most tokens of the question.
    pub(super) input: u64,
    /// The most that each call can cost, in nano-dollars.
    pub(super) bound: u64,
    pub(super) until: Instant,
    /// The time that a model needs at the most when it is well.
    fair: Duration,
    made: u32,
    asked: Instant,
    /// The time that the last call had.
    had: Duration,
    /// Whether a call is over when its answer is here; a stream goes on then.
    pub(super) whole: bool,
}

impl ModelCalls {
    /// Calls that may take until then, each waiting for so many tokens of its answer.
    pub(super) fn new(input: u64, bound: u64, waits_for: u64, until: Instant, whole: bool) -> Self {
        let fair = fair_time(input, waits_for);
        let (asked, had) = (Instant::now(), Duration::ZERO);
        Self { input, bound, until, fair, made: 0, asked, had, whole }
    }

    /// The calls from now on are for a question of so many tokens, of which each can cost so much.
    pub(super) fn narrow(&mut self, input: u64, bound: u64) {
        self.input = input;
        self.bound = bound;
    }

    pub(super) fn has_time(&self) -> bool {
        self.until.saturating_duration_since(Instant::now()) >= SHORTEST_CALL
    }

    /// Begins a call; the time that it may take.
    pub(super) fn begin(&mut self) -> Result<Duration, NoAnswer> {
        self.asked = Instant::now();
        self.had = self.until.saturating_duration_since(self.asked);
        if self.had < SHORTEST_CALL {
            return Err(NoAnswer::OutOfTime);
        }
        self.made += 1;
        Ok(self.had)
    }

    /// Calls made so far.
    pub(super) fn made(&self) -> u32 {
        self.made
    }

    /// How long the last call has taken.
    pub(super) fn took(&self) -> Duration {
        self.asked.elapsed()
    }

    /// Whether the model had as much time as a healthy one needs; true for failures that are not about time.
    pub(super) fn had_enough_time(&self, error: &ModelError) -> bool {
        time_counts(error, self.took(), self.had, self.fair)
    }

    /// Decides what follows a failed call: the pause before the same call is made again, or the reason to give this model
    /// up. `None` is a pause of the gateway's own choice, because the provider asked for none.
    pub(super) fn after(
        &self,
        candidate: &Candidate,
        error: &ModelError,
        breaker: Breaker,
        now: Timestamp,
    ) -> Result<Option<Duration>, NoAnswer> {
        let wanted = retry_after(error);
        let (most, then) = match error {
            ModelError::ContextLength => return Err(Error::ContextLength.into()),
            ModelError::Refused(_) => return Err(Error::ModelRefused.into()),
            // Our configuration is wrong, not the request.
            ModelError::NoSuchModel => return Err(NoAnswer::NotDeployed),
            ModelError::MalformedAnswer(_) => (MOST_CALLS_WHEN_MALFORMED, NoAnswer::Unusable),
            ModelError::TimedOut | ModelError::ProviderTimedOut if !self.had_enough_time(error) => {
                (MOST_CALLS, NoAnswer::OutOfTime)
            }
            ModelError::Throttled { .. }
            | ModelError::Unavailable(_)
            | ModelError::Resting { .. }
            | ModelError::Lost(_)
            | ModelError::TimedOut
            | ModelError::ProviderTimedOut => {
                (MOST_CALLS, NoAnswer::Unavailable(wanted.or(open_for(breaker, now))))
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

    /// Why the model is given up when there is no time for a pause.
    pub(super) fn no_time_for_a_pause(&self, error: &ModelError) -> NoAnswer {
        match error {
            ModelError::MalformedAnswer(_) => NoAnswer::Unusable,
            error if !self.had_enough_time(error) => NoAnswer::OutOfTime,
            error => NoAnswer::Unavailable(retry_after(error)),
        }
    }
}

/// min(0.5 s * 2^n, 8 s), and up to a quarter more by a random byte, so that clients don't come back together.
pub(super) fn pause(made: u32, random: u8) -> Duration {
    let base = Duration::from_millis(500 << (made.saturating_sub(1)).min(4)).min(Duration::from_secs(8));
    base + base * u32::from(random) / 1024
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

/// The time that the provider asks for.
pub(super) fn retry_after(error: &ModelError) -> Option<Duration> {
    match error {
        ModelError::Throttled { retry_after } => *retry_after,
        ModelError::Resting { retry_after, .. } => Some(*retry_after),
        _ => None,
    }
}
