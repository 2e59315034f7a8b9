//! The gateway on its state, and the models on Bedrock. Functions that ask no other models use it directly, so that
//! they do not link a second HTTP client.

use adapter_aws::{AwsSettings, SdkConfig};
use adapter_bedrock::BedrockGateway;
use adapter_dynamodb::{DynamoAiState, DynamoLimiter, DynamoStore, ListShards, Tables};
use application_ai::{AiGateway, Chain, Registry};
use edge::{RuntimeTimer, Settings};
use ports::{Guardrail, Source};
use std::fmt;
use std::sync::Arc;

/// The wiring of a function that asks models.
pub struct BedrockModels {
    /// The configuration of every AWS client of the process.
    pub aws: SdkConfig,
    /// The names of the tables.
    pub tables: Tables,
    /// The number of shards of large tenants.
    pub shards: ListShards,
    /// The gateway, with budgets, limits, cached completions and breakers in these tables, and with the prices of
    /// `registry`.
    pub gateway: Arc<AiGateway>,
    /// The models on Bedrock.
    pub bedrock: Arc<BedrockGateway>,
    /// The models that callers may name: those of this deployment.
    pub registry: Registry,
    /// All models. A chain may name one that this deployment does not have.
    shipped: Registry,
}

impl BedrockModels {
    /// Reads `GUARDRAIL`, which is optional, and the settings of AWS and of the tables.
    pub fn read(settings: &Settings) -> Result<Self, Source> {
        Self::read_beside(settings, false)
    }

    /// The same for functions whose callers may also name models of a server that speaks OpenAI's wire format.
    pub(crate) fn read_beside(settings: &Settings, has_openai: bool) -> Result<Self, Source> {
        let at = AwsSettings::from_env()?;
        let aws = adapter_aws::sdk_config(&at);
        let (tables, shards) = (Tables::from_env()?, ListShards::from_env()?);
        // The guardrail applies to conversations, not to embeddings.
        let guardrail: Option<Guardrail> = settings.optional("GUARDRAIL").map(str::parse).transpose()?;
        let shipped = Registry::shipped()?;
        let registry = shipped.deployed(&at.region, has_openai, at.has_own_bedrock());
        let limiter = Arc::new(DynamoLimiter::new(&aws, tables.ephemeral.clone()));
        let state = Arc::new(DynamoAiState::new(&aws, tables.clone()).with_shards(shards.clone()));
        let gateway = AiGateway::new(state, limiter, Arc::new(RuntimeTimer), registry.clone());
        Ok(Self {
            gateway: Arc::new(gateway.with_guardrail(guardrail)),
            bedrock: Arc::new(BedrockGateway::new(&aws)),
            shipped,
            aws,
            tables,
            shards,
            registry,
        })
    }

    /// The chain in this variable, which must be set.
    pub fn chain(&self, settings: &Settings, variable: &str) -> Result<Chain, Source> {
        Ok(Chain::parse(settings.required(variable)?, &self.shipped)?)
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
