//! The most that requests of an organization can cost, before any of them is made: for requests that are paid for
//! together. Budget and prices are read once.

use super::chained_fine_tunes::chained_fine_tunes;
use super::lookup::fitting_models;
use super::parts::AiGateway;
use super::question::{GatewayQuestion, InputBounds, most_costs};
use super::terms::OrganizationTerms;
use crate::ask::{GatewayRequest, Requester};
use crate::mask::Masking;
use crate::price_book::price_version;
use crate::registry::Model;
use application_core::Error;
use domain::Timestamp;
use domain::Versioned;
use domain::ai::{AiBudget, AiPrices, Limits};
use ports::RequestLookup;
use std::sync::Arc;

/// The terms of an organization, for estimates.
pub(crate) struct CostEstimate {
    gateway: Arc<AiGateway>,
    asker: Requester,
    budget: Option<AiBudget>,
    prices: Option<Versioned<AiPrices>>,
}

/// The most that a request can cost.
pub(crate) struct EstimatedCost {
    /// The most that one call can cost, in nano-dollars, at the most expensive model that may answer.
    pub(crate) nano_usd: u64,
    /// The models that may answer, in their order; never empty.
    pub(crate) models: Vec<Model>,
}

impl CostEstimate {
    /// Reads the terms: one batch read.
    pub(crate) async fn of(
        gateway: &Arc<AiGateway>,
        asker: &Requester,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let look = RequestLookup { tenant: asker.tenant, cache: None, models: &[], now, fine_tunes: &[] };
        let found = gateway.state.look_up(&look).await?;
        let (gateway, asker) = (Arc::clone(gateway), asker.clone());
        Ok(Self { gateway, asker, budget: found.budget, prices: found.prices })
    }

    /// The limits of the organization's budgets.
    pub(crate) fn limits(&self) -> Limits {
        self.budget.as_ref().map(|budget| budget.limits.clone()).unwrap_or_default()
    }

    /// Whether personal data is masked for providers.
    pub(crate) fn masks(&self) -> bool {
        self.budget.as_ref().is_some_and(|budget| budget.limits.mask_personal_data)
    }

    /// Whether the organization has a price of its own for a model.
    pub(crate) fn has_own_price(&self, model: &Model) -> bool {
        self.prices.as_ref().is_some_and(|prices| prices.state.prices.contains_key(&model.id))
    }

    /// The version of the prices.
    pub(crate) fn price_version(&self) -> String {
        price_version(&self.gateway.registry, self.prices.as_ref())
    }

    /// The most that one call for the request can cost; the error with which the gateway would refuse the request.
    pub(crate) fn cost(&self, ask: &GatewayRequest) -> Result<EstimatedCost, Error> {
        let question = GatewayQuestion::of(&self.gateway, &self.asker, ask);
        // A fine-tuned model is taken at its name. Whether the organization has it is known when it is asked.
        let named = question.chain.models(&question.sticky).into_iter();
        let mut trained: Vec<Model> = named.filter(|model| model.fine_tune().is_some()).cloned().collect();
        let chained =
            chained_fine_tunes(&self.gateway, self.budget.as_ref(), question.feature, &question.chain);
        trained.extend(chained);
        let registry = self.gateway.registry.with_models(trained);
        let (budget, prices) = (self.budget.clone(), self.prices.clone());
        let terms = OrganizationTerms::new(&self.gateway, &registry, &question, budget, prices);
        let masked = terms.masks().then(|| Masking::of(ask));
        let ask = masked.as_ref().map_or(ask, |(ask, _)| ask);
        let input = InputBounds::of(&terms.models, ask);
        let models = fitting_models(&question, &terms, input)?;
        let costs = models.iter().map(|model| most_costs(model, input.most, question.output));
        Ok(EstimatedCost { nano_usd: costs.max().unwrap_or_default(), models })
    }
}
