//! Texts that are embedded, and their vectors. `Debug` never shows a text or a vector.

use super::ModelError;
use std::fmt::{self, Debug, Formatter};
use std::time::Duration;

/// The purpose of texts that are embedded. Some models give documents and queries different vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InputType {
    /// The texts are documents, which queries look for.
    #[default]
    Document,
    /// The texts are queries, which look for documents.
    Query,
}

/// Texts to be embedded.
#[derive(Clone)]
pub struct EmbeddingCall {
    /// The model's identifier at its provider.
    pub model: String,
    /// The texts; none is empty.
    pub texts: Vec<String>,
    /// The number of dimensions of each vector; the model's default when absent.
    pub dimensions: Option<u32>,
    /// The purpose; ignored by models without this difference.
    pub input_type: InputType,
    /// The time that is left for the call.
    pub time_left: Duration,
}

/// Texts as vectors.
#[derive(Clone, PartialEq)]
pub struct Embeddings {
    /// One vector for each text, in the order of the texts.
    pub vectors: Vec<Vec<f32>>,
    /// Input tokens; `None` when the provider sent no counts for some of the texts.
    pub input_tokens: Option<u64>,
}

/// Some texts were not embedded. The existing vectors were paid for.
pub struct EmbeddingFailure {
    /// The cause.
    pub error: ModelError,
    /// One for each text, in the order of the texts; `None` for a missing vector.
    pub vectors: Vec<Option<Vec<f32>>>,
    /// Input tokens, also of texts whose vectors can't be used; `None` when the provider sent no counts for some of
    /// them.
    pub input_tokens: Option<u64>,
}

impl Embeddings {
    /// Joins the results of requests for parts of the texts, in the order of the texts: for each request the number of
    /// its texts and its outcome, `None` when it was not made.
    pub fn joined(
        parts: Vec<(usize, Option<Result<Self, EmbeddingFailure>>)>,
    ) -> Result<Self, EmbeddingFailure> {
        let (mut vectors, mut input_tokens, mut failed) = (Vec::new(), Some(0_u64), None);
        let plus =
            |sum: Option<u64>, part: Option<u64>| sum.zip(part).map(|(sum, part)| sum.saturating_add(part));
        for (texts, outcome) in parts {
            match outcome {
                Some(Ok(part)) => {
                    input_tokens = plus(input_tokens, part.input_tokens);
                    vectors.extend(part.vectors.into_iter().map(Some));
                }
                Some(Err(failure)) => {
                    input_tokens = plus(input_tokens, failure.input_tokens);
                    vectors.extend((0..texts).map(|_| None));
                    failed = failed.or(Some(failure.error));
                }
                None => vectors.extend((0..texts).map(|_| None)),
            }
        }
        match failed {
            Some(error) => Err(EmbeddingFailure { error, vectors, input_tokens }),
            None => Ok(Self { vectors: vectors.into_iter().flatten().collect(), input_tokens }),
        }
    }
}

impl From<ModelError> for EmbeddingFailure {
    /// Nothing was embedded.
    fn from(error: ModelError) -> Self {
        Self { error, vectors: Vec::new(), input_tokens: Some(0) }
    }
}

impl Debug for EmbeddingCall {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { model, texts, dimensions, input_type, time_left } = self;
        f.debug_struct("EmbeddingCall")
            .field("model", model)
            .field("texts", &texts.len())
            .field("dimensions", dimensions)
            .field("input_type", input_type)
            .field("time_left", time_left)
            .finish()
    }
}

impl Debug for Embeddings {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // A vector reveals the meaning of its text.
        let Self { vectors, input_tokens } = self;
        f.debug_struct("Embeddings")
            .field("vectors", &vectors.len())
            .field("input_tokens", input_tokens)
            .finish()
    }
}

impl Debug for EmbeddingFailure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { error, vectors, input_tokens } = self;
        f.debug_struct("EmbeddingFailure")
            .field("error", error)
            .field("vectors", &vectors.iter().flatten().count())
            .field("input_tokens", input_tokens)
            .finish()
    }
}
