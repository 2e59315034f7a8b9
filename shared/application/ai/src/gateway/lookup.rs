//! Reads everything that is needed before a decision: the cache, the budget, the prices and the breakers in one read,
//! at the same time as the rate limit.

use super::chained_fine_tunes::{chained_fine_tunes, look_up_chained};
use super::parts::{AiGateway, model_name};
use super::question::{GatewayQuestion, InputBounds, longest_answer};
use super::terms::OrganizationTerms;
use crate::abilities::missing;
use crate::ask::Requester;
use crate::cache_key::variant_key;
use crate::registry::{Model, ModelUse};
use crate::seal::Seal;
use application_core::limits::{AI_CALLS, AI_CALLS_OF_ORGANIZATION, Counted, take_both};
use application_core::{Context, Error};
use domain::Timestamp;
use domain::ai::TokenCounts;
use domain::id::FineTuneId;
use ports::{Breaker, CachedCompletion, LimitDecision, ModelName, ReasoningContent, RequestLookup, ToolCall};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A model that may be asked, and its breaker's state.
#[derive(Clone)]
pub(super) struct ModelCandidate {
    pub(super) model: Model,
    pub(super) breaker: Breaker,
    /// Whether all later models fail. It is set when this model's turn comes.
    pub(super) is_last: bool,
}

/// A completion in the cache's form, before it is sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct CachedAnswer {
    pub(super) reasoning: Vec<CachedReasoning>,
    pub(super) text: String,
    pub(super) tool_calls: Vec<CachedToolCall>,
    pub(super) stop: String,
    pub(super) tokens: TokenCounts,
    pub(super) reasoning_tokens: u64,
    pub(super) model: String,
    pub(super) provider: String,
    /// The [`OrganizationTerms::settings`] with which it was made.
    pub(super) settings: String,
}

/// Reasoning in the cache's form.
#[derive(Serialize, Deserialize)]
pub(super) enum CachedReasoning {
    Text { text: String, signature: Option<String> },
    Redacted(String),
}

impl From<&ReasoningContent> for CachedReasoning {
    fn from(reasoning: &ReasoningContent) -> Self {
        match reasoning.clone() {
            ReasoningContent::Text { text, signature } => Self::Text { text, signature },
            ReasoningContent::Redacted(data) => Self::Redacted(data),
        }
    }
}

impl From<CachedReasoning> for ReasoningContent {
    fn from(reasoning: CachedReasoning) -> Self {
        match reasoning {
            CachedReasoning::Text { text, signature } => Self::Text { text, signature },
            CachedReasoning::Redacted(data) => Self::Redacted(data),
        }
    }
}

/// A call of a tool in the cache's form.
#[derive(Serialize, Deserialize)]
pub(super) struct CachedToolCall {
    id: String,
    name: String,
    arguments: String,
}

impl From<&ToolCall> for CachedToolCall {
    fn from(ToolCall { id, name, arguments }: &ToolCall) -> Self {
        Self { id: id.clone(), name: name.clone(), arguments: arguments.clone() }
    }
}

impl From<CachedToolCall> for ToolCall {
    fn from(CachedToolCall { id, name, arguments }: CachedToolCall) -> Self {
        Self { id, name, arguments }
    }
}

impl CachedAnswer {
    /// The completion that this seal opens.
    pub(super) fn opened(seal: Option<Seal>, sealed: &str) -> Option<Self> {
        serde_json::from_str(&seal?.open(sealed)?).ok()
    }
}

/// The result of the look-up.
pub(super) struct RequestLookupResult {
    pub(super) gateway: Arc<AiGateway>,
    pub(super) context: Context,
    pub(super) question: GatewayQuestion,
    pub(super) started: Instant,
    pub(super) limit: LimitDecision,
    pub(super) terms: OrganizationTerms,
    /// Whether the cache was read.
    pub(super) reads_cache: bool,
    pub(super) cached: CachedCompletion,
    breakers: HashMap<String, Breaker>,
}

