//! Checks a caller's conversation and turns it into a request to the gateway.

use super::GatewayAnswer;
use super::abilities::needed;
use super::ask::{CachePolicy, Conversation, GatewayRequest, Requester};
use super::chain::Chain;
use super::completion_check::check_fields;
use super::gateway::{self, AiGateway, Providers, Streamed};
use super::history::merged;
use super::registry::{ModelUse, Registry};
use super::signed_reasoning::leave_out_foreign;
use super::split_subject::SplitSubject;
use super::structured::{schema_check, unfenced};
use super::tool_calls::{only_allowed, tool_call_check};
use application_core::model_answer::CacheControl;
use application_core::{Context, Error};
use domain::ai::Feature;
use domain::authority::{Authority, CreateCompletions};
use domain::field::{InvalidFields, all_of};
use domain::id::OrganizationId;
use ports::{Message, ModelGateway, ReasoningEffort, StreamingModelGateway, ToolSet, is_any_object};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long a completion is cached.
const TTL: Duration = Duration::from_secs(3600);
/// The most tokens of a completion when the caller names no limit.
const USUAL_OUTPUT_TOKENS: u32 = 2048;
/// The most characters of the name of an end user.
pub const LONGEST_USER: usize = 512;

/// The field of the schema of a completion.
const RESPONSE_SCHEMA: &str = "response_schema";

/// The instruction for a model that must answer any JSON object.
const ANY_OBJECT: &str =
    "Answer with one JSON object that holds the whole answer, without a Markdown fence and nothing else.";

/// A conversation in the form in which callers send it.
#[derive(Clone)]
pub struct CompletionRequest {
    /// The model; when absent, the environment's chain.
    pub model: Option<String>,
    /// Instructions to the model.
    pub system: String,
    /// The turns. The model may open the conversation, and end it with the beginning of its answer.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    pub tools: ToolSet,
    /// The tools, by name, that are offered to the model and that it may call; all of them when absent.
    pub allowed_tools: Option<Vec<String>>,
    /// How long the model may reason; models without reasoning ignore it.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// The JSON Schema that the completion must match.
    pub output_schema: Option<Value>,
    /// The most tokens of the completion.
    pub max_tokens: Option<u32>,
    /// The sampling temperature, 0.0 to 2.0; models on Bedrock get at most 1.0.
    pub temperature: Option<f32>,
    /// The share of the likeliest tokens to choose from, 0.0 to 1.0.
    pub top_p: Option<f32>,
    /// Texts that end the completion.
    pub stop: Vec<String>,
    /// The caller's rules for the cache.
    pub cache: CacheControl,
    /// The caller's name of the end user, who keeps the side of a split step of the organization's own chain. A blank
    /// one counts as absent. It is hashed, and neither logged nor stored nor sent to a provider.
    pub user: Option<String>,
}

/// The ports of completions.
pub struct Completions<T: ?Sized> {
    /// The gateway.
    pub gateway: Arc<AiGateway>,
    /// The adapters by provider.
    pub providers: Providers<T>,
    /// The model registry.
    pub registry: Registry,
    /// The chain for requests without a model.
    pub chain: Chain,
}

/// Answers a conversation.
pub async fn create_completion(
    needs: &Completions<dyn ModelGateway>,
    context: &Context,
    authority: &Authority<CreateCompletions>,
    request: CompletionRequest,
) -> Result<GatewayAnswer, Error> {
    let asker = Requester::of(authority.caller());
    let ask = question(&needs.registry, &needs.chain, &asker, request)?;
    complete(&needs.gateway, &needs.providers, context, &asker, &ask).await
}

/// Answers a conversation of this asker through this gateway.
pub(crate) async fn complete(
    gateway: &Arc<AiGateway>,
    providers: &Providers<dyn ModelGateway>,
    context: &Context,
    asker: &Requester,
    ask: &GatewayRequest,
) -> Result<GatewayAnswer, Error> {
    let mut answer = gateway::complete(gateway, providers, context, asker, ask).await?;
    if ask.conversation.output_schema.is_some() {
        answer.text = unfenced(&answer.text).to_owned();
    }
    Ok(answer)
}

