//! Whole completions: asked, checked, repaired once when unusable, and then left to the next model.

use super::admission::{AdmissionResult, admit};
use super::attempts::NoCompletionReason;
use super::bill::{AnswerLength, tokens_of};
use super::lookup::{ModelCandidate, look_up};
use super::model_call::{may_go_on, model_call, without_earlier_reasoning};
use super::parts::{AiGateway, Providers};
use super::question::{GatewayQuestion, InputBounds};
use super::repair::Repair;
use super::settlement::{CacheableAnswer, Session};
use crate::ask::{GatewayAnswer, GatewayRequest, Requester};
use crate::bound::{FileTokens, most_tokens_of_turn};
use crate::mask::Masking;
use crate::registry::Model;
use crate::signed_reasoning::for_caller;
use application_core::model_answer::AnswerCost;
use application_core::{Context, Error};
use domain::ai::{RequestOutcome, TokenCounts};
use ports::{ModelAnswer, ModelCall, ModelError, ModelGateway, ReasoningContent, StopReason};
use std::sync::Arc;
use std::time::Instant;

/// The reason why a request has no completion, and the cost all the same.
#[derive(Debug)]
pub struct Unanswered {
    /// The reason.
    pub error: Error,
    /// The usage of the attempts.
    pub cost: AnswerCost,
    /// The number of calls to providers.
    pub attempts: u32,
    /// The known part of the tenant's terms; none when the state was not read.
    pub terms: Option<KnownTerms>,
}

/// The part of a tenant's terms that a caller with a fallback needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTerms {
    /// Whether the chain ends in the rules engine.
    pub rules: bool,
    /// The version of the price table.
    pub price_version: String,
}

impl From<Error> for Unanswered {
    /// No model was asked.
    fn from(error: Error) -> Self {
        let cost = AnswerCost { tokens: TokenCounts::default(), nano_usd: 0 };
        Self { error, cost, attempts: 0, terms: None }
    }
}

/// Answers a request.
pub async fn complete(
    gateway: &Arc<AiGateway>,
    providers: &Providers<dyn ModelGateway>,
    context: &Context,
    asker: &Requester,
    ask: &GatewayRequest,
) -> Result<GatewayAnswer, Error> {
    answer(gateway, providers, context, asker, ask).await.map_err(|unanswered| unanswered.error)
}

/// Answers a request, and tells the cost also of a failure: for callers with a fallback.
pub async fn answer(
    gateway: &Arc<AiGateway>,
    providers: &Providers<dyn ModelGateway>,
    context: &Context,
    asker: &Requester,
    ask: &GatewayRequest,
) -> Result<GatewayAnswer, Unanswered> {
    let lookup = look_up(gateway, context, GatewayQuestion::of(gateway, asker, ask)).await?;
    let price_version = lookup.terms.price_version.clone();
    let terms = Some(KnownTerms { rules: lookup.terms.rules, price_version });
    let masked = lookup.terms.masks().then(|| Masking::of(ask));
    let (ask, masking) = masked.as_ref().map_or((ask, None), |(ask, masking)| (ask, Some(masking)));
    let input = InputBounds::of(&lookup.terms.models, ask);
    let mut session = match admit(lookup, input).await {
        Ok(AdmissionResult::FromCache(answer)) => return Ok(*answer),
        Ok(AdmissionResult::Reserved(reserved)) => Session::from(*reserved),
        Err(error) => return Err(Unanswered { terms, ..error.into() }),
    };
    let answered = first_answer(&mut session, providers, ask).await;
    match answered {
        Ok((model, mut answer)) => {
            let restored = |text: &str| masking.map_or_else(|| text.to_owned(), |it| it.restored(text));
            answer.reasoning = for_caller(model.reasoning_family(), &answer.reasoning, restored);
            if let Some(masking) = masking {
                answer.text = masking.restored(&answer.text);
                answer.tool_calls = masking.restored_calls(&answer.tool_calls);
            }
            let usage = answer.usage.unwrap_or_default();
            let tokens = tokens_of(&usage);
            let cacheable = CacheableAnswer::of(&answer, tokens);
            let head = session.head(&model);
            session.settle(Some(&model), RequestOutcome::Answered, cacheable).await;
            Ok(GatewayAnswer {
                head,
                reasoning: answer.reasoning,
                text: answer.text,
                tool_calls: answer.tool_calls,
                stop: answer.stop,
                tokens,
                reasoning_tokens: usage.reasoning_tokens,
                cost: session.bill.cost(),
                price_version: session.price_version().to_owned(),
            })
        }
        Err(error) => {
            session.settle(None, RequestOutcome::Failed, None).await;
            Err(Unanswered { error, cost: session.bill.cost(), attempts: session.attempts, terms })
        }
    }
}

