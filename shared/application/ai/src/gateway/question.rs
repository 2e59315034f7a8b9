//! The prompt and its bounds.

use super::parts::AiGateway;
use crate::abilities::NeededAbility;
use crate::ask::{CachePolicy, GatewayRequest, Requester};
use crate::bound::{FileTokens, fewest_input_tokens, most_input_tokens};
use crate::cache_key::cache_key;
use crate::chain::Chain;
use crate::registry::Model;
use crate::seal::Seal;
use domain::ai::Feature;
use ports::CacheKey;

/// A prompt before anything is known about the organization that asks.
pub(super) struct GatewayQuestion {
    pub(super) asker: Requester,
    pub(super) feature: Feature,
    /// The environment's chain, or the model that the caller named.
    pub(super) chain: Chain,
    /// The value that decides the side of a split step of the environment's chain.
    pub(super) sticky: String,
    /// The abilities that a model must have.
    pub(super) needs: Vec<NeededAbility>,
    /// The most tokens of the completion.
    pub(super) output: u64,
    /// The cache key, and the rules for the cache.
    pub(super) cache: Option<(CacheKey, CachePolicy)>,
    /// The seal of the cached completion. It is derived from the prompt, like the cache key.
    pub(super) seal: Option<Seal>,
    /// The value that decides the side of a split step of the organization's own chain.
    pub(super) subject: String,
}

impl GatewayQuestion {
    /// A conversation.
    pub(super) fn of(gateway: &AiGateway, asker: &Requester, ask: &GatewayRequest) -> Self {
        let uses_cache = ask.cache.read || ask.cache.store;
        let named = uses_cache.then(|| cache_key(asker.tenant, ask, gateway.guardrail.as_ref()));
        Self {
            asker: asker.clone(),
            feature: ask.feature,
            chain: ask.chain.clone(),
            sticky: ask.sticky.clone(),
            needs: ask.needs.clone(),
            output: u64::from(ask.conversation.max_output_tokens),
            cache: named.map(|(key, _)| (key, ask.cache)),
            seal: named.map(|(_, seal)| seal),
            subject: ask.subject.clone(),
        }
    }

    /// Texts for a model that makes vectors. The cache is not used, because storing a vector costs more than making it.
    pub(super) fn of_texts(asker: &Requester, model: &Model) -> Self {
        Self {
            asker: asker.clone(),
            feature: Feature::Embedding,
            chain: Chain::of(model),
            sticky: String::new(),
            needs: Vec::new(),
            output: 0,
            cache: None,
            seal: None,
            subject: String::new(),
        }
    }

    /// Whether the caller decides the length of prompt and completion, and so how long a model takes.
    pub(super) fn length_is_the_callers(&self) -> bool {
        matches!(self.feature, Feature::Completion | Feature::Embedding)
    }
}

/// The bounds of a prompt's number of tokens.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InputBounds {
    pub(super) most: u64,
    pub(super) fewest: u64,
}

impl InputBounds {
    /// The bounds of a conversation with one of these models.
    pub(super) fn of(models: &[Model], ask: &GatewayRequest) -> Self {
        let conversation = &ask.conversation;
        let most = most_input_tokens(conversation, FileTokens::most_of(models));
        Self { most, fewest: fewest_input_tokens(conversation) }
    }
}

/// The most tokens of one completion of the model, when at most `output` are asked for.
pub(super) fn longest_answer(model: &Model, output: u64) -> u64 {
    output.min(u64::from(model.max_output_tokens))
}

/// The most that one call to the model can cost in nano-dollars, for at most this many tokens.
pub(super) fn most_costs(model: &Model, input: u64, output: u64) -> u64 {
    model.most(input, longest_answer(model, output))
}
