//! Wires `create-completion` to AWS and, where one is configured, to a server that speaks OpenAI's wire format.

use adapter_aws::AwsSettings;
use adapter_bedrock::BedrockGateway;
use adapter_dynamodb::{DynamoStore, ListShards, Tables, ai_gateway};
use adapter_openai::{KeySource, OpenAiGateway};
use adapter_secrets::Secret;
use application::ai::{Chain, Completions, Providers, Registry};
use application::ports::ModelGateway;
use create_completion::CreateCompletion;
use edge::{Handler, RuntimeTimer};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("create-completion", |settings| {
        Box::pin(async move {
            let at = AwsSettings::from_env()?;
            let aws = adapter_aws::sdk_config(&at);
            let tables = Tables::from_env()?;
            let registry = Registry::shipped()?;
            let shards = ListShards::from_env()?;
            let guardrail = settings.optional("GUARDRAIL").map(str::parse).transpose()?;
            let secret = settings.optional("OPENAI_SECRET_ID").map(|id| Secret::new(&aws, id));
            let key = secret.map(|secret| Arc::new(secret.source()) as KeySource);
            let openai = OpenAiGateway::configured(settings.optional("OPENAI_BASE_URL"), key)?;
            let chain = Chain::parse(settings.required("COMPLETION_CHAIN")?, &registry)?;
            // A chain may name models that this deployment does not have; callers may not.
            let registry = registry.deployed(&at.region, openai.is_some(), at.has_own_bedrock());
            let gateway = ai_gateway(&aws, tables.clone(), shards, RuntimeTimer, &registry, guardrail);
            let providers: Providers<dyn ModelGateway> = Providers {
                bedrock: Arc::new(BedrockGateway::new(&aws)),
                openai: openai.map(|openai| openai as _),
            };
            let needs = Completions { gateway, providers, registry, chain };
            let store = Arc::new(DynamoStore::new(&aws, tables));
            Ok(Box::new(CreateCompletion { store, needs }) as Box<dyn Handler>)
        })
    })
}
