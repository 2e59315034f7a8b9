//! `create-chat-completion` with a state that remembers nothing and enforces nothing: what the gateway's path costs without
//! DynamoDB. The Runtime API, the proxy event, the route, the question, the provider's adapter, the answer and the log line
//! are the function's own; rate limit, budgets, cache, breakers and the ledger are not there. It is measured and never
//! deployed.

use adapter_bedrock::BedrockGateway;
use adapter_openai::{OpenAiGateway, OpenAiSettings};
use adapter_remote_files::HttpsFiles;
use ai_bench::state::{MemoryState, NoLimits};
use application_ai::{AiGateway, Chain, Completions, Providers, Registry};
use application_core::Configured;
use create_chat_completion::CreateChatCompletion;
use edge::streaming::StreamingHandler;
use edge::{Authorized, RuntimeTimer, Uncounted};
use ports::{ModelGateway, StreamingModelGateway};
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::streaming::run("gateway-without-state", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let registry = Registry::shipped()?;
            let (state, limiter) = (Arc::new(MemoryState::default()), Arc::new(NoLimits));
            let timer = Arc::new(RuntimeTimer);
            let gateway = Arc::new(AiGateway::new(state, limiter, timer, registry.clone()));
            let base_url = base.settings.required("OPENAI_BASE_URL")?.to_owned();
            let openai = OpenAiGateway::new(OpenAiSettings {
                base_url,
                key: None,
                token_limit: None,
                input_types: None,
            })?;
            let openai = Some(Arc::new(openai));
            let bedrock = Arc::new(BedrockGateway::new(&base.aws));
            let chain = Chain::parse("us.amazon.nova-lite-v1:0", &registry)?;
            let providers: Providers<dyn ModelGateway> =
                Providers { bedrock: bedrock.clone(), openai: openai.clone().map(|it| it as _) };
            let (models, whole_chain) = (registry.clone(), chain.clone());
            let whole =
                Completions { gateway: gateway.clone(), providers, registry: models, chain: whole_chain };
            let providers: Providers<dyn StreamingModelGateway> =
                Providers { bedrock, openai: openai.map(|it| it as _) };
            let streamed = Completions { gateway, providers, registry, chain };
            // Refusals of callers are recorded there; nobody is refused here.
            let store = Arc::new(base.store()?);
            let (whole, streamed) = (Configured::fixed(whole), Configured::fixed(streamed));
            let route = CreateChatCompletion::new(whole, streamed, Arc::new(HttpsFiles::new()?));
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn StreamingHandler>)
        })
    })
}
