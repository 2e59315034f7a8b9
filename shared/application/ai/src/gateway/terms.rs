//! The terms of a tenant for a request: limits, chain, prices and masking. They are taken once, at the look-up, and
//! hold until the request is settled, whatever changes meanwhile.

use super::parts::AiGateway;
use super::question::GatewayQuestion;
use crate::chain::Chain;
use crate::price_book::{price_version, priced};
use crate::registry::Model;
use domain::Versioned;
use domain::ai::{AiBudget, AiPrices, Limits};

pub(super) struct OrganizationTerms {
    pub(super) limits: Limits,
    /// The models of the chain, at the tenant's prices.
    pub(super) models: Vec<Model>,
    /// Whether the rules engine answers when no model does.
    pub(super) rules: bool,
    /// Whether the caller named the model.
    pub(super) named: bool,
    /// The version of the prices.
    pub(super) price_version: String,
    /// The settings that shape completions beside the prompt; empty when the tenant has none of its own. A completion
    /// that was made with other settings is not used.
    pub(super) settings: String,
}

impl OrganizationTerms {
    pub(super) fn new(
        gateway: &AiGateway,
        question: &GatewayQuestion,
        budget: Option<AiBudget>,
        prices: Option<Versioned<AiPrices>>,
    ) -> Self {
        let limits = budget.map(|budget| budget.limits).unwrap_or_default();
        let own = limits.chains.get(&question.feature).filter(|_| !question.chain.is_named());
        let own =
            own.and_then(|steps| Chain::stored(steps, &gateway.registry, |model| gateway.log_missing(model)));
        let chain = own.as_ref().unwrap_or(&question.chain);
        let prices = prices.as_ref();
        let models = chain.models(&question.sticky).into_iter().map(|model| priced(model, prices)).collect();
        let mut terms = Self {
            models,
            rules: chain.has_rules(),
            named: question.chain.is_named(),
            price_version: price_version(&gateway.registry, prices),
            settings: String::new(),
            limits,
        };
        if own.is_some() || terms.masks() {
            let names: Vec<&str> = terms.models.iter().map(|model| model.id.as_str()).collect();
            terms.settings = format!("masked={} models={}", terms.masks(), names.join(","));
        }
        terms
    }

    /// Whether personal data is masked for providers.
    pub(super) fn masks(&self) -> bool {
        self.limits.mask_personal_data
    }
}
