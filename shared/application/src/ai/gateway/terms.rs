//! What holds for a request because of its tenant: limits, the chain, the prices, and whether personal data leaves. It is
//! taken once, at the look, and holds until the request is settled, whatever changes meanwhile.

use super::AiGateway;
use super::session::Opening;
use crate::ai::chain::Chain;
use crate::ai::price_book::version_name;
use crate::ai::registry::{Model, Registry};
use domain::Versioned;
use domain::ai::{AiBudget, AiPrices, Limits};

pub(super) struct Terms {
    pub(super) limits: Limits,
    /// The models of the chain, at the tenant's prices.
    pub(super) models: Vec<Model>,
    /// Whether the rules engine answers when no model does.
    pub(super) rules: bool,
    /// Whether the caller named the model.
    pub(super) named: bool,
    /// Version of the prices.
    pub(super) price_version: String,
    /// What shapes answers beside the question; empty where the tenant has no settings of its own. An answer that was made
    /// with others is not given again.
    pub(super) settings: String,
}

impl Terms {
    pub(super) fn new(
        gateway: &AiGateway,
        opening: &Opening,
        budget: Option<AiBudget>,
        prices: Option<Versioned<AiPrices>>,
    ) -> Self {
        let limits = budget.map(|budget| budget.limits).unwrap_or_default();
        let own = limits.chains.get(&opening.feature).filter(|_| !opening.chain.is_named());
        let own = own
            .and_then(|steps| Chain::stored(steps, &gateway.registry, |model| gateway.tell_missing(model)));
        let chain = own.as_ref().unwrap_or(&opening.chain);
        let prices = prices.as_ref();
        let models = chain.models(&opening.sticky).into_iter().map(|model| priced(model, prices)).collect();
        let mut terms = Self {
            models,
            rules: chain.has_rules(),
            named: opening.chain.is_named(),
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

    /// Whether personal data is kept from providers.
    pub(super) fn masks(&self) -> bool {
        self.limits.mask_personal_data
    }
}

/// The model at the tenant's price.
pub(in crate::ai) fn priced(model: &Model, prices: Option<&Versioned<AiPrices>>) -> Model {
    let own = prices.and_then(|prices| prices.state.prices.get(&model.id));
    own.map_or_else(|| model.clone(), |own| model.at(own))
}

/// The version of the registry's prices, or of the tenant's on top of it.
pub(in crate::ai) fn price_version(registry: &Registry, prices: Option<&Versioned<AiPrices>>) -> String {
    let own = prices.filter(|prices| !prices.state.prices.is_empty());
    version_name(&registry.version, own.map(|prices| prices.version))
}
