//! What every route that asks a model tells of the answer, and what its caller may ask of the cache. The edge writes and
//! reads these as headers, so they are not the AI gateway's own.

use domain::ai::{CacheUse, Tokens};
use domain::id::AiRequestId;
use ports::LimitDecision;
use std::time::Duration;

/// `Cache-Control` of a request (RFC 9111, section 5.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheControl {
    /// `no-cache`: a new answer, which is not kept either.
    pub no_cache: bool,
    /// `no-store`: the completion is not cached; a cached one may be used.
    pub no_store: bool,
    /// `max-age`: an answer of this age may be given.
    pub max_age: Option<Duration>,
}

/// What is known of an answer beside its text.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerHead {
    /// The request.
    pub request_id: AiRequestId,
    /// The model that answered.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// What the cache did.
    pub cache: CacheUse,
    /// Calls to providers.
    pub attempts: u32,
    /// What is left of the rate limit.
    pub limit: LimitDecision,
    /// Milliseconds that were not spent waiting for a provider.
    pub overhead_ms: u64,
}

/// What an answer used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerCost {
    /// Tokens of all attempts; of a hit, none.
    pub tokens: Tokens,
    /// What they cost, in nano-dollars.
    pub nano_usd: u64,
}
