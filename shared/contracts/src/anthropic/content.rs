//! The content of a turn in a request.

use serde::de::{Deserializer, Error, SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// A text, or blocks.
#[derive(Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum InputContent {
    /// A text.
    Text(String),
    /// Blocks in their order.
    Blocks(Vec<InputBlock>),
}

/// A block of a turn. Its members are kept as they are, because turns of a model have kinds of blocks that a mapping
/// does not know, and because the reader of a tagged type could not name the wrong member of a block.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct InputBlock {
    /// The kind: `text`, `image`, `document`, `tool_use`, `tool_result`, and in turns of a model `thinking`,
    /// `redacted_thinking` or another one.
    #[serde(rename = "type")]
    pub kind: String,
    /// All other members.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

/// Derived readers of untagged types do not say which block is wrong.
impl<'de> Deserialize<'de> for InputContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrBlocks)
    }
}

struct TextOrBlocks;

impl<'de> Visitor<'de> for TextOrBlocks {
    type Value = InputContent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of blocks")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<InputContent, E> {
        Ok(InputContent::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<InputContent, E> {
        Ok(InputContent::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, blocks: A) -> Result<InputContent, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(blocks)).map(InputContent::Blocks)
    }
}
