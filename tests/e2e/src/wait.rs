//! Waiting for what happens by itself: looking again until it is there, never longer than a deadline.

use std::thread;
use std::time::{Duration, Instant};

/// Looks until there is something, at most `seconds`; `what` says in a failure what was waited for.
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

/// Looks often, for what is cheap to look at and takes less than half a minute.
pub fn soon<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    eventually(what, 30, Duration::from_millis(150), look)
}
