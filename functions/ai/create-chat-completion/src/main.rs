//! Wires `create-chat-completion` to AWS and, where one is configured, to a server that speaks OpenAI's wire format.

use adapter_aws::AwsSettings;
use adapter_bedrock::BedrockGateway;
use adapter_dynamodb::{DynamoStore, ListShards, Tables, ai_gateway};
use adapter_openai::{KeySource, OpenAiGateway};
use adapter_secrets::Secret;
use application::ai::{Chain, Completions, Providers, Registry};
use application::ports::{ModelGateway, StreamingModelGateway};
use create_chat_completion::CreateChatCompletion;
use edge::RuntimeTimer;
use edge::streaming::StreamingHandler;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::streaming::run("create-chat-completion", |settings| {
        Box::pin(async move {
            let at = AwsSettings::from_env()?;
            let aws = adapter_aws::sdk_config(&at);
            let tables = Tables::from_env()?;
            let (registry, shards) = (Registry::shipped()?, ListShards::from_env()?);
            let guardrail = settings.optional("GUARDRAIL").map(str::parse).transpose()?;
            let secret = settings.optional("OPENAI_SECRET_ID").map(|id| Secret::new(&aws, id));
            let key = secret.map(|secret| Arc::new(secret.source()) as KeySource);
            let openai = OpenAiGateway::configured(settings.optional("OPENAI_BASE_URL"), key)?;
            let chain = Chain::parse(settings.required("COMPLETION_CHAIN")?, &registry)?;
            // A chain may name models that this deployment does not have; callers may not.
            let registry = registry.deployed(&at.region, openai.is_some(), at.has_own_bedrock());
            let gateway = ai_gateway(&aws, tables.clone(), shards, RuntimeTimer, &registry, guardrail);
            let bedrock = Arc::new(BedrockGateway::new(&aws));
            let providers: Providers<dyn ModelGateway> =
                Providers { bedrock: bedrock.clone(), openai: openai.clone().map(|it| it as _) };
            let (models, whole_chain) = (registry.clone(), chain.clone());
            let whole =
                Completions { gateway: gateway.clone(), providers, registry: models, chain: whole_chain };
            let providers: Providers<dyn StreamingModelGateway> =
                Providers { bedrock, openai: openai.map(|it| it as _) };
            let streamed = Completions { gateway, providers, registry, chain };
            let store = Arc::new(DynamoStore::new(&aws, tables));
            Ok(Box::new(CreateChatCompletion { store, whole, streamed }) as Box<dyn StreamingHandler>)
        })
    })
}
