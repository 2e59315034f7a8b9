//! Whole completions: asked, checked, repaired once when unusable, and then left to the next model.

use super::admission::{AdmissionResult, admit};
use super::attempts::NoCompletionReason;
use super::bill::{AnswerLength, tokens_of};
use super::lookup::{ModelCandidate, look_up};
use super::model_call::model_call;
use super::parts::{AiGateway, Providers};
use super::question::{GatewayQuestion, InputBounds};
use super::settlement::{CacheableAnswer, Session};
use crate::ask::{GatewayAnswer, GatewayRequest, Requester};
use crate::bound::most_tokens_of_turn;
use crate::mask::Masking;
use crate::registry::Model;
use application_core::model_answer::AnswerCost;
use application_core::{Context, Error};
use domain::ai::{RequestOutcome, TokenCounts};
use ports::{Message, ModelAnswer, ModelCall, ModelGateway, Role, StopReason};
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
    let mut session = match admit(lookup, InputBounds::of(ask)).await {
        Ok(AdmissionResult::FromCache(answer)) => return Ok(*answer),
        Ok(AdmissionResult::Reserved(reserved)) => Session::from(*reserved),
        Err(error) => return Err(Unanswered { terms, ..error.into() }),
    };
    let answered = first_answer(&mut session, providers, ask).await;
    match answered {
        Ok((model, mut answer)) => {
            if let Some(masking) = masking {
                answer.text = masking.restored(&answer.text);
            }
            let usage = tokens_of(&answer.usage.unwrap_or_default());
            let cacheable = CacheableAnswer::of(&answer.text, answer.stop, usage);
            let head = session.head(&model);
            session.settle(Some(&model), RequestOutcome::Answered, cacheable).await;
            Ok(GatewayAnswer {
                head,
                text: answer.text,
                stop: answer.stop,
                tokens: usage,
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
    let first = called(session, provider, candidate, until, &mut call, 0).await?;
    let Some(wrong) = faults(&first, ask) else { return Ok(first) };
    refuse_filtered(&first)?;
    // Every provider refuses a turn without text, so there is nothing to repair.
    if first.text.trim().is_empty() {
        return Err(NoCompletionReason::Unusable);
    }
    let complaint =
        format!("That answer can't be used: {}. Answer again, the answer only.", wrong.join("; "));
    let extra = most_tokens_of_turn(&first.text) + most_tokens_of_turn(&complaint);
    call.messages.push(Message { role: Role::Assistant, text: first.text });
    call.messages.push(Message { role: Role::User, text: complaint });
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
        if let Some(mut answer) = session.after_call(&calls, candidate, result).await? {
            let length = AnswerLength {
                input: session.input.most.saturating_add(extra),
                answer: answer.text.len(),
                longest: session.longest_answer(&candidate.model),
            };
            answer.usage = Some(session.bill.meter(&candidate.model, answer.usage, &length));
            return Ok(answer);
        }
    }
}

/// A completion that a guardrail or filter stopped is refused: neither a repair nor another model would give it.
fn refuse_filtered(answer: &ModelAnswer) -> Result<(), NoCompletionReason> {
    if answer.stop == StopReason::Filtered { Err(Error::ModelRefused.into()) } else { Ok(()) }
}

/// The faults of a checked completion. A cut or filtered one always fails, even if it can be parsed. Where callers get
/// it as it is, the answer says why it ended, and another try would end in the same way.
fn faults(answer: &ModelAnswer, ask: &GatewayRequest) -> Option<Vec<String>> {
    let check = ask.check.as_ref()?;
    match answer.stop {
        StopReason::MaxTokens | StopReason::Filtered if ask.gives_cut => None,
        StopReason::EndTurn => check(&answer.text).err(),
        StopReason::MaxTokens => Some(vec!["the answer was too long".to_owned()]),
        StopReason::Filtered | StopReason::Other => Some(vec!["the answer was not complete".to_owned()]),
    }
}
