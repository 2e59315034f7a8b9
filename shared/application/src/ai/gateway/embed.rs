//! Texts as vectors, within the same budgets and limits as answers. The cache is not asked: a vector is larger than the call
//! that makes it is dear.

use super::attempts::{GiveUp, Tries};
use super::session::{Begun, Candidate, Opening, Session, begin};
use super::{AiGateway, Providers};
use crate::ai::ask::{AnswerCost, AnswerHead, Asker};
use crate::ai::registry::{Model, ModelUse};
use crate::ports::{EmbeddingCall, EmbeddingGateway, Usage};
use crate::{Context, Error};
use domain::ai::{Feature, Outcome};
use std::sync::Arc;
use std::time::Instant;

/// Texts to be embedded.
pub struct EmbedTexts<'a> {
    /// By which model.
    pub model: &'a Model,
    /// The texts; none is empty.
    pub texts: Vec<String>,
    /// Numbers of each vector; the model's own when absent.
    pub dimensions: Option<u32>,
}

/// Texts as vectors.
pub struct Embedded {
    /// What is known of the request.
    pub head: AnswerHead,
    /// One for each text, in their order.
    pub vectors: Vec<Vec<f32>>,
    /// What it used.
    pub cost: AnswerCost,
}

/// Embeds texts: all of them, or none.
pub async fn embed(
    gateway: &Arc<AiGateway>,
    providers: &Providers<dyn EmbeddingGateway>,
    context: &Context,
    asker: &Asker,
    embed: EmbedTexts<'_>,
) -> Result<Embedded, Error> {
    if embed.model.usage != ModelUse::Embeddings {
        return Err(Error::UnknownModel);
    }
    let bytes: usize = embed.texts.iter().map(String::len).sum();
    let longest = embed.texts.iter().map(String::len).max().unwrap_or_default();
    let opening = Opening {
        asker: asker.clone(),
        feature: Feature::Embedding,
        models: vec![embed.model.clone()],
        // A token has at least a byte. Each text must fit alone, so the longest decides whether they do.
        input: ((bytes + embed.texts.len() * 16) as u64, (longest / 8) as u64),
        output: 0,
        cache: None,
        seal: None,
    };
    let mut session = match begin(gateway, context, opening).await? {
        // Without a cache there are no hits.
        Begun::Hit(_) => return Err(Error::Contended),
        Begun::Open(session) => session,
    };
    let mut vectors = vec![None; embed.texts.len()];
    let embedded = first_vectors(&mut session, providers, &embed, &mut vectors).await;
    match embedded {
        Ok(model) => {
            let head = session.head(&model);
            session.settle(Some(&model), Outcome::Answered, None).await;
            Ok(Embedded { head, vectors: vectors.into_iter().flatten().collect(), cost: session.cost() })
        }
        Err(error) => {
            session.settle(None, Outcome::Failed, None).await;
            Err(error)
        }
    }
}

async fn first_vectors(
    session: &mut Session,
    providers: &Providers<dyn EmbeddingGateway>,
    embed: &EmbedTexts<'_>,
    found: &mut [Option<Vec<f32>>],
) -> Result<Model, Error> {
    let mut round = session.round();
    while let Some((mut candidate, until)) = session.next_candidate(&mut round).await? {
        let Some(provider) = providers.get(candidate.model.provider) else {
            round.give_up(GiveUp::Missing)?;
            continue;
        };
        match vectors(session, provider.as_ref(), &mut candidate, until, embed, found).await {
            Ok(()) => return Ok(candidate.model),
            Err(why) => round.give_up(why)?,
        }
    }
    Err(round.exhausted())
}

/// Finds the vectors. What a call that fails gave is kept and paid for, and the next one is for the other texts only.
async fn vectors(
    session: &mut Session,
    provider: &dyn EmbeddingGateway,
    candidate: &mut Candidate,
    until: Instant,
    embed: &EmbedTexts<'_>,
    found: &mut [Option<Vec<f32>>],
) -> Result<(), GiveUp> {
    let mut tries = Tries::new(session.bound_of(&candidate.model, 0), until);
    loop {
        let time_left = session.before_call(&mut tries).await?;
        let missing = embed.texts.iter().zip(found.iter()).filter(|(_, vector)| vector.is_none());
        let call = EmbeddingCall {
            model: candidate.model.id.clone(),
            texts: missing.map(|(text, _)| text.clone()).collect(),
            dimensions: embed.dimensions,
            time_left,
        };
        let (vectors, input_tokens, result) = match provider.embed(&call).await {
            Ok(all) => (all.vectors.into_iter().map(Some).collect(), all.input_tokens, Ok(())),
            Err(failure) => (failure.vectors, failure.input_tokens, Err(failure.error)),
        };
        found.iter_mut().filter(|vector| vector.is_none()).zip(vectors).for_each(|(place, vector)| {
            *place = vector;
        });
        session.charge(&candidate.model, &Usage { input_tokens, ..Usage::default() });
        if session.after_call(&tries, candidate, result).await?.is_some() {
            return Ok(());
        }
    }
}
