//! The usage and the cost of one request to the AI gateway. They are recorded once for each request, also for one that
//! the cache answered, and never change.

use super::Feature;
use crate::Timestamp;
use crate::event::{DecodeError, DomainEvent, EncodedEvent};
use crate::id::{AccountId, AiRequestId, ApiKeyId, made_at};
use serde::{Deserialize, Serialize};

/// Numbers of tokens that a provider reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCounts {
    /// Input tokens at full price.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
    /// Input tokens that were read from the provider's prompt cache.
    pub cache_read: u64,
    /// Input tokens that were written to the provider's prompt cache.
    pub cache_write: u64,
}

/// The part of the cache in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheUse {
    /// The cache answered.
    Hit,
    /// The cache had no answer.
    Miss,
    /// The cache was not asked.
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
pub enum RequestOutcome {
    /// It was answered.
    Answered,
    /// No model gave a usable answer. The usage of the attempts is charged.
    Failed,
    /// A stream broke; its usage is estimated from the text that arrived.
    Cut,
    /// The process died while a model was asked, so that the usage is unknown; the whole reservation is charged.
    Presumed,
}

impl TokenCounts {
    /// The sum; it stops at the largest number.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
        }
    }

    /// The difference, if the other is a part of it.
    fn without(self, part: Self) -> Option<Self> {
        Some(Self {
            input: self.input.checked_sub(part.input)?,
            output: self.output.checked_sub(part.output)?,
            cache_read: self.cache_read.checked_sub(part.cache_read)?,
            cache_write: self.cache_write.checked_sub(part.cache_write)?,
        })
    }
}

/// Charges for calls that a provider may bill although it reported no counts: the most that they can have used, at the
/// highest prices that may apply. They are not explained by tokens at their prices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmeteredUsage {
    /// The most tokens that they can have used.
    pub tokens: TokenCounts,
    /// The most that they can have cost, in nano-dollars.
    pub cost_nano_usd: u64,
}

impl UnmeteredUsage {
    /// The sum; it stops at the largest number.
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

    /// Whether every call has counts.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The usage of attempts at one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelUsage {
    /// The model, by its name in the registry.
    pub model: String,
    /// The tokens.
    pub tokens: TokenCounts,
    /// The cost, in nano-dollars.
    pub cost_nano_usd: u64,
    /// The part of both that has no counts.
    #[serde(default, skip_serializing_if = "UnmeteredUsage::is_nothing")]
    pub unmetered: UnmeteredUsage,
}

impl ModelUsage {
    /// The tokens that a provider reported; `None` when more lack counts than there are.
    pub fn metered(&self) -> Option<TokenCounts> {
        self.tokens.without(self.unmetered.tokens)
    }
}

/// The side of a split step that a request was assigned to. It stays the assigned side when another model answered,
/// so that the sides of an experiment can be compared honestly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AssignedVariant {
    /// The split step as text, in its canonical form: `first:90|other:10`.
    pub experiment: String,
    /// The model of the assigned side, by its name in the registry.
    pub model: String,
}

/// The facts of `ai_request_metered`, the only event of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiRequestMetered {
    /// The request.
    pub request_id: AiRequestId,
    /// The account that asked; for an API key, the account that created it.
    pub account_id: AccountId,
    /// The API key that asked, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<ApiKeyId>,
    /// The purpose of the request.
    pub feature: Feature,
    /// The model that answered, or the last one that was asked, by its name in the registry.
    pub model: String,
    /// The provider of the model.
    pub provider: String,
    /// The tokens of all attempts.
    pub tokens: TokenCounts,
    /// Their cost, in nano-dollars.
    pub cost_nano_usd: u64,
    /// The part of it by attempts at other models of the chain, each model once; empty for most requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_models: Vec<ModelUsage>,
    /// The part of tokens and cost without counts, of all models; nothing for most requests.
    #[serde(default, skip_serializing_if = "UnmeteredUsage::is_nothing")]
    pub unmetered: UnmeteredUsage,
    /// The version of the price table.
    pub price_version: String,
    /// The number of calls to providers.
    pub attempts: u32,
    /// Milliseconds from the request to the end of the answer.
    pub latency_ms: u64,
    /// The part of the cache.
    pub cache: CacheUse,
    /// The outcome.
    pub outcome: RequestOutcome,
    /// The assigned side of the first split step of the chain; absent when no step is split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<AssignedVariant>,
}

impl AiRequestMetered {
    /// When the request began: the month and the day in which it counts, for budgets and bills, whenever it ended.
    /// `None` when its id was made elsewhere.
    pub fn began(&self) -> Option<Timestamp> {
        made_at(&self.request_id)
    }

    /// The usage by model, beginning with the model that answered, because each has its own prices. `None` when the
    /// parts are more than the whole, or a model is named twice.
    pub fn by_model(&self) -> Option<Vec<ModelUsage>> {
        let mut models = vec![ModelUsage {
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
        // The second version has the assigned variant, the third one the feature `fine_tuning`. They are written only
        // where there is one, so that a reader of an older version still reads all other requests.
        let version = match (self.feature, &self.variant) {
            (Feature::FineTuning, _) => 3,
            (_, Some(_)) => 2,
            (_, None) => 1,
        };
        EncodedEvent::facts("ai_request_metered", self).with_version(version)
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("ai_request_metered", 1..=3) => event.read(),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
