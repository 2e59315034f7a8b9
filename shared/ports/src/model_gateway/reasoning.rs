//! The reasoning of a model before it answers. Its tokens are part of the completion's, and are paid like them. `Debug`
//! never shows it.

use super::Bytes;
use std::fmt::{self, Debug, Formatter};

/// How long a model may reason before it answers; models without reasoning ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningEffort {
    /// As little as the model can, or none.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl ReasoningEffort {
    /// The name in OpenAI's format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The reasoning of one call, in the way in which its model is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasoning {
    /// By a word.
    Effort(ReasoningEffort),
    /// At most this many tokens, fewer than the completion may have.
    Tokens(u32),
}

/// A part of the reasoning that a model wrote. Claude goes on with its reasoning between calls of tools only when it gets
/// these parts back, unchanged and in their order.
#[derive(Clone, PartialEq, Eq)]
pub enum ReasoningContent {
    /// Reasoning that can be read.
    Text {
        /// The text. It may be empty, because a model may show no text.
        text: String,
        /// The provider's proof that its model wrote this text; `None` where the model proves nothing, or was cut.
        signature: Option<String>,
    },
    /// Reasoning that the provider shows to nobody, in base64.
    Redacted(String),
}

impl Debug for ReasoningContent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text, signature } => f
                .debug_struct("Text")
                .field("text", &Bytes(text))
                .field("signed", &signature.is_some())
                .finish(),
            Self::Redacted(data) => f.debug_tuple("Redacted").field(&Bytes(data)).finish(),
        }
    }
}
