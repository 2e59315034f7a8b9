//! Rate limits shared by the fleet.

use super::{BoxFuture, StoreError};
use domain::Timestamp;

/// A limit by the generic cell rate algorithm (ITU-T I.371): `burst` requests at once, refilled evenly over `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Name of what is limited, part of the key: `reads`, `lead_scores`, `logins_account`, `logins_address`.
    pub name: &'static str,
    /// Requests per period, and the most at once.
    pub burst: u32,
    /// Seconds.
    pub period_seconds: u32,
}

/// What the limiter decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitDecision {
    /// The limit that was asked.
    pub limit: RateLimit,
    /// Whether the request may go on.
    pub allowed: bool,
    /// Requests that would be allowed at once after this one.
    pub remaining: u32,
    /// Seconds until the next request is allowed, at least 1 when this one is not; 0 when it is.
    pub retry_after_seconds: u32,
    /// Seconds until the whole burst is available again.
    pub reset_seconds: u32,
}

/// Counts requests.
pub trait Limiter: Send + Sync {
    /// Counts one request of `who` (an identifier, or the hash of an address) against `limit`, unless it is over. One
    /// write; a second one only when another process moved the state in between.
    fn take<'a>(
        &'a self,
        limit: RateLimit,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<LimitDecision, StoreError>>;

    /// The refusal that [`Limiter::take`] would answer, if this process knows it without a call. A request that another
    /// process gave back in the meantime is not known.
    fn known_refusal(&self, _limit: RateLimit, _who: &str, _now: Timestamp) -> Option<LimitDecision> {
        None
    }

    /// Takes back a request that [`Limiter::take`] counted and that was not carried out: one write.
    fn give_back<'a>(
        &'a self,
        limit: RateLimit,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}
