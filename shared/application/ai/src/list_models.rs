//! The models that a tenant may ask.

use super::price_book::{price_version, priced};
use super::registry::{Model, Registry};
use application_core::{Error, repository};
use domain::AggregateType;
use domain::ai::{AiBudget, AiPrices, Limits};
use domain::authority::{Authority, ReadModels};
use ports::{AggregateKey, Store};

/// Models at the prices of one tenant.
#[derive(Debug, Clone)]
pub struct PricedModels {
    /// The models.
    pub models: Vec<Model>,
    /// The version of the prices.
    pub price_version: String,
}

/// The models of the registry that the tenant's budget allows, in the registry's order.
pub async fn list_models<'a>(
    store: &dyn Store,
    authority: &Authority<ReadModels>,
    registry: &'a Registry,
) -> Result<Vec<&'a Model>, Error> {
    let tenant = authority.tenant();
    let key = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let budget = repository::load::<AiBudget>(store, &key).await?;
    let limits = budget.map(|budget| budget.state.limits).unwrap_or_default();
    Ok(registry.models().iter().filter(|model| limits.allows(&model.id)).collect())
}

/// The model with this id, if it is one of them. A model that the budget does not allow is answered like an unknown one.
pub async fn get_model<'a>(
    store: &dyn Store,
    authority: &Authority<ReadModels>,
    registry: &'a Registry,
    id: &str,
) -> Result<&'a Model, Error> {
    let models = list_models(store, authority, registry).await?;
    models.into_iter().find(|model| model.id == id).ok_or(Error::UnknownModel)
}

/// The models with the tenant's prices: budget and prices at the same time.
pub async fn list_priced_models(
    store: &dyn Store,
    authority: &Authority<ReadModels>,
    registry: &Registry,
) -> Result<PricedModels, Error> {
    let tenant = authority.tenant();
    let budget_key = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let prices_key = AggregateKey::new(tenant, AggregateType::AiPrices, &tenant);
    let budget = repository::load::<AiBudget>(store, &budget_key);
    let prices = repository::load::<AiPrices>(store, &prices_key);
    let (budget, prices) = futures_util::future::try_join(budget, prices).await?;
    let limits: Limits = budget.map(|budget| budget.state.limits).unwrap_or_default();
    let prices = prices.as_ref();
    let allowed = registry.models().iter().filter(|model| limits.allows(&model.id));
    let models = allowed.map(|model| priced(model, prices)).collect();
    Ok(PricedModels { models, price_version: price_version(registry, prices) })
}
