//! The AI gateway: the one way to a model. In this order: rate limit beside the look-up of cache, budget and breakers; the
//! right to make the answer and the money for it, taken together; the provider; what it cost, the record and the cache,
//! written together. Where the state can't be reached no model is called.
//!
//! | path | calls to DynamoDB | one after the other |
//! |---|---|---|
//! | limited | 2 | 1 |
//! | every breaker open | 2 | 1 |
//! | hit | 3 | 2 |
//! | over budget | 3 | 2 |
//! | miss | 4 | 3 |
//!
//! Over budget is a call less when the request's bound alone is more than the limit. Whoever waits for an answer that
//! somebody else makes adds one for each look. A retry or a repair that needs more money than was set aside adds one; every
//! tenth answered call of a process, and every failed one, adds one that tells the model's breaker. A breaker's window, its
//! opening and the right to try its model are one more each. A settlement that fails adds one, which leaves it to the sweeper,
//! and a reservation that fails one, which takes it back.

mod attempts;
mod complete;
mod embed;
mod session;
mod stream;
mod tally;
mod terms;

use super::registry::{Provider, Registry};
use crate::ports::{AiState, Guardrail, Limiter, Timer};
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub use complete::{Unanswered, answer, complete};
pub use embed::{EmbedTexts, Embedded, embed};
pub use stream::{AnswerStream, StreamEvent, Streamed, stream};

use tally::Tally;
pub(super) use terms::{price_version, priced};

/// What the gateway works with, once for each process.
pub struct AiGateway {
    state: Arc<dyn AiState>,
    limiter: Arc<dyn Limiter>,
    timer: Arc<dyn Timer>,
    registry: Registry,
    tally: Tally,
    guardrail: Option<Guardrail>,
    missing: Mutex<HashSet<String>>,
}

impl AiGateway {
    /// A gateway with the models and prices of this registry.
    pub fn new(
        state: Arc<dyn AiState>,
        limiter: Arc<dyn Limiter>,
        timer: Arc<dyn Timer>,
        registry: Registry,
    ) -> Self {
        let (tally, missing) = (Tally::default(), Mutex::default());
        Self { state, limiter, timer, registry, tally, guardrail: None, missing }
    }

    /// The same with a guardrail around every conversation with a model of Bedrock.
    pub fn with_guardrail(self, guardrail: Option<Guardrail>) -> Self {
        Self { guardrail, ..self }
    }

    /// How its users wait, too.
    pub(crate) fn timer(&self) -> &dyn Timer {
        self.timer.as_ref()
    }

    /// Logs, once for each process and model, that chains of tenants name a model that left the registry.
    fn tell_missing(&self, model: &str) {
        let mut told = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(model.to_owned()) {
            tracing::warn!(
                model,
                "a tenant's chain names a model that there is no more; the step is passed over"
            );
        }
    }
}

impl fmt::Debug for AiGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AiGateway").field("price_version", &self.registry.version).finish_non_exhaustive()
    }
}

/// Who answers for which provider.
pub struct Providers<T: ?Sized> {
    /// Amazon Bedrock.
    pub bedrock: Arc<T>,
    /// An endpoint that speaks OpenAI's API, where one is configured.
    pub openai: Option<Arc<T>>,
}

impl<T: ?Sized> Providers<T> {
    fn get(&self, provider: Provider) -> Option<&Arc<T>> {
        match provider {
            Provider::Bedrock => Some(&self.bedrock),
            Provider::Openai => self.openai.as_ref(),
        }
    }
}
