//! The models on Bedrock and, where one is configured, on a server that speaks OpenAI's wire format.

use crate::bedrock_models::BedrockModels;
use adapter_dynamodb::DynamoStore;
use adapter_openai::{KeySource, OpenAiGateway};
use adapter_secrets::Secret;
use application_ai::{Completions, Embeddings, Providers};
use edge::Settings;
use ports::{EmbeddingGateway, ModelGateway, Source, StreamingModelGateway};
use std::sync::Arc;

/// The chain for requests without a model.
const COMPLETION_CHAIN: &str = "COMPLETION_CHAIN";

/// The wiring of a function that answers callers' own requests to models.
#[derive(Debug)]
pub struct Models {
    on_bedrock: BedrockModels,
    openai: Option<Arc<OpenAiGateway>>,
}

impl Models {
    /// Reads the settings of [`BedrockModels::read`], and `OPENAI_BASE_URL` and `OPENAI_SECRET_ID`, which are optional.
    pub fn read(settings: &Settings) -> Result<Self, Source> {
        let base_url = settings.optional("OPENAI_BASE_URL");
        let on_bedrock = BedrockModels::read_beside(settings, base_url.is_some())?;
        let secret = settings.optional("OPENAI_SECRET_ID").map(|id| Secret::new(&on_bedrock.aws, id));
        let key = secret.map(|secret| Arc::new(secret.source()) as KeySource);
        let openai = OpenAiGateway::configured(base_url, key)?;
        Ok(Self { on_bedrock, openai })
    }

    /// The ports of whole completions. `COMPLETION_CHAIN` must be set.
    pub fn completions(&self, settings: &Settings) -> Result<Completions<dyn ModelGateway>, Source> {
        let openai = self.openai.clone().map(|openai| openai as _);
        self.completions_of(settings, Providers { bedrock: self.on_bedrock.bedrock.clone(), openai })
    }

    /// The ports of streamed completions. `COMPLETION_CHAIN` must be set.
    pub fn streamed_completions(
        &self,
        settings: &Settings,
    ) -> Result<Completions<dyn StreamingModelGateway>, Source> {
        let openai = self.openai.clone().map(|openai| openai as _);
        self.completions_of(settings, Providers { bedrock: self.on_bedrock.bedrock.clone(), openai })
    }

    fn completions_of<T: ?Sized>(
        &self,
        settings: &Settings,
        providers: Providers<T>,
    ) -> Result<Completions<T>, Source> {
        let chain = self.on_bedrock.chain(settings, COMPLETION_CHAIN)?;
        let (gateway, registry) = (self.on_bedrock.gateway.clone(), self.on_bedrock.registry.clone());
        Ok(Completions { gateway, providers, registry, chain })
    }

    /// The ports of embeddings.
    pub fn embeddings(&self) -> Embeddings {
        let openai = self.openai.clone().map(|openai| openai as _);
        let providers: Providers<dyn EmbeddingGateway> =
            Providers { bedrock: self.on_bedrock.bedrock.clone(), openai };
        let (gateway, registry) = (self.on_bedrock.gateway.clone(), self.on_bedrock.registry.clone());
        Embeddings { gateway, providers, registry }
    }

    /// Records refused accesses.
    pub fn store(&self) -> Arc<DynamoStore> {
        self.on_bedrock.store()
    }
}
