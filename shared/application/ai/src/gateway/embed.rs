//! Turns texts into vectors, within the same budgets and limits as completions. The cache is not used, because storing
//! a vector costs more than making it.

use super::admission::{AdmissionResult, admit};
use super::attempts::NoCompletionReason;
use super::bill::AnswerLength;
use super::lookup::{ModelCandidate, look_up};
use super::parts::{AiGateway, Providers};
use super::question::{GatewayQuestion, InputBounds};
use super::settlement::Session;
use crate::ask::Requester;
use crate::bound::most_tokens;
use crate::mask::Masking;
use crate::registry::{Model, ModelUse};
use application_core::model_answer::{AnswerCost, AnswerHead};
use application_core::{Context, Error};
use domain::ai::RequestOutcome;
use ports::{EmbeddingCall, EmbeddingGateway, InputType, Usage};
use std::sync::Arc;
use std::time::Instant;

/// Texts to be embedded.
pub struct EmbedTexts<'a> {
    /// The model.
    pub model: &'a Model,
    /// The texts; none is empty.
    pub texts: Vec<String>,
    /// The number of dimensions of each vector; the model's default when absent.
    pub dimensions: Option<u32>,
    /// The purpose of the texts.
    pub input_type: InputType,
}

/// Texts as vectors.
pub struct Embedded {
    /// The facts about the request.
    pub head: AnswerHead,
    /// One for each text, in the order of the texts.
    pub vectors: Vec<Vec<f32>>,
    /// The usage of the request.
    pub cost: AnswerCost,
    /// The version of the price table.
    pub price_version: String,
}

/// Embeds texts: all of them, or none.
pub async fn embed(
    gateway: &Arc<AiGateway>,
    providers: &Providers<dyn EmbeddingGateway>,
    context: &Context,
    asker: &Requester,
    embed: EmbedTexts<'_>,
) -> Result<Embedded, Error> {
    if embed.model.usage != ModelUse::Embeddings {
        return Err(Error::UnknownModel);
    }
    let lookup = look_up(gateway, context, GatewayQuestion::of_texts(asker, embed.model)).await?;
    let texts = if lookup.terms.masks() { Masking::of_texts(&embed.texts) } else { embed.texts };
    let embed = EmbedTexts { texts, ..embed };
    let longest = embed.texts.iter().map(String::len).max().unwrap_or_default();
    // Each text must fit alone, so the longest decides whether they do.
    let input = InputBounds { most: most(&embed.texts), fewest: (longest / 8) as u64 };
    let mut session = match admit(lookup, input).await? {
        // The cache was not read.
        AdmissionResult::FromCache(_) => return Err(Error::Conflict),
        AdmissionResult::Reserved(reserved) => Session::from(*reserved),
    };
    let mut vectors = vec![None; embed.texts.len()];
    let embedded = first_vectors(&mut session, providers, &embed, &mut vectors).await;
    match embedded {
        Ok(model) => {
            let head = session.head(&model);
            session.settle(Some(&model), RequestOutcome::Answered, None).await;
            Ok(Embedded {
                head,
                vectors: vectors.into_iter().flatten().collect(),
                cost: session.bill.cost(),
                price_version: session.price_version().to_owned(),
            })
        }
        Err(error) => {
            session.settle(None, RequestOutcome::Failed, None).await;
            Err(error)
        }
    }
}

/// The most tokens of texts: some models frame each text.
fn most<'a>(texts: impl IntoIterator<Item = &'a String>) -> u64 {
    texts.into_iter().map(|text| most_tokens(text) + 16).sum()
}

async fn first_vectors(
    session: &mut Session,
    providers: &Providers<dyn EmbeddingGateway>,
    embed: &EmbedTexts<'_>,
    found: &mut [Option<Vec<f32>>],
) -> Result<Model, Error> {
    let mut candidates = session.candidates();
    while let Some((mut candidate, until)) = session.next_candidate(&mut candidates).await? {
        let Some(provider) = providers.get(candidate.model.provider) else {
            candidates.record(NoCompletionReason::NotDeployed)?;
            continue;
        };
        match vectors(session, provider.as_ref(), &mut candidate, until, embed, found).await {
            Ok(()) => return Ok(candidate.model),
            Err(why) => candidates.record(why)?,
        }
    }
    Err(candidates.exhausted())
}

/// Makes the vectors. The vectors of a call that fails are kept and paid for, and the next call is for the other texts
/// only.
async fn vectors(
    session: &mut Session,
    provider: &dyn EmbeddingGateway,
    candidate: &mut ModelCandidate,
    until: Instant,
    embed: &EmbedTexts<'_>,
    found: &mut [Option<Vec<f32>>],
) -> Result<(), NoCompletionReason> {
    let mut calls = session.calls(&candidate.model, 0, 0, until);
    loop {
        let time_left = session.before_call(&mut calls).await?;
        let call = EmbeddingCall {
            model: candidate.model.id.clone(),
            texts: missing(embed, found).cloned().collect(),
            dimensions: embed.dimensions,
            input_type: embed.input_type,
            time_left,
        };
        let (vectors, input_tokens, result) = match provider.embed(&call).await {
            Ok(all) => (all.vectors.into_iter().map(Some).collect(), all.input_tokens, Ok(())),
            Err(failure) => (failure.vectors, failure.input_tokens, Err(failure.error)),
        };
        let asked = most(missing(embed, found));
        found.iter_mut().filter(|vector| vector.is_none()).zip(vectors).for_each(|(place, vector)| {
            *place = vector;
        });
        let rest = most(missing(embed, found));
        let usage = input_tokens.map(|input_tokens| Usage { input_tokens, ..Usage::default() });
        let length = AnswerLength { input: asked.saturating_sub(rest), answer: 0, longest: 0 };
        session.bill.meter(&candidate.model, usage, &length);
        // Only missing vectors may be billed without counts, and are asked for again.

        calls.narrow(rest, candidate.model.most(rest, 0));
        if session.after_call(&calls, candidate, result).await?.is_some() {
            return Ok(());
        }
    }
}

/// The texts without a vector.
fn missing<'a>(embed: &'a EmbedTexts<'_>, found: &'a [Option<Vec<f32>>]) -> impl Iterator<Item = &'a String> {
    embed.texts.iter().zip(found).filter(|(_, vector)| vector.is_none()).map(|(text, _)| text)
}
