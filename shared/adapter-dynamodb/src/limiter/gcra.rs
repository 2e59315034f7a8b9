//! The arithmetic of the generic cell rate algorithm, in nanoseconds. It knows nothing of DynamoDB.

use domain::Timestamp;
use ports::{LimitDecision, RateLimit};

const NANOS: i128 = 1_000_000_000;
/// The most nanoseconds by which the times of two requests that are counted at once may differ, because their machines
/// have different clocks and a request counts at the time when it began, which for the longest is 120 seconds ago. Without
/// it, a process whose clock is a millisecond behind, or the last prompt of a long request, would not trust a full limit.
const CLOCK_TOLERANCE: i128 = 130 * NANOS;

/// How a request is counted, depending on the stored arrival time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One interval later than the stored time.
    InUse,
    /// One interval later than this time, because the stored time is past or not trusted.
    AtRest(i128),
}

/// The limit is used up; this is its arrival time.
pub(super) struct Full(pub(super) i128);

/// The values of one request, in nanoseconds.
pub(super) struct Gcra {
    pub(super) now: i128,
    period: i128,
    /// The time between two requests at an even rate. It is rounded down, so that a whole burst fits into the period.
    pub(super) interval: i128,
    /// The latest arrival time at which another request is allowed.
    pub(super) latest: i128,
    /// The latest arrival time that requests up to now can have produced.
    pub(super) believable: i128,
    /// The second after which no part of the limit is in use.
    pub(super) expires_at: i64,
}

impl Gcra {
    pub(super) fn new(limit: RateLimit, now: Timestamp) -> Self {
        let period = i128::from(limit.period_seconds.max(1)) * NANOS;
        let interval = period / i128::from(limit.burst.max(1));
        let at = i128::from(now.millis()) * 1_000_000;
        let expires_at = now.seconds().saturating_add(i64::from(limit.period_seconds)).saturating_add(1);
        Self {
            now: at,
            period,
            interval,
            latest: at + period - interval,
            believable: at + period + CLOCK_TOLERANCE,
            expires_at,
        }
    }

    pub(super) fn believes(&self, arrival: i128) -> bool {
        arrival <= self.believable
    }

    /// How to count if `stored` is found. `own` is the time that this process counted before. It replaces a stored time
    /// that is past or not trusted, so that no process alone allows more than the limit, whatever other clocks show.
    pub(super) fn form(&self, stored: Option<i128>, own: Option<i128>) -> Result<Form, Full> {
        match stored {
            None => Ok(Form::AtRest(self.now)),
            Some(stored) if self.believes(stored) && stored > self.latest => Err(Full(stored)),
            Some(stored) if self.believes(stored) && stored > self.now => Ok(Form::InUse),
            Some(_) => match own.unwrap_or(self.now).max(self.now) {
                own if own > self.latest => Err(Full(own)),
                own => Ok(Form::AtRest(own)),
            },
        }
    }

    pub(super) fn allowed(&self, limit: RateLimit, arrival: i128) -> LimitDecision {
        let left = self.now + self.period - arrival;
        LimitDecision {
            limit,
            allowed: true,
            remaining: u32::try_from(left / self.interval).unwrap_or_default(),
            retry_after_seconds: 0,
            reset_seconds: seconds(arrival - self.now),
        }
    }

    pub(super) fn refused(&self, limit: RateLimit, arrival: i128) -> LimitDecision {
        LimitDecision {
            limit,
            allowed: false,
            remaining: 0,
            retry_after_seconds: seconds(arrival - self.latest).max(1),
            reset_seconds: seconds(arrival - self.now),
        }
    }
}

/// Whole seconds, rounded up.
fn seconds(nanos: i128) -> u32 {
    u32::try_from((nanos.max(0) + NANOS - 1) / NANOS).unwrap_or(u32::MAX)
}
