//! The models on Bedrock and on the configured servers with OpenAI's wire format.

use crate::model_sources::ModelSources;
use adapter_dynamodb::DynamoStore;
use adapter_openai::{InputTypeNames, KeySource, OpenAiGateway, OpenAiProviders, OpenAiSettings};
use adapter_secrets::Secret;
use application_ai::{AiGateway, Completions, Embeddings, Providers, Registry};
use application_core::Configured;
use domain::ai::Feature;
use domain::configuration::RuntimeConfiguration;
use edge::Settings;
use ports::{Configuration, EmbeddingGateway, Limiter, ModelGateway, Source, StreamingModelGateway};
use std::fmt;
use std::sync::Arc;
use wiring_core::Base;

/// The wiring of a function that asks models.
pub struct Models {
    sources: ModelSources,
    shared: Arc<Configured<Shared>>,
}

/// The parts that whole and streamed answers share.
struct Shared {
    gateway: Arc<AiGateway>,
    registry: Registry,
    openai: Arc<OpenAiProviders>,
}

impl Models {
    /// Reads the settings of AWS and of the tables, and the configuration, which has the servers.
    pub async fn read(settings: Settings) -> Result<Self, Source> {
        let sources = ModelSources::read(settings).await?;
        let models = sources.clone();
        let shared = Configured::following(Arc::clone(&sources.configuration), move |configuration| {
            Ok(Shared {
                gateway: models.gateway(configuration),
                registry: models.registry(configuration),
                openai: Arc::new(providers(&models, configuration)?),
            })
        })?;
        Ok(Self { sources, shared: Arc::new(shared) })
    }

    /// The use case for whole answers.
    pub fn completions(&self) -> Result<Configured<Completions<dyn ModelGateway>>, Source> {
        self.completions_for(Feature::Completion)
    }

    /// The ports of whole answers, with the configured chain of a feature.
    pub fn completions_for(
        &self,
        feature: Feature,
    ) -> Result<Configured<Completions<dyn ModelGateway>>, Source> {
        self.completions_of(feature, |bedrock, openai| Providers { bedrock, openai: Some(openai) })
    }

    /// The use case for streamed answers.
    pub fn streamed_completions(&self) -> Result<Configured<Completions<dyn StreamingModelGateway>>, Source> {
        self.completions_of(Feature::Completion, |bedrock, openai| Providers {
            bedrock,
            openai: Some(openai),
        })
    }

    fn completions_of<T: ?Sized + 'static>(
        &self,
        feature: Feature,
        providers: fn(Arc<adapter_bedrock::BedrockGateway>, Arc<OpenAiProviders>) -> Providers<T>,
    ) -> Result<Configured<Completions<T>>, Source> {
        let (models, shared) = (self.sources.clone(), Arc::clone(&self.shared));
        Configured::following(Arc::clone(&self.sources.configuration), move |configuration| {
            let shared = shared.current();
            Ok(Completions {
                gateway: Arc::clone(&shared.gateway),
                providers: providers(Arc::clone(&models.bedrock), Arc::clone(&shared.openai)),
                registry: shared.registry.clone(),
                chain: models.chain(configuration, feature),
            })
        })
    }

    /// The ports of embeddings.
    pub fn embeddings(&self) -> Result<Configured<Embeddings>, Source> {
        let (models, shared) = (self.sources.clone(), Arc::clone(&self.shared));
        Configured::following(Arc::clone(&self.sources.configuration), move |_| {
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

    /// The settings, and the configuration of every AWS client of the process.
    pub fn base(&self) -> &Base {
        &self.sources.base
    }

    /// The configuration by the operators.
    pub fn configuration(&self) -> &Arc<dyn Configuration> {
        &self.sources.configuration
    }

    /// Counts requests with the configured limits.
    pub fn limiter(&self) -> Arc<dyn Limiter> {
        Arc::clone(&self.sources.limiter)
    }

    /// Loads and commits aggregates, and records refused accesses.
    pub fn store(&self) -> Arc<DynamoStore> {
        self.sources.store()
    }
}

/// The servers of a configuration, each with its own connections.
fn providers(models: &ModelSources, configuration: &RuntimeConfiguration) -> Result<OpenAiProviders, Source> {
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
        f.debug_struct("Models").field("sources", &self.sources).finish_non_exhaustive()
    }
}
