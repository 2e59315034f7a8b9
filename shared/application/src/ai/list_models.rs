//! The models that a tenant may ask.

use super::registry::{Model, Registry};
use crate::limits::{READS, limited};
use crate::ports::{AggregateKey, LimitDecision, Limiter, Store};
use crate::repository;
use crate::{Context, Error};
use domain::AggregateType;
use domain::ai::AiBudget;
use domain::authority::{Authority, ReadModels};

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
    let who = authority.caller().principal();
    let (budget, decision) = limited(limiter, READS, &who, context.now, Box::pin(read)).await?;
    let limits = budget.map(|budget| budget.state.limits).unwrap_or_default();
    Ok((registry.models().iter().filter(|model| limits.allows(&model.id)).collect(), decision))
}
