//! What is asked of the gateway, and what it answers.

use super::chain::Chain;
use application_core::model_answer::{AnswerCost, AnswerHead};
use domain::ai::{Feature, Tokens};
use domain::authority::{Caller, Credential};
use domain::id::{AccountId, ApiKeyId, OrganizationId};
use ports::{Message, StopReason};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Who asks, and so who pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The tenant.
    pub tenant: OrganizationId,
    /// The account; for an API key, the one that made it.
    pub account: AccountId,
    /// The API key.
    pub api_key: Option<ApiKeyId>,
}

impl Asker {
    /// Who asks, from who calls.
    pub fn of(caller: &Caller) -> Self {
        let api_key = match &caller.credential {
            Credential::ApiKey { id, .. } => Some(*id),
            Credential::Session { .. } => None,
        };
        Self { tenant: caller.tenant, account: caller.account, api_key }
    }

    /// Whose requests are counted together: a key's own, else the account's.
    pub fn name(&self) -> String {
        match &self.api_key {
            Some(key) => key.to_string(),
            None => self.account.to_string(),
        }
    }
}

/// What is said to the model. Everything in it shapes the answer, so everything in it is part of the cache key.
#[derive(Clone, PartialEq)]
pub struct Conversation {
    /// Instructions. Never holds a tenant's data but where the caller itself writes them.
    pub system: String,
    /// The turns, beginning with a user's.
    pub messages: Vec<Message>,
    /// JSON Schema that the answer must match.
    pub output_schema: Option<Value>,
    /// The longest answer, in tokens.
    pub max_output_tokens: u32,
    /// 0.0 to 1.0.
    pub temperature: Option<f32>,
    /// 0.0 to 1.0.
    pub top_p: Option<f32>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
}

impl fmt::Debug for Conversation {
    /// How long it is; what it says is the tenant's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("messages", &self.messages.len()).finish_non_exhaustive()
    }
}

/// How the cache may be used (RFC 9111, section 5.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePolicy {
    /// Whether a stored answer may be given: not with `no-cache`.
    pub read: bool,
    /// Whether the answer may be stored: not with `no-store`.
    pub store: bool,
    /// The oldest answer that may be given: `max-age`.
    pub max_age: Option<Duration>,
    /// How long an answer is kept.
    pub ttl: Duration,
}

/// What is wrong with an answer, in words for the model; never with the tenant's words in it.
pub type Faults = Vec<String>;
/// Judges whether an answer can be used.
pub type Check = Arc<dyn Fn(&str) -> Result<(), Faults> + Send + Sync>;

/// A question to the gateway.
#[derive(Clone)]
pub struct Ask {
    /// What for.
    pub feature: Feature,
    /// Who answers.
    pub chain: Chain,
    /// What decides where a step of the chain is split: the tenant, so that leads which are judged together and leads which
    /// are judged alone get the same side.
    pub sticky: String,
    /// What is said.
    pub conversation: Conversation,
    /// How the cache may be used.
    pub cache: CachePolicy,
    /// Whether an answer can be used; one that can't is repaired once.
    pub check: Option<Check>,
    /// Whether a cut or filtered answer is given as it is, though it can't be right.
    pub gives_cut: bool,
}

/// An answer.
#[derive(Clone, PartialEq)]
pub struct Answered {
    /// About it.
    pub head: AnswerHead,
    /// The text.
    pub text: String,
    /// Why it ended.
    pub stop: StopReason,
    /// Tokens of the answer itself, also when the cache gave it.
    pub tokens: Tokens,
    /// What the request used.
    pub cost: AnswerCost,
    /// Version of the prices.
    pub price_version: String,
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered").field("head", &self.head).field("cost", &self.cost).finish_non_exhaustive()
    }
}
