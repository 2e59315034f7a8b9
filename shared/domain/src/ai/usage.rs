//! What one request to the AI gateway used and cost. It is recorded once for each request, also for one that the cache
//! answered, and never changes.

use super::Feature;
use crate::Timestamp;
use crate::event::{DecodeError, DomainEvent, EncodedEvent};
use crate::id::{AccountId, AiRequestId, ApiKeyId, made_at};
use serde::{Deserialize, Serialize};

/// Tokens that a provider metered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Read at full price.
    pub input: u64,
    /// Written.
    pub output: u64,
    /// Read from the provider's prompt cache.
    pub cache_read: u64,
    /// Written to the provider's prompt cache.
    pub cache_write: u64,
}

/// What the answer cache did for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheUse {
    /// It answered.
    Hit,
    /// It had no answer.
    Miss,
    /// It was not asked.
    Bypass,
}

impl CacheUse {
    /// The name in records and headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was answered.
    Answered,
    /// No model gave a usable answer. What the attempts used is charged.
    Failed,
    /// A stream broke; what it used is reckoned from what arrived.
    Cut,
    /// The process died while a model was asked, so that nobody knows what was used; the whole reservation is charged.
    Presumed,
}

impl Tokens {
    /// Both together; sums stop at the largest number.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
        }
    }

    /// What is left without the other, when that is a part of it.
    fn without(self, part: Self) -> Option<Self> {
        Some(Self {
            input: self.input.checked_sub(part.input)?,
            output: self.output.checked_sub(part.output)?,
            cache_read: self.cache_read.checked_sub(part.cache_read)?,
            cache_write: self.cache_write.checked_sub(part.cache_write)?,
        })
    }
}

/// What calls are charged that a provider may bill though nobody said for how much: the most that they can have used, at the
/// dearest prices that it may have. Tokens at their prices don't explain it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmetered {
    /// The most that they used.
    pub tokens: Tokens,
    /// The most that this cost, in nano-dollars.
    pub cost_nano_usd: u64,
}

impl Unmetered {
    /// Both together; sums stop at the largest number.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.plus(other.tokens),
            cost_nano_usd: self.cost_nano_usd.saturating_add(other.cost_nano_usd),
        }
    }

    fn without(self, part: Self) -> Option<Self> {
        Some(Self {
            tokens: self.tokens.without(part.tokens)?,
            cost_nano_usd: self.cost_nano_usd.checked_sub(part.cost_nano_usd)?,
        })
    }

    /// Whether every call was metered.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What attempts at one model used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelUsed {
    /// The model, by its name in the registry.
    pub model: String,
    /// What they used.
    pub tokens: Tokens,
    /// What they cost, in nano-dollars.
    pub cost_nano_usd: u64,
    /// What of both nobody metered.
    #[serde(default, skip_serializing_if = "Unmetered::is_nothing")]
    pub unmetered: Unmetered,
}

impl ModelUsed {
    /// The tokens that a provider metered; `None` when more were not than there are.
    pub fn metered(&self) -> Option<Tokens> {
        self.tokens.without(self.unmetered.tokens)
    }
}

/// The facts of `ai_request_metered`, the only event of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiRequestMetered {
    /// The request.
    pub request_id: AiRequestId,
    /// Who asked; for an API key, the account that made it.
    pub account_id: AccountId,
    /// The API key that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<ApiKeyId>,
    /// What for.
    pub feature: Feature,
    /// The model that answered, or was asked last, by its name in the registry.
    pub model: String,
    /// The provider of the model.
    pub provider: String,
    /// What all attempts used together.
    pub tokens: Tokens,
    /// What they cost, in nano-dollars.
    pub cost_nano_usd: u64,
    /// What of that attempts at other models of the chain used, each model once; most requests have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_models: Vec<ModelUsed>,
    /// What of tokens and cost nobody metered, whichever model was asked; most requests have none.
    #[serde(default, skip_serializing_if = "Unmetered::is_nothing")]
    pub unmetered: Unmetered,
    /// Version of the prices.
    pub price_version: String,
    /// Calls to providers.
    pub attempts: u32,
    /// Milliseconds from the request to the end of the answer.
    pub latency_ms: u64,
    /// What the cache did.
    pub cache: CacheUse,
    /// How it ended.
    pub outcome: Outcome,
}

impl AiRequestMetered {
    /// When the request began: the month and the day that it counts in, for budgets and for what is billed, whenever it
    /// ended. `None` when its identifier was made elsewhere.
    pub fn began(&self) -> Option<Timestamp> {
        made_at(&self.request_id)
    }

    /// What each model used of the request, beginning with the one that answered: each has its own prices. `None` when the
    /// parts are more than the whole, or a model is named twice.
    pub fn by_model(&self) -> Option<Vec<ModelUsed>> {
        let mut models = vec![ModelUsed {
            model: self.model.clone(),
            tokens: self.tokens,
            cost_nano_usd: self.cost_nano_usd,
            unmetered: self.unmetered,
        }];
        for other in &self.other_models {
            if models.iter().any(|known| known.model == other.model) {
                return None;
            }
            let first = models.first_mut()?;
            first.tokens = first.tokens.without(other.tokens)?;
            first.cost_nano_usd = first.cost_nano_usd.checked_sub(other.cost_nano_usd)?;
            first.unmetered = first.unmetered.without(other.unmetered)?;
            models.push(other.clone());
        }
        Some(models)
    }
}

impl DomainEvent for AiRequestMetered {
    fn encode(&self) -> EncodedEvent {
        EncodedEvent::facts("ai_request_metered", self)
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("ai_request_metered", 1) => event.read(),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
