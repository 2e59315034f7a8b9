//! What a request used and costs: arithmetic alone.

use crate::bound::estimated_tokens;
use crate::registry::Model;
use application_core::model_answer::AnswerCost;
use domain::ai::{ModelUsed, Tokens, Unmetered};
use ports::Usage;

/// The sums of a request's attempts.
#[derive(Debug, Default)]
pub(super) struct Bill {
    pub(super) tokens: Tokens,
    /// Nano-dollars.
    pub(super) cost: u64,
    /// What of both no provider counted.
    pub(super) unmetered: Unmetered,
    /// The same, by model.
    used: Vec<ModelUsed>,
}

impl Bill {
    /// Adds what a provider counted.
    pub(super) fn charge(&mut self, model: &Model, usage: &Usage) {
        self.add(model, tokens_of(usage), model.cost(usage), Unmetered::default());
    }

    /// Adds what may be billed though no provider counted it: a question and an answer of so many tokens, at the dearest
    /// prices that they may have.
    pub(super) fn presume(&mut self, model: &Model, input: u64, output: u64) -> Tokens {
        let cost = model.most(input, output);
        tracing::warn!(
            model = model.id,
            ai_unmetered_nano_usd = cost,
            "an answer without counts is charged at its most"
        );
        let tokens = Tokens { input, output, ..Tokens::default() };
        self.add(model, tokens, cost, Unmetered { tokens, cost_nano_usd: cost });
        tokens
    }

    /// Adds what an answer used, and returns it: what the provider counted, or else an estimate by the length in bytes of the
    /// question and of the answer, which is recorded as presumed. It is never more than was set aside.
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
        self.add(model, tokens, cost, Unmetered { tokens, cost_nano_usd: cost });
        usage
    }

    fn add(&mut self, model: &Model, tokens: Tokens, cost: u64, unmetered: Unmetered) {
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
                self.used.push(ModelUsed { model: model.id.clone(), tokens, cost_nano_usd: cost, unmetered });
            }
        }
    }

    /// What models beside this one used.
    pub(super) fn others(&self, model: &str) -> Vec<ModelUsed> {
        self.used.iter().filter(|used| used.model != model).cloned().collect()
    }

    pub(super) fn cost(&self) -> AnswerCost {
        AnswerCost { tokens: self.tokens, nano_usd: self.cost }
    }
}

/// How long a question and its answer are, where nobody counts their tokens.
pub(super) struct AnswerLength {
    /// The most tokens of the question, which is a token for each byte.
    pub(super) input: u64,
    /// Bytes of the answer.
    pub(super) answer: usize,
    /// The most tokens of the answer.
    pub(super) longest: u64,
}

pub(super) fn tokens_of(usage: &Usage) -> Tokens {
    Tokens {
        input: usage.input_tokens,
        output: usage.output_tokens,
        cache_read: usage.cache_read_tokens,
        cache_write: usage.cache_write_tokens,
    }
}
