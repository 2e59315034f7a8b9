//! The reasoning of a model before it answers. Its tokens are part of the completion's, and are paid like them.

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
