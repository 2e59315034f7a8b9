//! The request for embeddings and its answer.

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
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
    /// The purpose of the texts; documents when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_type: Option<InputType>,
    /// Ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// All other fields; the mapping accepts or refuses them by name.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One or several texts.
#[derive(Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Input {
    /// One text.
    One(String),
    /// Several texts.
    Several(Vec<String>),
}

/// A derived reader of an untagged type could not say that token ids are the fault.
impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrSeveral)
    }
}

struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = Input;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Input, E> {
        Ok(Input::One(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Input, E> {
        Ok(Input::One(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Input, A::Error> {
        let mut texts = Vec::new();
        while let Some(Text(text)) = items.next_element()? {
            texts.push(text);
        }
        Ok(Input::Several(texts))
    }
}

/// A text of several. OpenAI also takes numbers of its own tokens, which no other model knows.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a string, because token ids are not supported (in LangChain: check_embedding_ctx_length=False)",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
        Ok(Text(text))
    }
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

/// The purpose of texts that are embedded. OpenAI's format has no such member; clients send it with the names of the
/// providers that have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// Queries, as Voyage and NVIDIA name them.
    Query,
    /// Queries, as Cohere names them.
    SearchQuery,
    /// Documents, as Voyage names them.
    Document,
    /// Documents, as NVIDIA names them.
    Passage,
    /// Documents, as Cohere names them.
    SearchDocument,
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
