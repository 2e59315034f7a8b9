//! Limits for tests with many requests of one caller.

use domain::Timestamp;
use ports::{BoxFuture, LimitDecision, Limiter, RateLimit, StoreError};
use std::fmt;
use std::sync::Arc;

/// More than any test sends.
const ROOM: u32 = 100_000;

/// The real limits, except those with these names, which are counted and never reached.
pub struct RoomyLimiter {
    inner: Arc<dyn Limiter>,
    names: &'static [&'static str],
}

impl RoomyLimiter {
    /// The limits of `inner`; those with these names are never reached.
    pub fn new(inner: Arc<dyn Limiter>, names: &'static [&'static str]) -> Self {
        Self { inner, names }
    }

    fn limit(&self, limit: RateLimit) -> RateLimit {
        let is_roomy = self.names.contains(&limit.name);
        RateLimit { burst: if is_roomy { ROOM } else { limit.burst }, ..limit }
    }
}

impl fmt::Debug for RoomyLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomyLimiter").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Limiter for RoomyLimiter {
    fn take<'a>(
        &'a self,
        limit: RateLimit,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<LimitDecision, StoreError>> {
        self.inner.take(self.limit(limit), who, now)
    }

    fn give_back<'a>(
        &'a self,
        limit: RateLimit,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.give_back(self.limit(limit), who, now)
    }
}