/// Reads everything that decides about the request.
pub(super) async fn look_up(
    gateway: &Arc<AiGateway>,
    context: &Context,
    mut question: GatewayQuestion,
) -> Result<RequestLookupResult, Error> {
    let started = Instant::now();
    let names: Vec<ModelName> = may_be_asked(gateway, &question).into_iter().map(model_name).collect();
    let reads = question.cache.filter(|(_, policy)| policy.read).map(|(key, _)| key);
    let named: Vec<FineTuneId> =
        question.chain.models(&question.sticky).into_iter().filter_map(Model::fine_tune).collect();
    let tenant = question.asker.tenant;
    let wanted = RequestLookup { tenant, cache: reads, models: &names, now: context.now, fine_tunes: &named };
    let counting = count_call(gateway, context, &question.asker);
    let (decision, found) = futures_util::future::join(counting, gateway.state.look_up(&wanted)).await;
    let limit = decision?;
    let found = found?;
    let mut breakers: HashMap<String, Breaker> =
        names.into_iter().map(|name| name.model).zip(found.breakers).collect();
    let mut fine_tunes = found.fine_tunes;
    let chained = chained_fine_tunes(gateway, found.budget.as_ref(), question.feature, &question.chain);
    if !chained.is_empty() {
        fine_tunes.extend(look_up_chained(gateway, context, tenant, &chained, &mut breakers).await?);
    }
    let registry = gateway.registry.with_fine_tunes(&fine_tunes);
    let terms = OrganizationTerms::new(gateway, &registry, &question, found.budget, found.prices);
    let mut cached = found.cached;
    // The sides of the organization's own split are cached apart: otherwise they would replace each other's completions
    // and wait for each other. The side is known only now, so this is one more read.
    if let Some((key, policy)) = question.cache.filter(|_| terms.splits_own_chain) {
        let key = variant_key(&key, &terms.models);
        question.cache = Some((key, policy));
        if reads.is_some() {
            cached = gateway.state.cached(&key, context.now).await?;
        }
    }
    Ok(RequestLookupResult {
        gateway: Arc::clone(gateway),
        context: context.clone(),
        question,
        started,
        limit,
        terms,
        reads_cache: reads.is_some(),
        cached,
        breakers,
    })
}

/// Counts a request to a model against the limits of its caller and of its organization.
pub(crate) async fn count_call(
    gateway: &AiGateway,
    context: &Context,
    asker: &Requester,
) -> Result<LimitDecision, Error> {
    let (name, organization) = (asker.name(), asker.tenant.to_string());
    let own = Counted { limit: AI_CALLS, who: &name };
    let above = Counted { limit: AI_CALLS_OF_ORGANIZATION, who: &organization };
    take_both(gateway.limiter.as_ref(), own, above, context.now).await
}

/// The models whose breakers are read. The models of the organization's own chain are known only afterwards, and a
/// second read would cost every such request its time.
fn may_be_asked<'a>(gateway: &'a AiGateway, question: &'a GatewayQuestion) -> Vec<&'a Model> {
    let mut models = question.chain.models(&question.sticky);
    if !question.chain.is_named() {
        let others = gateway.registry.models().iter().filter(|model| {
            model.usage == ModelUse::Chat
                && question.chain.models(&question.sticky).iter().all(|it| it.id != model.id)
        });
        models.extend(others);
    }
    models
}

impl RequestLookupResult {
    /// The models that may answer the request, with their breakers.
    pub(super) fn candidates(&self, input: InputBounds) -> Result<Vec<ModelCandidate>, Error> {
        let breaker = |model: &Model| self.breakers.get(&model.id).copied().unwrap_or(Breaker::Closed);
        let candidate = |model| ModelCandidate { breaker: breaker(&model), model, is_last: false };
        Ok(fitting_models(&self.question, &self.terms, input)?.into_iter().map(candidate).collect())
    }
}

/// The models that the organization may ask, that have the needed abilities and whose context the prompt fits.
pub(super) fn fitting_models(
    question: &GatewayQuestion,
    terms: &OrganizationTerms,
    input: InputBounds,
) -> Result<Vec<Model>, Error> {
    let allowed: Vec<&Model> = terms.models.iter().filter(|model| terms.limits.allows(&model.id)).collect();
    // A model that the organization may not ask does not exist for it.
    if allowed.is_empty() {
        // A chain that has no model at all is the fault of the service, not of a caller who named none.
        let service_has_none = terms.models.is_empty() && !question.chain.is_named();
        return Err(if service_has_none { Error::NoModel } else { Error::UnknownModel });
    }
    // Models of the organization's own chain are known only now, so they are judged here too.
    missing(&question.needs, &allowed)?;
    let able = allowed.into_iter().filter(|model| model.has_all(&question.needs));
    // Providers refuse a prompt that leaves no room for the longest completion that is asked for.
    let fits = |model: &&Model| {
        input.fewest.saturating_add(longest_answer(model, question.output)) <= model.context_tokens
    };
    let fitting: Vec<Model> = able.filter(fits).cloned().collect();
    if fitting.is_empty() { Err(Error::ContextLength) } else { Ok(fitting) }
}

/// How long a model may not be asked from now on; `None` when it may be asked or probed.
pub(super) fn open_for(breaker: Breaker, now: Timestamp) -> Option<Duration> {
    match breaker {
        Breaker::Open { until } if until > now => {
            let millis = until.millis().saturating_sub(now.millis());
            Some(Duration::from_millis(u64::try_from(millis).unwrap_or_default()))
        }
        Breaker::Open { .. } | Breaker::Failing { .. } | Breaker::HalfOpen | Breaker::Closed => None,
    }
}

pub(super) fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
