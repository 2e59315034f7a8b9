//! The gateway on its state, and the models on Bedrock. Functions that ask no other models use it directly, so that
//! they do not link a second HTTP client.

use adapter_appconfig::AppConfig;
use adapter_aws::{AwsSettings, SdkConfig};
use adapter_bedrock::BedrockGateway;
use adapter_dynamodb::{DynamoAiState, DynamoLimiter, DynamoStore, ListShards, Tables};
use application_ai::{AiGateway, Chain, Registry};
use domain::ai::Feature;
use domain::configuration::RuntimeConfiguration;
use edge::RuntimeTimer;
use ports::{Configuration, ConfiguredLimiter, Guardrail, Limiter, Source};
use std::fmt;
use std::sync::Arc;

/// The wiring of a function that asks models.
#[derive(Clone)]
pub struct BedrockModels {
    /// The configuration of every AWS client of the process.
    pub aws: SdkConfig,
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
    at: AwsSettings,
}

impl BedrockModels {
    /// Reads the settings of AWS and of the tables, and the configuration.
    pub async fn read() -> Result<Self, Source> {
        Self::read_beside(false).await
    }

    /// Reads the same for a function that may also call models of servers with OpenAI's wire format.
    pub(crate) async fn read_beside(asks_servers: bool) -> Result<Self, Source> {
        let at = AwsSettings::from_env()?;
        let aws = adapter_aws::sdk_config(&at);
        let tables = Tables::from_env()?;
        let shipped = Registry::shipped()?;
        let configuration: Arc<dyn Configuration> =
            Arc::new(AppConfig::from_env(&aws, Some(shipped.catalog())).await?);
        let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
        Ok(Self {
            limiter: Arc::new(ConfiguredLimiter::new(limiter, Arc::clone(&configuration))),
            bedrock: Arc::new(BedrockGateway::new(&aws)),
            aws,
            tables,
            configuration,
            shipped,
            asks_servers,
            at,
        })
    }

    /// The models that this deployment can call with a configuration.
    pub fn registry(&self, configuration: &RuntimeConfiguration) -> Registry {
        let registry = self.shipped.configured(configuration, &self.at.region, self.at.has_own_bedrock());
        if self.asks_servers { registry } else { registry.on_bedrock() }
    }

    /// The gateway for a configuration. Budgets, limits, cached answers and breakers are in the tables.
    pub fn gateway(&self, configuration: &RuntimeConfiguration) -> Arc<AiGateway> {
        let shards = ListShards::new(Arc::clone(&self.configuration));
        let state = Arc::new(DynamoAiState::new(&self.aws, self.tables.clone()).with_shards(shards));
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
        Arc::new(DynamoStore::new(&self.aws, self.tables.clone()))
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
