//! The rate limits of the product, and counting without waiting: the count runs at the same time as the read.

use crate::Error;
use domain::Timestamp;
use ports::{BoxFuture, LimitDecision, Limiter, RateLimit};

/// Reads, per user.
pub const READS: RateLimit = RateLimit { name: "reads", burst: 100, period_seconds: 60 };
/// Lead scores, per user.
pub const LEAD_SCORES: RateLimit = RateLimit { name: "lead_scores", burst: 10, period_seconds: 60 };
/// Requests to models, per account or API key.
pub const AI_CALLS: RateLimit = RateLimit { name: "ai_calls", burst: 60, period_seconds: 60 };
/// Fine-tunes, per organization: each may become a job that costs much more than a prompt.
pub const FINE_TUNES: RateLimit = RateLimit { name: "fine_tunes", burst: 20, period_seconds: 24 * 3600 };
/// Fine-tunes that have not ended, per organization. This limit does not refill with time: each fine-tune leaves it
/// when it ends.
pub const OPEN_FINE_TUNES: RateLimit = RateLimit { name: "open_fine_tunes", burst: 3, period_seconds: 3600 };
/// Sign-ins, per account.
pub const LOGINS_PER_ACCOUNT: RateLimit = RateLimit { name: "logins_account", burst: 5, period_seconds: 900 };
/// Sign-ins and registrations, per network address.
pub const LOGINS_PER_ADDRESS: RateLimit =
    RateLimit { name: "logins_address", burst: 20, period_seconds: 900 };

/// Counts a request of `who` while `work` runs, and returns the result only when the request was within the limit.
/// `work` must not write.
pub async fn limited<T>(
    limiter: &dyn Limiter,
    limit: RateLimit,
    who: &str,
    now: Timestamp,
    work: BoxFuture<'_, Result<T, Error>>,
) -> Result<(T, LimitDecision), Error> {
    let (decision, result) = futures_util::future::join(limiter.take(limit, who, now), work).await;
    let decision = allowed(decision?)?;
    Ok((result?, decision))
}

/// The decision, if it allows the request.
pub fn allowed(decision: LimitDecision) -> Result<LimitDecision, Error> {
    if decision.allowed { Ok(decision) } else { Err(Error::Limited(decision)) }
}
