//! Turns texts into vectors. An answer without token counts is still an answer; the gateway estimates its cost.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};
use ports::{EmbeddingCall, EmbeddingFailure, Embeddings, ModelError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout_at};

use crate::endpoint::Endpoint;
use crate::failure::{ProviderFailure, refused, unavailable};

/// The most texts that OpenAI accepts in one request.
const MAX_TEXTS: usize = 2_048;

/// The most tokens that OpenAI accepts in one request. A text has at most as many tokens as bytes.
const MAX_TOKENS: usize = 300_000;

/// Requests of one call that run at the same time.
const CONCURRENT: usize = 4;

#[derive(Deserialize)]
struct List {
    data: Vec<Entry>,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Entry {
    /// Its text's place. A server that sends none answers in the order of the texts.
    index: Option<usize>,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<u64>,
}

/// Embeds texts. `input_type` is the server's name for their purpose, for a server that takes it.
pub(crate) async fn embed(
    endpoint: &Endpoint,
    call: &EmbeddingCall,
    input_type: Option<&str>,
) -> Result<Embeddings, EmbeddingFailure> {
    let deadline = Instant::now() + call.time_left;
    let failed = AtomicBool::new(false);
    let part = async |texts: &[String]| {
        if failed.load(Ordering::Relaxed) {
            return (texts.len(), None);
        }
        let outcome = timeout_at(deadline, request(endpoint, call, input_type, texts)).await;
        let outcome = outcome.unwrap_or(Err(ModelError::TimedOut.into()));
        failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
        (texts.len(), Some(outcome))
    };
    let requests: Vec<_> = batches(&call.texts).into_iter().map(part).collect();
    Embeddings::joined(stream::iter(requests).buffered(CONCURRENT).collect().await)
}

/// The texts in their order, in batches that each fit into one request.
fn batches(texts: &[String]) -> Vec<&[String]> {
    let mut batches = Vec::new();
    let mut rest = texts;
    while !rest.is_empty() {
        let mut bytes = 0_usize;
        let fits = rest.iter().take(MAX_TEXTS).take_while(|text| {
            bytes = bytes.saturating_add(text.len());
            bytes <= MAX_TOKENS
        });
        // A single text that is too long is sent alone, and the server refuses it.
        let (batch, later) = rest.split_at(fits.count().max(1));
        batches.push(batch);
        rest = later;
    }
    batches
}

async fn request(
    endpoint: &Endpoint,
    call: &EmbeddingCall,
    input_type: Option<&str>,
    texts: &[String],
) -> Result<Embeddings, EmbeddingFailure> {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(call.model));
    body.insert("input".to_owned(), json!(texts));
    body.insert("encoding_format".to_owned(), json!("float"));
    if let Some(dimensions) = call.dimensions {
        body.insert("dimensions".to_owned(), json!(dimensions));
    }
    if let Some(input_type) = input_type {
        body.insert("input_type".to_owned(), json!(input_type));
    }
    let incomplete = |what| unavailable(ProviderFailure::Incomplete(what));
    let answer = endpoint.ask("/embeddings", &Value::Object(body)).await?;
    // serde's errors quote the text that they could not read.
    let mut list: List = serde_json::from_slice(&answer).map_err(|_| incomplete("readable vectors"))?;
    let input_tokens = list.usage.and_then(|counts| counts.prompt_tokens).filter(|tokens| *tokens > 0);
    let numbered = list.data.iter().any(|entry| entry.index.is_some());
    list.data.sort_by_key(|entry| entry.index);
    let places = list.data.iter().map(|entry| entry.index);
    let in_order =
        if numbered { places.eq((0..texts.len()).map(Some)) } else { list.data.len() == texts.len() };
    if !in_order || list.data.iter().any(|entry| entry.embedding.is_empty()) {
        return Err(incomplete("vector for each text").into());
    }
    let fits = |entry: &Entry, wanted| u32::try_from(entry.embedding.len()) == Ok(wanted);
    if call.dimensions.is_some_and(|wanted| list.data.iter().any(|entry| !fits(entry, wanted))) {
        // The server ignores the requested number of dimensions. The caller chose it, and the vectors were paid for.
        let error = refused(ProviderFailure::Incomplete("vectors of the dimensions that were asked for"));
        return Err(EmbeddingFailure { input_tokens, ..error.into() });
    }
    Ok(Embeddings { vectors: list.data.into_iter().map(|entry| entry.embedding).collect(), input_tokens })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_the_order_and_the_limits() {
        let sizes = |texts: &[String]| batches(texts).into_iter().map(<[String]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(&[]), [0_usize; 0]);
        assert_eq!(sizes(&vec!["a".to_owned(); 5_000]), [2_048, 2_048, 904]);
        let long = "a".repeat(200_000);
        assert_eq!(sizes(&[long.clone(), "b".to_owned(), long.clone(), long]), [2, 1, 1]);
        assert_eq!(sizes(&["a".repeat(MAX_TOKENS + 1), "b".to_owned()]), [1, 1]);
    }
}
