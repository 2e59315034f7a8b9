//! The failures of a call to a model, with their cause and whether they may be billed.

use crate::Source;
use std::time::Duration;

/// A model gave no completion.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The provider throttles (429).
    #[error("the provider is throttling")]
    Throttled {
        /// The pause that the provider asks for.
        retry_after: Option<Duration>,
    },
    /// The provider reported a failure (5xx), or could not be connected to: it bills no completion.
    #[error("the provider failed")]
    Unavailable(#[source] Source),
    /// The provider failed (5xx) and named the time after which it can be asked again.
    #[error("the provider failed and asked for a pause")]
    Resting {
        /// The pause.
        retry_after: Duration,
        /// The cause.
        source: Source,
    },
    /// The request was sent, and its answer is lost or can't be read. The call may be billed.
    #[error("the provider's answer was lost")]
    Lost(#[source] Source),
    /// No answer within `time_left`. The model's work until then may be billed.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// The provider gave up waiting for the model (408, 504). The model's work until then may be billed.
    #[error("the provider timed out")]
    ProviderTimedOut,
    /// The conversation is longer than the model's context, or larger than the account may send at once.
    #[error("the conversation is too long for the model")]
    ContextLength,
    /// The account can't use the model: it does not exist, or access, a subscription or credit is missing.
    #[error("the model is not available")]
    NoSuchModel,
    /// The provider refuses the request; repeating it is useless.
    #[error("the provider refuses the request")]
    Refused(#[source] Source),
    /// The model's output has a form that its provider can't pass on, for example a malformed tool call. The prompt
    /// causes it. Another try or another model may succeed. The provider sends an error in place of the completion and
    /// does not bill it.
    #[error("the model's answer was malformed")]
    MalformedAnswer(#[source] Source),
}

/// The cause of a failed call. Breakers are shared by all organizations, so only failures of the provider may open one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCause {
    /// The provider or its model failed. Counts in the breaker.
    Provider,
    /// The time for the call was over. Long prompts and long completions cause this too, so it counts only when the
    /// model had as much time as a healthy model needs.
    Time,
    /// The account's quota is used up. A `Retry-After` applies to all functions; nothing else counts.
    Quota,
    /// The account can't use the model. It never counts: an operator must change something.
    Configuration,
    /// The prompt. It never counts: one caller must not close a model to others.
    Request,
}

impl FailureCause {
    /// The name in log lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Time => "time",
            Self::Quota => "quota",
            Self::Configuration => "configuration",
            Self::Request => "request",
        }
    }
}

impl ModelError {
    /// The cause of the failure.
    pub fn cause(&self) -> FailureCause {
        match self {
            Self::Unavailable(_) | Self::Resting { .. } | Self::Lost(_) => FailureCause::Provider,
            Self::TimedOut | Self::ProviderTimedOut => FailureCause::Time,
            Self::Throttled { .. } => FailureCause::Quota,
            Self::NoSuchModel => FailureCause::Configuration,
            Self::ContextLength | Self::Refused(_) | Self::MalformedAnswer(_) => FailureCause::Request,
        }
    }

    /// Whether the call may be billed although its token counts are unknown.
    pub fn may_be_billed(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::TimedOut | Self::ProviderTimedOut)
    }
}
