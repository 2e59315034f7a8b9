//! The way to language models. A gateway answers one call to one model; budgets, caches, breakers and further providers
//! are gateways around gateways, so everything they need to decide is part of the call.

use super::{BoxFuture, Source};
use domain::id::{AccountId, OrganizationId};
use serde_json::Value;
use std::time::Duration;

/// What the call is for; chains, budgets and prices are per feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Lead scoring.
    LeadScoring,
}

impl Feature {
    /// The name in records and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeadScoring => "lead_scoring",
        }
    }
}

/// Who speaks in a conversation with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// We.
    User,
    /// The model.
    Assistant,
}

/// One turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who.
    pub role: Role,
    /// What.
    pub text: String,
}

/// One call to one model.
#[derive(Debug, Clone)]
pub struct ModelCall {
    /// Unique for the request; retries keep it, so that its cost is settled once.
    pub request_id: String,
    /// Who pays.
    pub tenant: OrganizationId,
    /// Who asks.
    pub account: AccountId,
    /// What for.
    pub feature: Feature,
    /// The model's identifier at its provider.
    pub model: String,
    /// Instructions. Never holds tenant data.
    pub system: String,
    /// The conversation, beginning with a user's turn.
    pub messages: Vec<Message>,
    /// JSON Schema the answer must match; the provider may use it to constrain the model, the caller checks it anyway.
    pub output_schema: Option<Value>,
    /// Upper bound of the answer, in tokens.
    pub max_output_tokens: u32,
    /// 0.0 to 1.0.
    pub temperature: f32,
    /// Time left for the answer.
    pub time_left: Duration,
}

/// Tokens metered by the provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Read at full price.
    pub input_tokens: u64,
    /// Written.
    pub output_tokens: u64,
    /// Read from the provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Written to the provider's prompt cache.
    pub cache_write_tokens: u64,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// It was done.
    EndTurn,
    /// It ran into `max_output_tokens`: the answer is cut.
    MaxTokens,
    /// A guardrail or content filter stepped in.
    Filtered,
    /// Anything else.
    Other,
}

/// A model's answer.
#[derive(Debug, Clone)]
pub struct ModelAnswer {
    /// The text.
    pub text: String,
    /// Why it ended.
    pub stop: StopReason,
    /// What it used.
    pub usage: Usage,
}

/// A model gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The provider is throttling us (429).
    #[error("the provider is throttling")]
    Throttled {
        /// When it wants to hear from us again.
        retry_after: Option<Duration>,
    },
    /// The provider failed (5xx, connection).
    #[error("the provider failed")]
    Unavailable(#[source] Source),
    /// No answer within the time left.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// The conversation is longer than the model's context.
    #[error("the conversation is too long for the model")]
    ContextLength,
    /// The model does not exist or we have no access to it.
    #[error("the model is not available")]
    NoSuchModel,
    /// The provider refuses the request as it is; asking again is useless.
    #[error("the provider refuses the request")]
    Refused(#[source] Source),
}

impl ModelError {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Throttled { .. } | Self::Unavailable(_) | Self::TimedOut)
    }
}

/// Answers calls to models.
pub trait ModelGateway: Send + Sync {
    /// One call, one attempt: no hidden retries.
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>>;
}
