//! Vectors of texts by the model behind this server.

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Upstream;
use crate::embed::{Texts, Vectors};
use crate::failure::Failure;

/// The embedding model behind this server.
pub(crate) struct Embedder<'a> {
    pub(super) upstream: &'a Upstream,
    pub(super) model: &'a str,
}

#[derive(Deserialize)]
struct EmbeddingList {
    data: Vec<Embedding>,
    usage: EmbeddingUsage,
}

#[derive(Deserialize)]
struct Embedding {
    index: usize,
    embedding: Value,
}

#[derive(Deserialize)]
struct EmbeddingUsage {
    prompt_tokens: u64,
}

impl Embedder<'_> {
    pub(crate) async fn embed(&self, texts: &Texts) -> Result<Vectors, Failure> {
        let mut body = json!({ "model": self.model, "input": texts.texts });
        if let (Some(dimensions), Value::Object(fields)) = (texts.dimensions, &mut body) {
            fields.insert("dimensions".to_owned(), dimensions.into());
        }
        let response = self.upstream.send(Method::POST, "/v1/embeddings", Some(&body)).await?;
        let bytes = self.upstream.read(response.into_body()).await?;
        let mut list: EmbeddingList = serde_json::from_slice(&bytes)
            .map_err(|_| Failure::model_error("The model's answer is not a list of vectors."))?;
        list.data.sort_by_key(|entry| entry.index);
        if list.data.len() != texts.texts.len() {
            return Err(Failure::model_error("The model's answer has not one vector for each text."));
        }
        let vectors = list.data.into_iter().map(|entry| entry.embedding).collect();
        Ok(Vectors { vectors, tokens: list.usage.prompt_tokens })
    }
}
