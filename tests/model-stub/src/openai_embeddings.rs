//! The JSON of OpenAI's embeddings: the requests that this server understands, and the answers.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::embed::{Texts, Vectors};
use crate::failure::Failure;

/// The body of `POST /v1/embeddings`.
#[derive(Debug, Deserialize)]
pub(crate) struct EmbeddingRequest {
    pub(crate) model: String,
    input: Input,
    dimensions: Option<usize>,
    encoding_format: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Several(Vec<String>),
}

impl EmbeddingRequest {
    /// Reads and checks a request body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Failure> {
        let request: Self = serde_json::from_slice(body)
            .map_err(|error| Failure::validation(format!("The request body is not valid: {error}")))?;
        if request.encoding_format.as_deref().is_some_and(|format| format != "float") {
            return Err(Failure::validation("This server makes vectors of format float only."));
        }
        let texts = request.texts().texts;
        match !(1..=2048).contains(&texts.len()) || texts.iter().any(String::is_empty) {
            true => Err(Failure::validation("'input' takes 1 to 2048 texts, none empty.")),
            false => Ok(request),
        }
    }

    pub(crate) fn texts(&self) -> Texts {
        let texts = match &self.input {
            Input::One(text) => vec![text.clone()],
            Input::Several(texts) => texts.clone(),
        };
        Texts { texts, dimensions: self.dimensions, default_dimensions: 1536 }
    }

    /// The response body.
    pub(crate) fn answer(&self, answer: &Vectors) -> Value {
        let data: Vec<Value> = (0_usize..)
            .zip(&answer.vectors)
            .map(|(index, vector)| json!({ "object": "embedding", "index": index, "embedding": vector }))
            .collect();
        json!({
            "object": "list",
            "data": data,
            "model": self.model,
            "usage": { "prompt_tokens": answer.tokens, "total_tokens": answer.tokens },
        })
    }
}
