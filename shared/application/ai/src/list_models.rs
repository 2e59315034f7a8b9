//! The models that a tenant may ask.

use super::price_book::{price_version, priced};
use super::registry::{Model, Registry};
use application_core::limits::limited_read;
use application_core::repository;
use application_core::{Context, Error};
use domain::AggregateType;
use domain::ai::{AiBudget, AiPrices, Limits};
use domain::authority::{Authority, ReadModels};
use ports::{AggregateKey, LimitDecision, Limiter, Store};

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
    limiter: &dyn Limiter,
    context: &Context,
    authority: &Authority<ReadModels>,
    registry: &'a Registry,
) -> Result<(Vec<&'a Model>, LimitDecision), Error> {
    let tenant = authority.tenant();
    let key = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let read = async { Ok(repository::load::<AiBudget>(store, &key).await?) };
    let (budget, decision) = limited_read(limiter, authority.caller(), context.now, Box::pin(read)).await?;
    let limits = budget.map(|budget| budget.state.limits).unwrap_or_default();
    Ok((registry.models().iter().filter(|model| limits.allows(&model.id)).collect(), decision))
}

/// The same with the tenant's prices: budget, prices and the rate limit at the same time.
pub async fn list_priced_models(
    store: &dyn Store,
    limiter: &dyn Limiter,
    context: &Context,
    authority: &Authority<ReadModels>,
    registry: &Registry,
) -> Result<(PricedModels, LimitDecision), Error> {
    let tenant = authority.tenant();
    let budget_key = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let prices_key = AggregateKey::new(tenant, AggregateType::AiPrices, &tenant);
    let read = async {
        let budget = repository::load::<AiBudget>(store, &budget_key);
        let prices = repository::load::<AiPrices>(store, &prices_key);
        Ok(futures_util::future::try_join(budget, prices).await?)
    };
    let ((budget, prices), decision) =
        limited_read(limiter, authority.caller(), context.now, Box::pin(read)).await?;
    let limits: Limits = budget.map(|budget| budget.state.limits).unwrap_or_default();
    let prices = prices.as_ref();
    let allowed = registry.models().iter().filter(|model| limits.allows(&model.id));
    let models = allowed.map(|model| priced(model, prices)).collect();
    Ok((PricedModels { models, price_version: price_version(registry, prices) }, decision))
}
