//! The terms of a tenant for a request: limits, chain, prices and masking. They are taken once, at the look-up, and
//! hold until the request is settled, whatever changes meanwhile.

use super::parts::AiGateway;
use super::question::GatewayQuestion;
use crate::chain::Chain;
use crate::price_book::{price_version, priced};
use crate::registry::{Model, Registry};
use domain::Versioned;
use domain::ai::{AiBudget, AiPrices, AssignedVariant, Feature, Limits};

/// The organization's own chain for a feature, of the models of `registry`. There is none when the caller named the
/// model, and when none of its models is left.
pub(super) fn own_chain(
    gateway: &AiGateway,
    registry: &Registry,
    limits: &Limits,
    feature: Feature,
    configured: &Chain,
) -> Option<Chain> {
    let steps = limits.chains.get(&feature).filter(|_| !configured.is_named())?;
    Chain::stored(steps, registry, |model| gateway.log_missing(model))
}

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
    /// The assigned side of the first split step.
    pub(super) variant: Option<AssignedVariant>,
    /// Whether a step of the organization's own chain is split.
    pub(super) splits_own_chain: bool,
}

impl OrganizationTerms {
    /// The terms of a request. `registry` also has the organization's fine-tuned models that may be asked.
    pub(super) fn new(
        gateway: &AiGateway,
        registry: &Registry,
        question: &GatewayQuestion,
        budget: Option<AiBudget>,
        prices: Option<Versioned<AiPrices>>,
    ) -> Self {
        let limits = budget.map(|budget| budget.limits).unwrap_or_default();
        let own = own_chain(gateway, registry, &limits, question.feature, &question.chain);
        let (chain, subject) = match &own {
            Some(own) => (own, &question.subject),
            None => (&question.chain, &question.sticky),
        };
        let prices = prices.as_ref();
        // A fine-tuned model that the caller named is taken from the organization's own, or does not exist.
        let models = chain.models(subject).into_iter().filter_map(|model| match model.fine_tune() {
            Some(_) => registry.model(&model.id).ok(),
            None => Some(model),
        });
        let models = models.map(|model| priced(model, prices)).collect();
        let mut terms = Self {
            models,
            rules: chain.has_rules(),
            named: question.chain.is_named(),
            price_version: price_version(&gateway.registry, prices),
            settings: String::new(),
            variant: chain.variant(subject),
            splits_own_chain: own.as_ref().is_some_and(Chain::is_split),
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
