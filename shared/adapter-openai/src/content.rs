//! The parts of an answer that servers write in several forms: the text, and the arguments of calls.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The text of an answer, or the parts of it that Mistral's models write when they reason.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Content {
    Text(String),
    Parts(Vec<Part>),
}

/// A part. The thoughts are parts of other types, which are not passed on.
#[derive(Deserialize)]
pub(crate) struct Part {
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<String>,
}

impl Content {
    /// The text that is the answer.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => {
                let texts = parts.into_iter().filter(|part| part.kind.as_deref() == Some("text"));
                texts.filter_map(|part| part.text).collect()
            }
        }
    }
}

/// Reads arguments of a call, which are a text of JSON. Some servers write the JSON itself (ggml-org/llama.cpp#20198); it
/// stays as it is written.
pub(crate) fn arguments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(written) = Option::<Box<RawValue>>::deserialize(deserializer)? else { return Ok(None) };
    if written.get().starts_with('"') {
        serde_json::from_str(written.get()).map(Some).map_err(D::Error::custom)
    } else {
        Ok(Some(written.get().to_owned()))
    }
}
