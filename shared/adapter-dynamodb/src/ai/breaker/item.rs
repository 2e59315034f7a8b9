//! The item of a breaker: its attributes, the state that it describes, and the limits by which a window is judged.

use crate::keys::Item;
use crate::value::read_number;
use domain::Timestamp;
use ports::{Breaker, StoreError};
use std::time::Duration;

/// When the window began, Unix milliseconds.
pub(super) const WINDOW_STARTED: &str = "window_started";
pub(super) const CALLS: &str = "calls";
pub(super) const FAILURES: &str = "failures";
/// The time until which it is open, Unix milliseconds; absent while it is closed.
pub(super) const OPEN_UNTIL: &str = "open_until";
/// Present while the breaker is open and more than one call in ten was answered.
pub(super) const ANSWERS_SOME: &str = "answers_some";
/// The time until which the provider throttles, Unix milliseconds. After that all requests may ask it.
pub(super) const THROTTLED_UNTIL: &str = "throttled_until";
/// The time until which a failing provider asked to be left alone, Unix milliseconds. After that all requests may ask
/// it.
pub(super) const RESTING_UNTIL: &str = "resting_until";
/// The time until which a call probes the model, Unix milliseconds.
pub(super) const PROBE_UNTIL: &str = "probe_until";
/// The random id of the probing call.
pub(super) const PROBE_ID: &str = "prober";

/// The breaker does not judge fewer calls.
const FEWEST_CALLS: u64 = 20;
/// It opens when one call of this number failed: with three attempts for each request, a model that fails less often
/// answers nearly all requests.
const CALLS_PER_FAILURE: u64 = 2;
/// It opens for requests without another model, too, when at most one call of this number was answered.
const CALLS_PER_ANSWER: u64 = 10;
const OPEN_FOR: Duration = Duration::from_secs(30);
const LONGEST_OPEN: Duration = Duration::from_secs(300);

/// Reads an item.
pub(in crate::ai) fn read_breaker(item: Option<&Item>, now: Timestamp) -> Result<Breaker, StoreError> {
    let by_failures = by_failures(item, now)?;
    let Some(item) = item.filter(|_| by_failures == Breaker::Closed) else { return Ok(by_failures) };
    let until = |name| -> Result<Option<Timestamp>, StoreError> {
        if !item.contains_key(name) {
            return Ok(None);
        }
        Ok(Some(Timestamp::from_millis(read_number(item, name)?)).filter(|until| *until > now))
    };
    if let Some(until) = until(THROTTLED_UNTIL)? {
        return Ok(Breaker::Open { until });
    }
    Ok(until(RESTING_UNTIL)?.map_or(Breaker::Closed, |until| Breaker::Failing { until }))
}

/// The state of the breaker by the model's failures alone.
pub(super) fn by_failures(item: Option<&Item>, now: Timestamp) -> Result<Breaker, StoreError> {
    let Some(item) = item.filter(|item| item.contains_key(OPEN_UNTIL)) else { return Ok(Breaker::Closed) };
    let answers_some = item.contains_key(ANSWERS_SOME);
    let open = |until| if answers_some { Breaker::Failing { until } } else { Breaker::Open { until } };
    let until = Timestamp::from_millis(read_number(item, OPEN_UNTIL)?);
    if until > now {
        return Ok(open(until));
    }
    if item.contains_key(PROBE_UNTIL) {
        let until = Timestamp::from_millis(read_number(item, PROBE_UNTIL)?);
        if until > now {
            return Ok(open(until));
        }
    }
    Ok(Breaker::HalfOpen)
}

/// Whether a model failed too often in its window.
pub(super) fn fails(item: &Item) -> Result<bool, StoreError> {
    let (calls, failures) = window_of(item)?;
    Ok(calls >= FEWEST_CALLS && failures.saturating_mul(CALLS_PER_FAILURE) >= calls)
}

/// Whether a failing model answers so few calls that asking it does not help.
pub(super) fn answers_too_few(item: &Item) -> Result<bool, StoreError> {
    let (calls, failures) = window_of(item)?;
    Ok(calls.saturating_sub(failures).saturating_mul(CALLS_PER_ANSWER) <= calls)
}

/// The calls and failures of the window.
fn window_of(item: &Item) -> Result<(u64, u64), StoreError> {
    Ok((read_number(item, CALLS)?, read_number(item, FAILURES)?))
}

/// The time until which a breaker that opens now is open.
pub(super) fn open_until(retry_after: Option<Duration>, now: Timestamp) -> Timestamp {
    let time = retry_after.unwrap_or(OPEN_FOR).min(LONGEST_OPEN);
    Timestamp::from_millis(now.millis().saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
}
