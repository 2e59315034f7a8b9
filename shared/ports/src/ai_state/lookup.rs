//! The look-up before a decision about a request: budget, prices, the cache's content and breakers.

use domain::ai::fine_tune::FineTune;
use domain::ai::{AiBudget, AiPrices};
use domain::id::{FineTuneId, OrganizationId};
use domain::{Timestamp, Versioned};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The key of a cached completion: a hash over everything that shapes the completion. It can't be made without the
/// tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// The tenant of the completion.
    pub tenant: OrganizationId,
    /// BLAKE3 over the fields of the request.
    pub hash: [u8; 32],
}

/// The cache's content for a key.
#[derive(Debug, Clone, PartialEq)]
pub enum CachedCompletion {
    /// The cache has no completion for this key, and no request is making one.
    Nothing,
    /// Another request is making the completion.
    InFlight {
        /// The time at which the cache stops waiting for that request.
        until: Timestamp,
    },
    /// A recent answer for this key could not be cached (cut off or filtered). Callers must not wait for it.
    NotCacheable,
    /// A completion in its stored form.
    Answer {
        /// The stored text.
        answer: String,
        /// When it was stored.
        stored_at: Timestamp,
    },
}

/// A model, as the breakers name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelName {
    /// Its provider.
    pub provider: String,
    /// Its name in the registry.
    pub model: String,
}

/// The state of a model's breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Breaker {
    /// It may be asked.
    Closed,
    /// At least half of its calls fail. Before `until` only requests without another model ask it: three attempts still
    /// answer most of them.
    Failing {
        /// When one call may probe the model.
        until: Timestamp,
    },
    /// Asking does not help: nearly all of its calls fail, or the provider named a time. It may not be asked before
    /// `until`.
    Open {
        /// When one call may probe the model.
        until: Timestamp,
    },
    /// One call may probe it: the one that [`AiState::probe`](super::AiState::probe) allows.
    HalfOpen,
}

/// Everything that is read before a decision about a request.
#[derive(Debug, Clone)]
pub struct RequestLookup<'a> {
    /// The organization that asks.
    pub tenant: OrganizationId,
    /// The key of the completion to look for.
    pub cache: Option<CacheKey>,
    /// The models of the chain.
    pub models: &'a [ModelName],
    /// The time against which leases and breakers are compared.
    pub now: Timestamp,
    /// The fine-tunes of the organization whose models may be asked.
    pub fine_tunes: &'a [FineTuneId],
}

/// The result of [`AiState::look_up`](super::AiState::look_up).
#[derive(Debug, Clone)]
pub struct RequestState {
    /// The tenant's budget, if it was ever set.
    pub budget: Option<AiBudget>,
    /// The tenant's own prices, if it ever had any.
    pub prices: Option<Versioned<AiPrices>>,
    /// The cache's content.
    pub cached: CachedCompletion,
    /// One for each model of the look-up, in the same order.
    pub breakers: Vec<Breaker>,
    /// The fine-tunes of the look-up that the tenant has.
    pub fine_tunes: Vec<FineTune>,
}

/// Calls to a model by one process since its last report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallObservation {
    /// Calls.
    pub calls: u32,
    /// Calls that failed by the provider's fault: 5xx, timeouts, connections. Never failures that a request caused.
    pub failures: u32,
    /// The pause that the provider asked for.
    pub retry_after: Option<Duration>,
}