/// Streams a completion. One with a schema is constrained by the provider and not checked, because sent text can't be
/// taken back.
pub async fn stream_completion(
    needs: &Completions<dyn StreamingModelGateway>,
    context: &Context,
    authority: &Authority<CreateCompletions>,
    request: CompletionRequest,
) -> Result<Streamed, Error> {
    let asker = Requester::of(authority.caller());
    let ask = question(&needs.registry, &needs.chain, &asker, request)?;
    gateway::stream(&needs.gateway, &needs.providers, context, &asker, &ask).await
}

/// Checks a conversation of this requester and turns it into a request to the gateway.
pub(crate) fn question(
    registry: &Registry,
    chain: &Chain,
    asker: &Requester,
    request: CompletionRequest,
) -> Result<GatewayRequest, Error> {
    let sticky = asker.tenant.to_string();
    let chosen = chosen_chain(registry, chain, &request);
    let models = chosen.as_ref().map(|chain| chain.models(&sticky)).unwrap_or_default();
    let judged =
        request.output_schema.as_ref().map(|schema| schema_check(RESPONSE_SCHEMA, schema)).transpose();
    let judged = all_of(check_fields(&request, &models), judged)?;
    let chain = chosen.ok_or(Error::UnknownModel)?;
    let cache = cache_policy(&request);
    let user = request.user.as_deref().filter(|user| !user.trim().is_empty());
    let subject = user.map_or(SplitSubject::Requester, SplitSubject::EndUser);
    let subject = subject.hashed(asker, Feature::Completion);
    let needs = needed(&request.messages, &request.tools, request.output_schema.as_ref());
    let mut system = request.system;
    // The provider does not enforce a schema without content, so the model is told in words.
    if request.output_schema.as_ref().is_some_and(is_any_object) {
        let gap = if system.is_empty() { "" } else { "\n\n" };
        system = format!("{system}{gap}{ANY_OBJECT}");
    }
    let mut messages = request.messages;
    leave_out_foreign(&mut messages);
    let conversation = Conversation {
        system,
        messages: merged(messages),
        tools: only_allowed(request.tools, request.allowed_tools.as_deref()),
        reasoning_effort: request.reasoning_effort,
        output_schema: request.output_schema,
        max_output_tokens: request.max_tokens.unwrap_or(USUAL_OUTPUT_TOKENS),
        temperature: request.temperature,
        top_p: request.top_p,
        stop: request.stop,
    };
    let tool_check = tool_call_check(&conversation.tools)?;
    Ok(GatewayRequest {
        feature: Feature::Completion,
        chain,
        sticky,
        conversation,
        cache,
        check: judged,
        tool_check,
        needs,
        gives_cut: true,
        subject,
    })
}

/// Checks the fields of a conversation.
pub fn check_completion(
    registry: &Registry,
    chain: &Chain,
    tenant: OrganizationId,
    request: &CompletionRequest,
) -> Result<(), InvalidFields> {
    let chosen = chosen_chain(registry, chain, request);
    let models = chosen.as_ref().map(|chain| chain.models(&tenant.to_string())).unwrap_or_default();
    let schema = request
        .output_schema
        .as_ref()
        .map_or(Ok(()), |schema| schema_check(RESPONSE_SCHEMA, schema).map(drop));
    all_of(check_fields(request, &models), schema)
}

/// The chain of the named model, or the environment's chain; `None` for an unknown model.
fn chosen_chain(registry: &Registry, chain: &Chain, request: &CompletionRequest) -> Option<Chain> {
    match &request.model {
        None => Some(chain.clone()),
        Some(name) => {
            let model = registry.named(name).ok().filter(|model| model.usage == ModelUse::Chat);
            model.map(|model| Chain::of(&model))
        }
    }
}

/// A completion is cached only when the caller wants the same one each time: when chance plays no part, or when the
/// request names an age.
fn cache_policy(request: &CompletionRequest) -> CachePolicy {
    let CacheControl { no_cache, no_store, max_age } = request.cache;
    let repeatable = request.temperature == Some(0.0) || max_age.is_some();
    let read = repeatable && !no_cache;
    CachePolicy { read, store: read && !no_store, max_age, ttl: TTL }
}
