//! A whole answer: asked, judged, repaired once where it can't be used, and then left to the next model.

use super::attempts::GiveUp;
use super::session::{Begun, Candidate, Opening, Session, Usable, look, tokens};
use super::{AiGateway, Providers};
use crate::ai::ask::{AnswerCost, Answered, Ask, Asker, Conversation};
use crate::ai::bound::{fewest_input_tokens, most_input_tokens, most_tokens_of_turn};
use crate::ai::cache_key::cache_key;
use crate::ai::mask::Masking;
use crate::ai::registry::{Model, Provider};
use crate::ports::{Message, ModelAnswer, ModelCall, ModelGateway, Role, StopReason};
use crate::{Context, Error};
use domain::ai::{Outcome, Tokens};
use std::sync::Arc;
use std::time::Instant;

/// Why a question has no answer, and what was paid all the same.
#[derive(Debug)]
pub struct Unanswered {
    /// Why.
    pub error: Error,
    /// What the attempts used.
    pub cost: AnswerCost,
    /// Calls to providers.
    pub attempts: u32,
    /// What is known of the tenant's chain and prices; nothing when the state was not read.
    pub terms: Option<KnownTerms>,
}

/// What whoever has something else to fall back to must know of a tenant's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTerms {
    /// Whether the chain ends in the rules engine.
    pub rules: bool,
    /// Version of the prices.
    pub price_version: String,
}

impl From<Error> for Unanswered {
    /// Nothing was asked yet.
    fn from(error: Error) -> Self {
        let cost = AnswerCost { tokens: Tokens::default(), nano_usd: 0 };
        Self { error, cost, attempts: 0, terms: None }
    }
}

/// Answers a question.
pub async fn complete(
    gateway: &Arc<AiGateway>,
    providers: &Providers<dyn ModelGateway>,
    context: &Context,
    asker: &Asker,
    ask: &Ask,
) -> Result<Answered, Error> {
    answer(gateway, providers, context, asker, ask).await.map_err(|unanswered| unanswered.error)
}

/// Answers a question, and says also without an answer what was paid: for whoever has something else to fall back to.
pub async fn answer(
    gateway: &Arc<AiGateway>,
    providers: &Providers<dyn ModelGateway>,
    context: &Context,
    asker: &Asker,
    ask: &Ask,
) -> Result<Answered, Unanswered> {
    let seen = look(gateway, context, opening(gateway, asker, ask)).await?;
    let terms = Some(KnownTerms { rules: seen.terms.rules, price_version: seen.terms.price_version.clone() });
    let masked = seen.terms.masks().then(|| Masking::of(ask));
    let (ask, masking) = masked.as_ref().map_or((ask, None), |(ask, masking)| (ask, Some(masking)));
    let mut session = match seen.begin(input(ask)).await {
        Ok(Begun::Hit(answer)) => return Ok(*answer),
        Ok(Begun::Open(session)) => *session,
        Err(error) => return Err(Unanswered { terms, ..error.into() }),
    };
    let answered = first_answer(&mut session, providers, ask).await;
    match answered {
        Ok((model, mut answer)) => {
            if let Some(masking) = masking {
                answer.text = masking.restored(&answer.text);
            }
            let usage = tokens(&answer.usage.unwrap_or_default());
            let usable = Usable::of(&answer.text, answer.stop, usage);
            let head = session.head(&model);
            session.settle(Some(&model), Outcome::Answered, usable).await;
            Ok(Answered {
                head,
                text: answer.text,
                stop: answer.stop,
                tokens: usage,
                cost: session.cost(),
                price_version: session.price_version().to_owned(),
            })
        }
        Err(error) => {
            session.settle(None, Outcome::Failed, None).await;
            Err(Unanswered { error, cost: session.cost(), attempts: session.attempts, terms })
        }
    }
}

/// What a question opens its session with.
pub(super) fn opening(gateway: &AiGateway, asker: &Asker, ask: &Ask) -> Opening {
    let conversation = &ask.conversation;
    let uses_cache = ask.cache.read || ask.cache.store;
    let named = uses_cache.then(|| cache_key(asker.tenant, ask, gateway.guardrail.as_ref()));
    Opening {
        asker: asker.clone(),
        feature: ask.feature,
        chain: ask.chain.clone(),
        sticky: ask.sticky.clone(),
        output: u64::from(conversation.max_output_tokens),
        cache: named.map(|(key, _)| (key, ask.cache)),
        seal: named.map(|(_, seal)| seal),
    }
}

/// The most and the fewest tokens of a question.
pub(super) fn input(ask: &Ask) -> (u64, u64) {
    (most_input_tokens(&ask.conversation), fewest_input_tokens(&ask.conversation))
}

