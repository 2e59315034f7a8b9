//! `create-chat-completion` with a state that remembers nothing and enforces nothing: what the gateway's path costs without
//! DynamoDB. The Runtime API, the proxy event, the route, the question, the provider's adapter, the answer and the log line
//! are the function's own; rate limit, budgets, cache, breakers and the ledger are not there. It is measured and never
//! deployed.

use adapter_aws::AwsSettings;
use adapter_bedrock::BedrockGateway;
use adapter_dynamodb::{DynamoStore, Tables};
use adapter_openai::OpenAiGateway;
use ai_bench::state::{MemoryState, NoLimits};
use application_ai::{AiGateway, Chain, Completions, Providers, Registry};
use create_chat_completion::CreateChatCompletion;
use edge::RuntimeTimer;
use edge::streaming::StreamingHandler;
use ports::{ModelGateway, StreamingModelGateway};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::streaming::run("gateway-without-state", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let registry = Registry::shipped()?;
            let (state, limiter) = (Arc::new(MemoryState::default()), Arc::new(NoLimits));
            let timer = Arc::new(RuntimeTimer);
            let gateway = Arc::new(AiGateway::new(state, limiter, timer, registry.clone()));
            let openai = OpenAiGateway::configured(settings.optional("OPENAI_BASE_URL"), None)?;
            let bedrock = Arc::new(BedrockGateway::new(&aws));
            let chain = Chain::parse(settings.required("COMPLETION_CHAIN")?, &registry)?;
            let providers: Providers<dyn ModelGateway> =
                Providers { bedrock: bedrock.clone(), openai: openai.clone().map(|it| it as _) };
            let (models, whole_chain) = (registry.clone(), chain.clone());
            let whole =
                Completions { gateway: gateway.clone(), providers, registry: models, chain: whole_chain };
            let providers: Providers<dyn StreamingModelGateway> =
                Providers { bedrock, openai: openai.map(|it| it as _) };
            let streamed = Completions { gateway, providers, registry, chain };
            // Refusals of callers are recorded there; nobody is refused here.
            let store = Arc::new(DynamoStore::new(&aws, Tables::from_env()?));
            Ok(Box::new(CreateChatCompletion { store, whole, streamed }) as Box<dyn StreamingHandler>)
        })
    })
}
