//! Waits for things that happen by themselves: looks again until they are there, up to a deadline.

use std::thread;
use std::time::{Duration, Instant};

/// Looks until there is a value, at most `seconds`; `what` is the name of the thing in a failure.
pub fn eventually<T>(what: &str, seconds: u64, interval: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(seconds), "after {seconds} s still not: {what}");
        thread::sleep(interval);
    }
}

/// Looks often, for things that are cheap to look at and take less than half a minute.
pub fn soon<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    eventually(what, 30, Duration::from_millis(150), look)
}
