//! The answer to a request from a completion in the cache. No model is asked, so the request costs nothing.

use super::lookup::{CachedAnswer, RequestLookupResult, whole_millis};
use crate::ask::GatewayAnswer;
use application_core::Error;
use application_core::model_answer::{AnswerCost, AnswerHead};
use domain::ai::{AiRequestMetered, CacheUse, RequestOutcome, TokenCounts, UnmeteredUsage};
use domain::id::AiRequestId;
use ports::{ReasoningContent, StopReason, ToolCall};

/// A completion of the cache: recorded, at cost 0.
pub(super) async fn cached_answer(
    lookup: &RequestLookupResult,
    request_id: AiRequestId,
    answer: CachedAnswer,
) -> Result<GatewayAnswer, Error> {
    let (context, question) = (&lookup.context, &lookup.question);
    let elapsed = lookup.started.elapsed();
    let price_version = &lookup.terms.price_version;
    let metered = AiRequestMetered {
        request_id,
        account_id: question.asker.account,
        api_key_id: question.asker.api_key,
        feature: question.feature,
        model: answer.model.clone(),
        provider: answer.provider.clone(),
        tokens: TokenCounts::default(),
        cost_nano_usd: 0,
        other_models: Vec::new(),
        unmetered: UnmeteredUsage::default(),
        price_version: price_version.clone(),
        attempts: 0,
        latency_ms: whole_millis(elapsed),
        cache: CacheUse::Hit,
        outcome: RequestOutcome::Answered,
        variant: lookup.terms.variant.clone(),
    };
    let money = lookup.gateway.money();
    money.record(question.asker.tenant, &metered, context.now, &context.correlation_id).await?;
    Ok(GatewayAnswer {
        head: AnswerHead {
            request_id,
            model: answer.model,
            provider: answer.provider,
            cache: CacheUse::Hit,
            attempts: 0,
            limit: lookup.limit,
            overhead_ms: whole_millis(elapsed),
        },
        reasoning: answer.reasoning.into_iter().map(ReasoningContent::from).collect(),
        text: answer.text,
        tool_calls: answer.tool_calls.into_iter().map(ToolCall::from).collect(),
        stop: StopReason::from_name(&answer.stop),
        tokens: answer.tokens,
        reasoning_tokens: answer.reasoning_tokens,
        cost: AnswerCost { tokens: TokenCounts::default(), nano_usd: 0 },
        price_version: price_version.clone(),
    })
}
