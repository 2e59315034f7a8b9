//! The request for embeddings and its answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Body of `POST /v1/embeddings`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingRequest {
    /// The name of the model.
    pub model: String,
    /// One or several texts. Token ids are not accepted, because they have a meaning for one model only.
    pub input: Input,
    /// The number of dimensions of each vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// The form of the vectors: `float` or `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_format: Option<EncodingFormat>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// All other fields; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One or several texts.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// One text.
    One(String),
    /// Several texts.
    Several(Vec<String>),
}

/// The form of vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncodingFormat {
    /// As numbers.
    Float,
    /// As little-endian 32-bit floats in base64, which OpenAI's clients ask for.
    Base64,
}

/// Answer 200 to `POST /v1/embeddings`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingList {
    /// Always `list`.
    pub object: String,
    /// One for each text.
    pub data: Vec<Embedding>,
    /// The model that answered.
    pub model: String,
    /// The tokens that were used.
    pub usage: EmbeddingUsage,
}

/// A vector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    /// Always `embedding`.
    pub object: String,
    /// The position of its text, from 0.
    pub index: u32,
    /// The numbers of the vector.
    pub embedding: Vector,
}

/// A vector, in the requested form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Vector {
    /// Numbers, each in its shortest form.
    Numbers(Vec<f32>),
    /// Little-endian 32-bit floats in base64.
    Base64(String),
}

/// Tokens of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingUsage {
    /// Tokens of the texts.
    pub prompt_tokens: u64,
    /// The same number.
    pub total_tokens: u64,
}

impl fmt::Debug for EmbeddingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddingRequest").field("model", &self.model).finish_non_exhaustive()
    }
}