/// The first usable completion of the chain.
async fn first_answer(
    session: &mut Session,
    providers: &Providers<dyn ModelGateway>,
    ask: &GatewayRequest,
) -> Result<(Model, ModelAnswer), Error> {
    let mut candidates = session.candidates();
    while let Some((mut candidate, until)) = session.next_candidate(&mut candidates).await? {
        let Some(provider) = providers.get(candidate.model.provider) else {
            candidates.record(NoCompletionReason::NotDeployed)?;
            continue;
        };
        match converse(session, provider.as_ref(), &mut candidate, until, ask).await {
            Ok(answer) => return Ok((candidate.model, answer)),
            Err(why) => candidates.record(why)?,
        }
    }
    Err(candidates.exhausted())
}

/// The completion of one model, repaired once.
async fn converse(
    session: &mut Session,
    provider: &dyn ModelGateway,
    candidate: &mut ModelCandidate,
    until: Instant,
    ask: &GatewayRequest,
) -> Result<ModelAnswer, NoCompletionReason> {
    let mut call = model_call(&session.gateway, &candidate.model, ask);
    let mut first = called(session, provider, candidate, until, &mut call, 0).await?;
    if first.stop == StopReason::Malformed {
        // Most models write a call well when they are asked again.
        first = called(session, provider, candidate, until, &mut call, 0).await?;
        if first.stop == StopReason::Malformed {
            return Err(NoCompletionReason::Unusable);
        }
    }
    let Some(wrong) = faults(&first, ask) else { return Ok(first) };
    refuse_filtered(&first)?;
    let Some(repair) = Repair::of(first, &wrong) else { return Err(NoCompletionReason::Unusable) };
    let extra = most_tokens_of_turn(&repair.answer.content, FileTokens::default())
        + most_tokens_of_turn(&repair.complaint.content, FileTokens::default());
    call.messages.extend([repair.answer, repair.complaint]);
    call.reasoning = call.reasoning.filter(|reasoning| may_go_on(reasoning, &call.messages));
    let second = called(session, provider, candidate, until, &mut call, extra).await?;
    refuse_filtered(&second)?;
    match faults(&second, ask) {
        None => Ok(second),
        Some(_) => {
            tracing::warn!(model = candidate.model.id, "a model's answer can't be used, not even repaired");
            Err(NoCompletionReason::Unusable)
        }
    }
}

async fn called(
    session: &mut Session,
    provider: &dyn ModelGateway,
    candidate: &mut ModelCandidate,
    until: Instant,
    call: &mut ModelCall,
    extra: u64,
) -> Result<ModelAnswer, NoCompletionReason> {
    let model = &candidate.model;
    let mut calls = session.calls(model, extra, session.longest_answer(model), until);
    loop {
        call.time_left = session.before_call(&mut calls).await?;
        let result = provider.converse(call).await;
        if matches!(result, Err(ModelError::Refused(_))) && without_earlier_reasoning(call) {
            continue;
        }
        if let Some(mut answer) = session.after_call(&calls, candidate, result).await? {
            let length = AnswerLength {
                input: session.input.most.saturating_add(extra),
                answer: length_of(&answer),
                longest: session.longest_answer(&candidate.model),
            };
            answer.usage = Some(session.bill.meter(&candidate.model, answer.usage, &length));
            if call.tools.one_at_a_time {
                answer.tool_calls.truncate(1);
            }
            return Ok(answer);
        }
    }
}

/// A completion that a guardrail or filter stopped is refused: neither a repair nor another model would give it.
fn refuse_filtered(answer: &ModelAnswer) -> Result<(), NoCompletionReason> {
    if answer.stop == StopReason::Filtered { Err(Error::ModelRefused.into()) } else { Ok(()) }
}

/// The bytes of a completion.
pub(super) fn length_of(answer: &ModelAnswer) -> usize {
    let calls = answer.tool_calls.iter().map(|call| call.name.len() + call.arguments.len());
    let reasoning = answer.reasoning.iter().map(|block| match block {
        ReasoningContent::Text { text, signature } => text.len() + signature.as_ref().map_or(0, String::len),
        ReasoningContent::Redacted(data) => data.len(),
    });
    reasoning.sum::<usize>() + answer.text.len() + calls.sum::<usize>()
}

/// The faults of a checked completion. A cut or filtered one always fails, even if it can be parsed. Where callers get
/// it as it is, the answer says why it ended, and another try would end in the same way.
pub(super) fn faults(answer: &ModelAnswer, ask: &GatewayRequest) -> Option<Vec<String>> {
    match answer.stop {
        StopReason::Malformed => Some(vec!["the call of a tool can't be read".to_owned()]),
        StopReason::MaxTokens | StopReason::Filtered if ask.gives_cut => None,
        _ if ask.check.is_none() && ask.tool_check.is_none() => None,
        StopReason::MaxTokens => Some(vec!["the answer was too long".to_owned()]),
        StopReason::Filtered => Some(vec!["the answer was not complete".to_owned()]),
        StopReason::Other if ask.check.is_some() => Some(vec!["the answer was not complete".to_owned()]),
        StopReason::EndTurn | StopReason::StopSequence | StopReason::ToolCalls | StopReason::Other => {
            let wrong_calls = ask.tool_check.as_ref().and_then(|check| check(&answer.tool_calls).err());
            let check = ask.check.as_ref().filter(|_| answer.tool_calls.is_empty());
            wrong_calls.or_else(|| check?(&answer.text).err())
        }
    }
}
