//! Texts as vectors, within the same budgets and limits as answers. The cache is not asked: a vector is larger than the call
//! that makes it is dear.

use super::attempts::GiveUp;
use super::session::{Begun, Candidate, Opening, Session, look};
use super::{AiGateway, Providers};
use crate::ai::ask::{AnswerCost, AnswerHead, Asker};
use crate::ai::bound::most_tokens;
use crate::ai::chain::Chain;
use crate::ai::mask::Masking;
use crate::ai::registry::{Model, ModelUse};
use crate::ports::{EmbeddingCall, EmbeddingGateway, Embeddings, InputType, Usage};
use crate::{Context, Error};
use domain::ai::{Feature, Outcome};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Texts to be embedded.
pub struct EmbedTexts<'a> {
    /// By which model.
    pub model: &'a Model,
    /// The texts; none is empty.
    pub texts: Vec<String>,
    /// Numbers of each vector; the model's own when absent.
    pub dimensions: Option<u32>,
    /// What for.
    pub input_type: InputType,
}

/// Texts as vectors.
pub struct Embedded {
    /// What is known of the request.
    pub head: AnswerHead,
    /// One for each text, in their order.
    pub vectors: Vec<Vec<f32>>,
    /// What it used.
    pub cost: AnswerCost,
    /// Version of the prices.
    pub price_version: String,
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
    let opening = Opening {
        asker: asker.clone(),
        feature: Feature::Embedding,
        chain: Chain::of(embed.model),
        sticky: String::new(),
        output: 0,
        cache: None,
        seal: None,
    };
    let seen = look(gateway, context, opening).await?;
    let texts = if seen.terms.masks() { Masking::of_texts(&embed.texts) } else { embed.texts };
    let most: u64 = texts.iter().map(|text| most_tokens(text)).sum();
    let longest = texts.iter().map(String::len).max().unwrap_or_default();
    // Each text must fit alone, so the longest decides whether they do.
    let input = (most + texts.len() as u64 * 16, (longest / 8) as u64);
    let mut session = match seen.begin(input).await? {
        // Without a cache there are no hits.
        Begun::Hit(_) => return Err(Error::Contended),
        Begun::Open(session) => session,
    };
    let mut call = EmbeddingCall {
        model: embed.model.id.clone(),
        texts,
        dimensions: embed.dimensions,
        input_type: embed.input_type,
        time_left: Duration::ZERO,
    };
    let embedded = first_vectors(&mut session, providers, &mut call).await;
    match embedded {
        Ok((model, embeddings)) => {
            session.charge(&model, &Usage { input_tokens: embeddings.input_tokens, ..Usage::default() });
            let head = session.head(&model);
            session.settle(Some(&model), Outcome::Answered, None).await;
            Ok(Embedded {
                head,
                vectors: embeddings.vectors,
                cost: session.cost(),
                price_version: session.price_version().to_owned(),
            })
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
    call: &mut EmbeddingCall,
) -> Result<(Model, Embeddings), Error> {
    let mut round = session.round();
    while let Some((mut candidate, until)) = session.next_candidate(&mut round).await? {
        let Some(provider) = providers.get(candidate.model.provider) else { continue };
        match vectors(session, provider.as_ref(), &mut candidate, until, call).await {
            Ok(embeddings) => return Ok((candidate.model, embeddings)),
            Err(why) => round.give_up(why)?,
        }
    }
    Err(round.exhausted())
}

async fn vectors(
    session: &mut Session,
    provider: &dyn EmbeddingGateway,
    candidate: &mut Candidate,
    until: Instant,
    call: &mut EmbeddingCall,
) -> Result<Embeddings, GiveUp> {
    let mut tries = session.tries(&candidate.model, 0, 0, until);
    loop {
        call.time_left = session.before_call(&mut tries).await?;
        let result = provider.embed(call).await;
        if let Some(embeddings) = session.after_call(&tries, candidate, result).await? {
            return Ok(embeddings);
        }
    }
}
