//! The usage and cost of a request: arithmetic alone.

use crate::bound::estimated_tokens;
use crate::registry::Model;
use application_core::model_answer::AnswerCost;
use domain::ai::{ModelUsage, TokenCounts, UnmeteredUsage};
use ports::Usage;

/// The sums of a request's attempts.
#[derive(Debug, Default)]
pub(super) struct RequestBill {
    pub(super) tokens: TokenCounts,
    /// Nano-dollars.
    pub(super) cost: u64,
    /// The part of both without counts of a provider.
    pub(super) unmetered: UnmeteredUsage,
    /// The same, by model.
    used: Vec<ModelUsage>,
}

impl RequestBill {
    /// Adds usage that a provider counted.
    pub(super) fn charge(&mut self, model: &Model, usage: &Usage) {
        self.add(model, tokens_of(usage), model.cost(usage), UnmeteredUsage::default());
    }

    /// Adds usage that may be billed without counts: a prompt and a completion of this many tokens, at the highest
    /// prices that may apply.
    pub(super) fn presume(&mut self, model: &Model, input: u64, output: u64) -> TokenCounts {
        let cost = model.most(input, output);
        tracing::warn!(
            model = model.id,
            ai_unmetered_nano_usd = cost,
            "an answer without counts is charged at its most"
        );
        let tokens = TokenCounts { input, output, ..TokenCounts::default() };
        self.add(model, tokens, cost, UnmeteredUsage { tokens, cost_nano_usd: cost });
        tokens
    }

    /// Adds the usage of a completion, and returns it: the provider's counts, or otherwise an estimate by the length in
    /// bytes of prompt and completion, which is recorded as presumed. It is never more than the amount set aside.
    pub(super) fn meter(&mut self, model: &Model, usage: Option<Usage>, length: &AnswerLength) -> Usage {
        if let Some(usage) = usage {
            self.charge(model, &usage);
            return usage;
        }
        let usage = Usage {
            input_tokens: estimated_tokens(length.input),
            output_tokens: estimated_tokens(length.answer as u64).min(length.longest),
            ..Usage::default()
        };
        let (tokens, cost) = (tokens_of(&usage), model.cost(&usage));
        tracing::warn!(
            model = model.id,
            ai_unmetered_nano_usd = cost,
            "an answer without counts is charged by its length"
        );
        self.add(model, tokens, cost, UnmeteredUsage { tokens, cost_nano_usd: cost });
        usage
    }

    fn add(&mut self, model: &Model, tokens: TokenCounts, cost: u64, unmetered: UnmeteredUsage) {
        self.cost = self.cost.saturating_add(cost);
        self.tokens = self.tokens.plus(tokens);
        self.unmetered = self.unmetered.plus(unmetered);
        match self.used.iter_mut().find(|used| used.model == model.id) {
            Some(used) => {
                used.tokens = used.tokens.plus(tokens);
                used.cost_nano_usd = used.cost_nano_usd.saturating_add(cost);
                used.unmetered = used.unmetered.plus(unmetered);
            }
            None => {
                self.used.push(ModelUsage {
                    model: model.id.clone(),
                    tokens,
                    cost_nano_usd: cost,
                    unmetered,
                });
            }
        }
    }

    /// The usage of other models than this one.
    pub(super) fn others(&self, model: &str) -> Vec<ModelUsage> {
        self.used.iter().filter(|used| used.model != model).cloned().collect()
    }

    pub(super) fn cost(&self) -> AnswerCost {
        AnswerCost { tokens: self.tokens, nano_usd: self.cost }
    }
}

/// The length of a prompt and its completion, for estimates of their tokens.
pub(super) struct AnswerLength {
    /// The most tokens of the prompt: one for each byte.
    pub(super) input: u64,
    /// The bytes of the completion.
    pub(super) answer: usize,
    /// The most tokens of the completion.
    pub(super) longest: u64,
}

pub(super) fn tokens_of(usage: &Usage) -> TokenCounts {
    TokenCounts {
        input: usage.input_tokens,
        output: usage.output_tokens,
        cache_read: usage.cache_read_tokens,
        cache_write: usage.cache_write_tokens,
    }
}
