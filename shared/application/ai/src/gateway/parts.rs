//! The ports and settings of the gateway.

use super::tally::CallTally;
use crate::registry::{Model, Provider, Registry};
use ports::{AiState, Guardrail, Limiter, ModelName, RequestMoney, Timer};
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The ports and settings of the gateway, made once for each process.
pub struct AiGateway {
    pub(super) state: Arc<dyn AiState>,
    /// The money of the state, or another one for requests that were paid for together.
    pub(super) money: Arc<dyn RequestMoney>,
    pub(super) limiter: Arc<dyn Limiter>,
    pub(super) timer: Arc<dyn Timer>,
    pub(super) registry: Registry,
    pub(super) tally: CallTally,
    pub(super) guardrail: Option<Guardrail>,
    /// Models in organizations' chains that the registry does not have. Each is logged once.
    logged_missing: Mutex<HashSet<String>>,
}

impl AiGateway {
    /// A gateway with the models and prices of this registry.
    pub fn new(
        state: Arc<dyn AiState>,
        limiter: Arc<dyn Limiter>,
        timer: Arc<dyn Timer>,
        registry: Registry,
    ) -> Self {
        let (tally, logged_missing) = (CallTally::default(), Mutex::default());
        let money = Arc::clone(&state) as Arc<dyn RequestMoney>;
        Self { state, money, limiter, timer, registry, tally, guardrail: None, logged_missing }
    }

    /// The same with a guardrail around every conversation with a model of Bedrock.
    pub fn with_guardrail(self, guardrail: Option<Guardrail>) -> Self {
        Self { guardrail, ..self }
    }

    /// The same gateway with other money and another limiter, for requests that were paid for together.
    pub(crate) fn prepaid(&self, money: Arc<dyn RequestMoney>, limiter: Arc<dyn Limiter>) -> Self {
        let state = Arc::clone(&self.state);
        let gateway = Self::new(state, limiter, Arc::clone(&self.timer), self.registry.clone());
        Self { money, ..gateway.with_guardrail(self.guardrail.clone()) }
    }

    /// The money that requests are paid from.
    pub(crate) fn money(&self) -> &dyn RequestMoney {
        self.money.as_ref()
    }

    /// The limiter that counts requests.
    pub(crate) fn limiter(&self) -> &dyn Limiter {
        self.limiter.as_ref()
    }

    /// The timer that the gateway's callers use too.
    pub fn timer(&self) -> &dyn Timer {
        self.timer.as_ref()
    }

    /// Logs, once for each process and model, that a chain names a model that left the registry.
    pub(super) fn log_missing(&self, model: &str) {
        let mut logged = self.logged_missing.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.insert(model.to_owned()) {
            tracing::warn!(
                model,
                "an organization's chain names a model that is not in the registry; the step is passed over"
            );
        }
    }
}

impl fmt::Debug for AiGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AiGateway").field("price_version", &self.registry.version).finish_non_exhaustive()
    }
}

/// The adapters by provider.
pub struct Providers<T: ?Sized> {
    /// Amazon Bedrock.
    pub bedrock: Arc<T>,
    /// An endpoint that speaks OpenAI's API, where one is configured.
    pub openai: Option<Arc<T>>,
}

impl<T: ?Sized> Providers<T> {
    pub(super) fn get(&self, provider: Provider) -> Option<&Arc<T>> {
        match provider {
            Provider::Bedrock => Some(&self.bedrock),
            Provider::Openai => self.openai.as_ref(),
        }
    }
}

/// The model, as the breakers name it.
pub(super) fn model_name(model: &Model) -> ModelName {
    ModelName { provider: model.provider.as_str().to_owned(), model: model.id.clone() }
}
