//! The completion of a model, whole or streamed, with the tokens that it used. `Debug` never shows a text.

use super::{Bytes, ModelError};
use futures_util::stream::BoxStream;
use std::fmt::{self, Debug, Formatter};

/// Tokens that the provider reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input tokens at full price.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Input tokens that were read from the provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Input tokens that were written to the provider's prompt cache.
    pub cache_write_tokens: u64,
}

/// The reason why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The completion is whole.
    EndTurn,
    /// The completion reached `max_output_tokens` and is cut.
    MaxTokens,
    /// A guardrail or content filter stopped it.
    Filtered,
    /// Any other reason.
    Other,
}

impl StopReason {
    const ALL: [Self; 4] = [Self::EndTurn, Self::MaxTokens, Self::Filtered, Self::Other];

    /// The name in answers and in the cache.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EndTurn => "end_turn",
            Self::MaxTokens => "max_tokens",
            Self::Filtered => "filtered",
            Self::Other => "other",
        }
    }

    /// The reason with this name; any other is `Other`.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name).unwrap_or(Self::Other)
    }
}

/// A model's completion.
#[derive(Clone)]
pub struct ModelAnswer {
    /// The text.
    pub text: String,
    /// The reason why it ended.
    pub stop: StopReason,
    /// The tokens that it used; `None` when the provider sent no counts.
    pub usage: Option<Usage>,
}

/// A part of a streamed completion.
#[derive(Clone, PartialEq, Eq)]
pub enum Delta {
    /// More text; never empty.
    Text(String),
    /// The completion is whole. Nothing follows.
    End {
        /// The reason why it ended.
        stop: StopReason,
        /// The tokens that it used; `None` when the provider sent no counts.
        usage: Option<Usage>,
    },
}

/// A streamed completion. It ends after [`Delta::End`] or the first error; a stream that ends without either was cut.
/// Dropping it ends the call.
pub type ModelStream = BoxStream<'static, Result<Delta, ModelError>>;

impl Debug for ModelAnswer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { text, stop, usage } = self;
        f.debug_struct("ModelAnswer")
            .field("text", &Bytes(text))
            .field("stop", stop)
            .field("usage", usage)
            .finish()
    }
}

impl Debug for Delta {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(&Bytes(text)).finish(),
            Self::End { stop, usage } => {
                f.debug_struct("End").field("stop", stop).field("usage", usage).finish()
            }
        }
    }
}
