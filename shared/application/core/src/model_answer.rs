//! The facts about a model's answer that every such route returns, and the caller's rules for the cache. `edge` writes
//! and reads them as headers, so they are not part of the AI gateway.

use domain::ai::{CacheUse, TokenCounts};
use domain::id::AiRequestId;
use ports::LimitDecision;
use std::time::Duration;

/// `Cache-Control` of a request (RFC 9111, section 5.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheControl {
    /// `no-cache`: a new completion, which is not cached either.
    pub no_cache: bool,
    /// `no-store`: the completion is not cached; a cached one may be used.
    pub no_store: bool,
    /// `max-age`: a cached completion of at most this age may be used.
    pub max_age: Option<Duration>,
}

/// The facts about an answer beside its text.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerHead {
    /// The id of the request.
    pub request_id: AiRequestId,
    /// The model that answered.
    pub model: String,
    /// The provider of that model.
    pub provider: String,
    /// The part of the cache.
    pub cache: CacheUse,
    /// The number of calls to providers.
    pub attempts: u32,
    /// The rest of the rate limit.
    pub limit: LimitDecision,
    /// Milliseconds without the time of waiting for providers.
    pub overhead_ms: u64,
}

/// The usage of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerCost {
    /// Tokens of all attempts; none for a cache hit.
    pub tokens: TokenCounts,
    /// Their cost, in nano-dollars.
    pub nano_usd: u64,
}