/// The first usable answer of the chain.
async fn first_answer(
    session: &mut Session,
    providers: &Providers<dyn ModelGateway>,
    ask: &Ask,
) -> Result<(Model, ModelAnswer), Error> {
    let mut round = session.round();
    while let Some((mut candidate, until)) = session.next_candidate(&mut round).await? {
        let Some(provider) = providers.get(candidate.model.provider) else {
            round.give_up(GiveUp::Missing)?;
            continue;
        };
        match converse(session, provider.as_ref(), &mut candidate, until, ask).await {
            Ok(answer) => return Ok((candidate.model, answer)),
            Err(why) => round.give_up(why)?,
        }
    }
    Err(round.exhausted())
}

/// One model's answer, repaired once.
async fn converse(
    session: &mut Session,
    provider: &dyn ModelGateway,
    candidate: &mut Candidate,
    until: Instant,
    ask: &Ask,
) -> Result<ModelAnswer, GiveUp> {
    let mut call = model_call(&session.gateway, &candidate.model, ask);
    let first = called(session, provider, candidate, until, &mut call, 0).await?;
    let Some(wrong) = faults(&first, ask) else { return Ok(first) };
    refuse_filtered(&first)?;
    // A turn without text is refused by every provider: there is nothing to repair.
    if first.text.trim().is_empty() {
        return Err(GiveUp::Unusable);
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
            Err(GiveUp::Unusable)
        }
    }
}

async fn called(
    session: &mut Session,
    provider: &dyn ModelGateway,
    candidate: &mut Candidate,
    until: Instant,
    call: &mut ModelCall,
    extra: u64,
) -> Result<ModelAnswer, GiveUp> {
    let model = &candidate.model;
    let mut tries = session.tries(model, extra, session.longest_answer(model), until);
    loop {
        call.time_left = session.before_call(&mut tries).await?;
        let result = provider.converse(call).await;
        if let Some(mut answer) = session.after_call(&tries, candidate, result).await? {
            let input = session.input.0.saturating_add(extra);
            let usage = session.meter(&candidate.model, answer.usage, input, answer.text.len());
            answer.usage = Some(usage);
            return Ok(answer);
        }
    }
}

/// What a guardrail or filter stopped is refused: neither a repair nor another model would say it.
fn refuse_filtered(answer: &ModelAnswer) -> Result<(), GiveUp> {
    if answer.stop == StopReason::Filtered { Err(Error::ModelRefused.into()) } else { Ok(()) }
}

/// What is wrong with an answer that is judged; a cut or filtered one is never right, even if it happens to parse, but
/// callers get it as it is: it says why it ended, and would only end so again.
fn faults(answer: &ModelAnswer, ask: &Ask) -> Option<Vec<String>> {
    let check = ask.check.as_ref()?;
    match answer.stop {
        StopReason::MaxTokens | StopReason::Filtered if ask.gives_cut => None,
        StopReason::EndTurn => check(&answer.text).err(),
        StopReason::MaxTokens => Some(vec!["the answer was too long".to_owned()]),
        StopReason::Filtered | StopReason::Other => Some(vec!["the answer was not complete".to_owned()]),
    }
}

/// The question in a provider's terms. Its time is set before each call.
pub(super) fn model_call(gateway: &AiGateway, model: &Model, ask: &Ask) -> ModelCall {
    let conversation = &ask.conversation;
    let (temperature, top_p) = samplers(model, conversation);
    let kept = model.prompt_cache_from_tokens;
    ModelCall {
        model: model.id.clone(),
        system: conversation.system.clone(),
        messages: conversation.messages.clone(),
        output_schema: conversation.output_schema.clone(),
        max_output_tokens: conversation.max_output_tokens.min(model.max_output_tokens),
        temperature,
        top_p,
        stop: conversation.stop.clone(),
        // Four bytes a token: instructions that are surely long enough; shorter ones a provider would refuse to keep.
        cache_instructions: kept.is_some_and(|least| conversation.system.len() as u64 / 4 >= least),
        // Only Bedrock has them, and the adapter of another provider refuses a call with one.
        guardrail: gateway.guardrail.clone().filter(|_| model.provider == Provider::Bedrock),
        time_left: std::time::Duration::ZERO,
    }
}

/// Temperature and `top_p` as the model takes them. Where it takes only one, the one that says what is so anyway is left out.
fn samplers(model: &Model, conversation: &Conversation) -> (Option<f32>, Option<f32>) {
    match (conversation.temperature, conversation.top_p) {
        (Some(temperature), Some(top_p)) if model.one_of_temperature_top_p => {
            if top_p >= 1.0 {
                (Some(temperature), None)
            } else {
                (None, Some(top_p))
            }
        }
        both => both,
    }
}
