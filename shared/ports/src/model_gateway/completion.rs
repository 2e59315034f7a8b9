//! The completion of a model, whole or streamed, with the tokens that it used. `Debug` never shows a text.

use super::{Bytes, ModelError, ReasoningContent, ToolCall};
use futures_util::stream::BoxStream;
use std::fmt::{self, Debug, Formatter};

/// Tokens that the provider reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input tokens at full price.
    pub input_tokens: u64,
    /// Output tokens, those of the reasoning among them.
    pub output_tokens: u64,
    /// Input tokens that were read from the provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Input tokens that were written to the provider's prompt cache.
    pub cache_write_tokens: u64,
    /// The output tokens of the reasoning before the completion; 0 where the provider does not count them apart.
    pub reasoning_tokens: u64,
}

/// The reason why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The completion is whole.
    EndTurn,
    /// The completion is whole: it reached a text that ends it.
    StopSequence,
    /// The completion is whole: the model waits for the results of its calls of tools.
    ToolCalls,
    /// The completion reached `max_output_tokens` and is cut.
    MaxTokens,
    /// A guardrail or content filter stopped it.
    Filtered,
    /// The model wrote a call of a tool that can't be read. It is a failure; the provider bills it.
    Malformed,
    /// The provider gave a reason that is not known, so the completion may be cut. Formats without a word for this say
    /// that it was too long, which is the only word for a cut completion that clients of all formats know.
    Other,
}

impl StopReason {
    const ALL: [Self; 7] = [
        Self::EndTurn,
        Self::StopSequence,
        Self::ToolCalls,
        Self::MaxTokens,
        Self::Filtered,
        Self::Malformed,
        Self::Other,
    ];

    /// The name in answers and in the cache.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EndTurn => "end_turn",
            Self::StopSequence => "stop_sequence",
            Self::ToolCalls => "tool_calls",
            Self::MaxTokens => "max_tokens",
            Self::Filtered => "filtered",
            Self::Malformed => "malformed",
            Self::Other => "other",
        }
    }

    /// Whether the model ended the completion itself, so that nothing of it is missing.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::EndTurn | Self::StopSequence | Self::ToolCalls)
    }

    /// The reason with this name; any other is `Other`.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name).unwrap_or(Self::Other)
    }
}

/// A model's completion.
#[derive(Clone)]
pub struct ModelAnswer {
    /// The reasoning before the text, where the provider shows it.
    pub reasoning: Vec<ReasoningContent>,
    /// The text; empty when the model only called tools.
    pub text: String,
    /// The calls of tools in their order.
    pub tool_calls: Vec<ToolCall>,
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
    /// More reasoning; never empty.
    Reasoning(String),
    /// The end of reasoning that can be read, with its signature. The reasoning may have no text.
    ReasoningSignature(String),
    /// Reasoning that the provider shows to nobody, whole and in base64.
    RedactedReasoning(String),
    /// A call of a tool begins. Its arguments follow before the next call or text.
    ToolCall {
        /// Names the call in its result.
        id: String,
        /// The name of the tool.
        name: String,
    },
    /// More of the JSON text of the last call's arguments; never empty.
    Arguments(String),
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
        let Self { reasoning, text, tool_calls, stop, usage } = self;
        f.debug_struct("ModelAnswer")
            .field("reasoning", reasoning)
            .field("text", &Bytes(text))
            .field("tool_calls", tool_calls)
            .field("stop", stop)
            .field("usage", usage)
            .finish()
    }
}

impl Debug for Delta {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(&Bytes(text)).finish(),
            Self::Reasoning(text) => f.debug_tuple("Reasoning").field(&Bytes(text)).finish(),
            Self::ReasoningSignature(text) => {
                f.debug_tuple("ReasoningSignature").field(&Bytes(text)).finish()
            }
            Self::RedactedReasoning(data) => f.debug_tuple("RedactedReasoning").field(&Bytes(data)).finish(),
            Self::ToolCall { .. } => f.write_str("ToolCall"),
            Self::Arguments(json) => f.debug_tuple("Arguments").field(&Bytes(json)).finish(),
            Self::End { stop, usage } => {
                f.debug_struct("End").field("stop", stop).field("usage", usage).finish()
            }
        }
    }
}
