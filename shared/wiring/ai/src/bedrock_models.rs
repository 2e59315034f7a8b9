//! The gateway on its state, and the models on Bedrock. Functions that ask no other models use it directly, so that
//! they do not link a second HTTP client.

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

/// The wiring of a function that asks models.
#[derive(Clone)]
pub struct BedrockModels {
    /// The settings, and the configuration of every AWS client of the process.
    pub base: Base,
    /// The names of the tables.
    pub tables: Tables,
    /// The configuration by the operators.
    pub configuration: Arc<dyn Configuration>,
    /// Counts requests with the configured limits.
    pub limiter: Arc<dyn Limiter>,
    /// The models on Bedrock.
    pub bedrock: Arc<BedrockGateway>,
    /// All models. Configurations may name those that this deployment does not have.
    shipped: Registry,
    /// Whether the function also calls servers with OpenAI's wire format.
    asks_servers: bool,
}

impl BedrockModels {
    /// Reads the settings of AWS and of the tables, and the configuration.
    pub async fn read(settings: Settings) -> Result<Self, Source> {
        Self::read_beside(settings, false).await
    }

    /// Reads the same for a function that may also call models of servers with OpenAI's wire format.
    pub(crate) async fn read_beside(settings: Settings, asks_servers: bool) -> Result<Self, Source> {
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
            asks_servers,
        })
    }

    /// The models that this deployment can call with a configuration.
    pub fn registry(&self, configuration: &RuntimeConfiguration) -> Registry {
        let registry =
            self.shipped.configured(configuration, &self.base.at.region, self.base.at.has_own_bedrock());
        if self.asks_servers { registry } else { registry.on_bedrock() }
    }

    /// The gateway for a configuration. Budgets, limits, cached answers and breakers are in the tables.
    pub fn gateway(&self, configuration: &RuntimeConfiguration) -> Arc<AiGateway> {
        let shards = ListShards::new(Arc::clone(&self.configuration));
        let state = Arc::new(DynamoAiState::new(&self.base.aws, self.tables.clone()).with_shards(shards));
        let limiter = Arc::clone(&self.limiter);
        let gateway = AiGateway::new(state, limiter, Arc::new(RuntimeTimer), self.registry(configuration));
        // The guardrail applies to conversations, not to embeddings.
        let guardrail = configuration.guardrail.clone();
        Arc::new(gateway.with_guardrail(guardrail.map(|it| Guardrail { id: it.id, version: it.version })))
    }

    /// The configured chain of a feature, without the models that this deployment can't call.
    pub fn chain(&self, configuration: &RuntimeConfiguration, feature: Feature) -> Chain {
        let steps = configuration.chains.get(&feature).map(Vec::as_slice).unwrap_or_default();
        Chain::configured(steps, &self.registry(configuration), feature)
    }

    /// A store that seals nothing: the AI gateway stores nothing personal there.
    pub fn store(&self) -> Arc<DynamoStore> {
        Arc::new(DynamoStore::new(&self.base.aws, self.tables.clone()))
    }

    /// The version of the prices.
    pub fn price_version(&self) -> String {
        self.shipped.version.clone()
    }
}

impl fmt::Debug for BedrockModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BedrockModels").field("tables", &self.tables).finish_non_exhaustive()
    }
}
