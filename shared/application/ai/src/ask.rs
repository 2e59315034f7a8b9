//! Requests to the gateway, and its answers.

use super::abilities::NeededAbility;
use super::chain::Chain;
use application_core::model_answer::{AnswerCost, AnswerHead};
use domain::ai::{Feature, TokenCounts};
use domain::authority::{Caller, Credential};
use domain::id::{AccountId, ApiKeyId, OrganizationId};
use ports::{Message, ReasoningContent, ReasoningEffort, StopReason, ToolCall, ToolSet};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The caller who asks and pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requester {
    /// The tenant.
    pub tenant: OrganizationId,
    /// The account; for an API key, the account that created it.
    pub account: AccountId,
    /// The API key.
    pub api_key: Option<ApiKeyId>,
}

impl Requester {
    /// The asker of a caller's request.
    pub fn of(caller: &Caller) -> Self {
        let api_key = match &caller.credential {
            Credential::ApiKey { id, .. } => Some(*id),
            Credential::Session { .. } => None,
        };
        Self { tenant: caller.tenant, account: caller.account, api_key }
    }

    /// The name under which requests are counted: the key's, otherwise the account's.
    pub fn name(&self) -> String {
        match &self.api_key {
            Some(key) => key.to_string(),
            None => self.account.to_string(),
        }
    }
}

/// The prompt. All of it shapes the completion, so all of it is part of the cache key.
#[derive(Clone, Default, PartialEq)]
pub struct Conversation {
    /// Instructions. They contain a tenant's data only where the caller writes them.
    pub system: String,
    /// The turns, alternately the user's and the model's.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    pub tools: ToolSet,
    /// How long the model may reason; its default when absent.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// The JSON Schema that the completion must match.
    pub output_schema: Option<Value>,
    /// The most tokens of the completion.
    pub max_output_tokens: u32,
    /// The sampling temperature, 0.0 to 1.0.
    pub temperature: Option<f32>,
    /// The share of the likeliest tokens to choose from, 0.0 to 1.0.
    pub top_p: Option<f32>,
    /// Texts that end the completion.
    pub stop: Vec<String>,
}

impl fmt::Debug for Conversation {
    /// Shows its length; its text is the tenant's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("messages", &self.messages.len()).finish_non_exhaustive()
    }
}

/// The caller's rules for the cache (RFC 9111, section 5.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePolicy {
    /// Whether a cached completion may be used: not with `no-cache`.
    pub read: bool,
    /// Whether the completion may be cached: not with `no-store`.
    pub store: bool,
    /// The greatest age of a cached completion: `max-age`.
    pub max_age: Option<Duration>,
    /// How long the completion is cached.
    pub ttl: Duration,
}

/// The faults of a completion, as a text for the model; never with the tenant's words in it.
pub type CompletionFaults = Vec<String>;
/// Checks whether the text of a completion can be used.
pub type CompletionCheck = Arc<dyn Fn(&str) -> Result<(), CompletionFaults> + Send + Sync>;
/// Checks whether the calls of tools in a completion can be used.
pub type ToolCallCheck = Arc<dyn Fn(&[ToolCall]) -> Result<(), CompletionFaults> + Send + Sync>;

/// A request to the gateway.
#[derive(Clone)]
pub struct GatewayRequest {
    /// The purpose.
    pub feature: Feature,
    /// The models to ask.
    pub chain: Chain,
    /// The value that decides the side of a split step of the configured chain: the tenant.
    pub sticky: String,
    /// The prompt.
    pub conversation: Conversation,
    /// The caller's rules for the cache.
    pub cache: CachePolicy,
    /// Checks the text of a completion without calls of tools; an unusable one is repaired once.
    pub check: Option<CompletionCheck>,
    /// Checks the calls of tools; unusable ones are repaired once.
    pub tool_check: Option<ToolCallCheck>,
    /// The abilities that a model must have, each with the field that needs it.
    pub needs: Vec<NeededAbility>,
    /// Whether a cut or filtered completion is returned as it is, although it fails the check.
    pub gives_cut: bool,
    /// The value that decides the side of a split step of the organization's own chain: a hashed
    /// [`SplitSubject`](super::SplitSubject) within the organization.
    pub subject: String,
}

/// An answer of the gateway.
#[derive(Clone, PartialEq)]
pub struct GatewayAnswer {
    /// The facts about it.
    pub head: AnswerHead,
    /// The reasoning before the text, where the provider shows it. A caller who sends it back lets the model go on with it.
    pub reasoning: Vec<ReasoningContent>,
    /// The text; empty when the model only called tools.
    pub text: String,
    /// The calls of tools in their order.
    pub tool_calls: Vec<ToolCall>,
    /// The reason why it ended.
    pub stop: StopReason,
    /// Tokens of the completion itself, also when it came from the cache.
    pub tokens: TokenCounts,
    /// The output tokens of the model's reasoning, where the provider counts them apart.
    pub reasoning_tokens: u64,
    /// The usage of the request.
    pub cost: AnswerCost,
    /// The version of the price table.
    pub price_version: String,
}

impl fmt::Debug for GatewayAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered").field("head", &self.head).field("cost", &self.cost).finish_non_exhaustive()
    }
}
