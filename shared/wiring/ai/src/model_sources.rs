//! The settings of a function that asks models, and what follows from them and a configuration: the models that the
//! deployment can call, the gateway on its state, and the chains.

use adapter_bedrock::BedrockGateway;
use adapter_dynamodb::{DynamoAiState, DynamoStore, ListShards, Tables};
use application_ai::{AiGateway, Chain, Registry};
use domain::ai::Feature;
use domain::configuration::RuntimeConfiguration;
use edge::{RuntimeTimer, Settings};
use ports::{Configuration, ConfiguredLimiter, Guardrail, Limiter, Source};
use std::fmt;
use std::sync::Arc;
use wiring_core::Base;

/// The settings of a function that asks models.
#[derive(Clone)]
pub(crate) struct ModelSources {
    /// The settings, and the configuration of every AWS client of the process.
    pub(crate) base: Base,
    /// The names of the tables.
    pub(crate) tables: Tables,
    /// The configuration by the operators.
    pub(crate) configuration: Arc<dyn Configuration>,
    /// Counts requests with the configured limits.
    pub(crate) limiter: Arc<dyn Limiter>,
    /// The models on Bedrock.
    pub(crate) bedrock: Arc<BedrockGateway>,
    /// All models. Configurations may name those that this deployment does not have.
    shipped: Registry,
}

impl ModelSources {
    /// Reads the settings of AWS and of the tables, and the configuration.
    pub(crate) async fn read(settings: Settings) -> Result<Self, Source> {
        let base = Base::read(settings)?;
        let shipped = Registry::shipped()?;
        let configuration = wiring_configuration::follow(&base, Some(shipped.catalog())).await?;
        let limiter = Arc::new(base.limiter()?);
        Ok(Self {
            limiter: Arc::new(ConfiguredLimiter::new(limiter, Arc::clone(&configuration))),
            bedrock: Arc::new(BedrockGateway::new(&base.aws)),
            tables: base.tables()?,
            base,
            configuration,
            shipped,
        })
    }

    /// The models that this deployment can call with a configuration.
    pub(crate) fn registry(&self, configuration: &RuntimeConfiguration) -> Registry {
        self.shipped.configured(configuration, &self.base.at.region, self.base.at.has_own_bedrock())
    }

    /// The gateway for a configuration. Budgets, limits, cached answers and breakers are in the tables.
    pub(crate) fn gateway(&self, configuration: &RuntimeConfiguration) -> Arc<AiGateway> {
        let shards = ListShards::new(Arc::clone(&self.configuration));
        let state = Arc::new(DynamoAiState::new(&self.base.aws, self.tables.clone()).with_shards(shards));
        let limiter = Arc::clone(&self.limiter);
        let gateway = AiGateway::new(state, limiter, Arc::new(RuntimeTimer), self.registry(configuration));
        // The guardrail applies to conversations, not to embeddings.
        let guardrail = configuration.guardrail.clone();
        Arc::new(gateway.with_guardrail(guardrail.map(|it| Guardrail { id: it.id, version: it.version })))
    }

    /// The configured chain of a feature, without the models that this deployment can't call.
    pub(crate) fn chain(&self, configuration: &RuntimeConfiguration, feature: Feature) -> Chain {
        let steps = configuration.chains.get(&feature).map(Vec::as_slice).unwrap_or_default();
        Chain::configured(steps, &self.registry(configuration), feature)
    }

    /// A store that seals nothing: the AI gateway stores nothing personal there.
    pub(crate) fn store(&self) -> Arc<DynamoStore> {
        Arc::new(DynamoStore::new(&self.base.aws, self.tables.clone()))
    }
}

impl fmt::Debug for ModelSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelSources").field("tables", &self.tables).finish_non_exhaustive()
    }
}
