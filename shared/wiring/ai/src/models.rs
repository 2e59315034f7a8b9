//! The models on Bedrock and on the configured servers with OpenAI's wire format.

use crate::bedrock_models::BedrockModels;
use adapter_dynamodb::DynamoStore;
use adapter_openai::{InputTypeNames, KeySource, OpenAiGateway, OpenAiProviders, OpenAiSettings};
use adapter_secrets::Secret;
use application_ai::{AiGateway, Completions, Embeddings, Providers, Registry};
use application_core::Configured;
use domain::ai::Feature;
use domain::configuration::RuntimeConfiguration;
use edge::Settings;
use ports::{EmbeddingGateway, ModelGateway, Source, StreamingModelGateway};
use std::fmt;
use std::sync::Arc;

/// The wiring of a function that answers callers' own requests to models.
pub struct Models {
    on_bedrock: BedrockModels,
    shared: Arc<Configured<Shared>>,
}

/// The parts that whole and streamed answers share.
struct Shared {
    gateway: Arc<AiGateway>,
    registry: Registry,
    openai: Arc<OpenAiProviders>,
}

impl Models {
    /// Reads the same as [`BedrockModels::read`]. The servers are those of the configuration.
    pub async fn read(settings: Settings) -> Result<Self, Source> {
        let on_bedrock = BedrockModels::read_beside(settings, true).await?;
        let models = on_bedrock.clone();
        let shared = Configured::following(Arc::clone(&on_bedrock.configuration), move |configuration| {
            Ok(Shared {
                gateway: models.gateway(configuration),
                registry: models.registry(configuration),
                openai: Arc::new(providers(&models, configuration)?),
            })
        })?;
        Ok(Self { on_bedrock, shared: Arc::new(shared) })
    }

    /// The use case for whole answers.
    pub fn completions(&self) -> Result<Configured<Completions<dyn ModelGateway>>, Source> {
        self.completions_of(|bedrock, openai| Providers { bedrock, openai: Some(openai) })
    }

    /// The use case for streamed answers.
    pub fn streamed_completions(&self) -> Result<Configured<Completions<dyn StreamingModelGateway>>, Source> {
        self.completions_of(|bedrock, openai| Providers { bedrock, openai: Some(openai) })
    }

    fn completions_of<T: ?Sized + 'static>(
        &self,
        providers: fn(Arc<adapter_bedrock::BedrockGateway>, Arc<OpenAiProviders>) -> Providers<T>,
    ) -> Result<Configured<Completions<T>>, Source> {
        let (models, shared) = (self.on_bedrock.clone(), Arc::clone(&self.shared));
        Configured::following(Arc::clone(&self.on_bedrock.configuration), move |configuration| {
            let shared = shared.current();
            Ok(Completions {
                gateway: Arc::clone(&shared.gateway),
                providers: providers(Arc::clone(&models.bedrock), Arc::clone(&shared.openai)),
                registry: shared.registry.clone(),
                chain: models.chain(configuration, Feature::Completion),
            })
        })
    }

    /// The ports of embeddings.
    pub fn embeddings(&self) -> Result<Configured<Embeddings>, Source> {
        let (models, shared) = (self.on_bedrock.clone(), Arc::clone(&self.shared));
        Configured::following(Arc::clone(&self.on_bedrock.configuration), move |_| {
            let shared = shared.current();
            let bedrock = Arc::clone(&models.bedrock) as Arc<dyn EmbeddingGateway>;
            let openai = Some(Arc::clone(&shared.openai) as Arc<dyn EmbeddingGateway>);
            Ok(Embeddings {
                gateway: Arc::clone(&shared.gateway),
                providers: Providers { bedrock, openai },
                registry: shared.registry.clone(),
            })
        })
    }

    /// Records refused accesses.
    pub fn store(&self) -> Arc<DynamoStore> {
        self.on_bedrock.store()
    }
}

/// The servers of a configuration, each with its own connections.
fn providers(
    models: &BedrockModels,
    configuration: &RuntimeConfiguration,
) -> Result<OpenAiProviders, Source> {
    let mut providers = OpenAiProviders::default();
    for provider in &configuration.providers {
        let secret = provider.secret.as_ref().map(|name| Secret::new(&models.base.aws, name.clone()));
        let server = OpenAiGateway::new(OpenAiSettings {
            base_url: provider.base_url.clone(),
            key: secret.map(|secret| Arc::new(secret.source()) as KeySource),
            token_limit: None,
            input_types: provider
                .input_types
                .as_ref()
                .map(|names| InputTypeNames { document: names.document.clone(), query: names.query.clone() }),
        })?;
        providers.add(server, &provider.models);
    }
    Ok(providers)
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Models").field("on_bedrock", &self.on_bedrock).finish_non_exhaustive()
    }
}
