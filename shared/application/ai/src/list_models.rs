//! The models that a tenant may ask: those of the registry, and its own fine-tuned ones.

use super::price_book::{price_version, priced};
use super::registry::{Model, Registry};
use application_core::{Error, lists, repository};
use domain::AggregateType;
use domain::ai::fine_tune::FineTune;
use domain::ai::{AiBudget, AiPrices, FineTunedModel, Limits};
use domain::authority::{Authority, ReadModels};
use domain::id::OrganizationId;
use futures_util::future::{try_join, try_join3};
use ports::{AggregateKey, ListQuery, ListScope, Store};

/// The fine-tunes in one page of the list.
const PAGE: u32 = 100;
/// The most fine-tuned models that are listed, the newest ones. Older ones can be asked all the same.
const MOST_FINE_TUNED: usize = 1_000;

/// Models at the prices of one tenant.
#[derive(Debug, Clone)]
pub struct PricedModels {
    /// The models.
    pub models: Vec<Model>,
    /// The version of the prices.
    pub price_version: String,
}

/// The models that the tenant's budget allows: those of the registry in its order, and then the tenant's own fine-tuned
/// ones, newest first. The budget and the first fine-tunes are read at the same time.
pub async fn list_models(
    store: &dyn Store,
    authority: &Authority<ReadModels>,
    registry: &Registry,
) -> Result<Vec<Model>, Error> {
    let tenant = authority.tenant();
    let (limits, trained) = try_join(limits(store, tenant), fine_tuned(store, tenant, registry)).await?;
    Ok(allowed(registry, &limits, trained))
}

/// The model with this id, if it is one of them. A model that the budget does not allow, or of another organization, is
/// answered like an unknown one.
pub async fn get_model(
    store: &dyn Store,
    authority: &Authority<ReadModels>,
    registry: &Registry,
    id: &str,
) -> Result<Model, Error> {
    find_model(store, authority.tenant(), registry, id).await
}

/// The model with this id, if the tenant may ask it. The budget and a fine-tune are read at the same time.
pub(super) async fn find_model(
    store: &dyn Store,
    tenant: OrganizationId,
    registry: &Registry,
    id: &str,
) -> Result<Model, Error> {
    let named = async {
        match FineTunedModel::parse(id) {
            Some(name) => {
                let key = AggregateKey::new(tenant, AggregateType::FineTune, &name.fine_tune);
                let found = repository::load::<FineTune>(store, &key).await?;
                Ok(found.and_then(|found| registry.fine_tuned(&found.state)))
            }
            None => Ok(registry.model(id).ok().cloned()),
        }
    };
    let (limits, model) = try_join(limits(store, tenant), named).await?;
    model.filter(|model| model.id == id && limits.allows(id)).ok_or(Error::UnknownModel)
}

/// The models with the tenant's prices: budget, prices and the first fine-tunes at the same time.
pub async fn list_priced_models(
    store: &dyn Store,
    authority: &Authority<ReadModels>,
    registry: &Registry,
) -> Result<PricedModels, Error> {
    let tenant = authority.tenant();
    let key = AggregateKey::new(tenant, AggregateType::AiPrices, &tenant);
    let prices = async { Ok(repository::load::<AiPrices>(store, &key).await?) };
    let (limits, prices, trained) =
        try_join3(limits(store, tenant), prices, fine_tuned(store, tenant, registry)).await?;
    let prices = prices.as_ref();
    let models = allowed(registry, &limits, trained).iter().map(|model| priced(model, prices)).collect();
    Ok(PricedModels { models, price_version: price_version(registry, prices) })
}

fn allowed(registry: &Registry, limits: &Limits, trained: Vec<Model>) -> Vec<Model> {
    let all = registry.models().iter().cloned().chain(trained);
    all.filter(|model| limits.allows(&model.id)).collect()
}

async fn limits(store: &dyn Store, tenant: OrganizationId) -> Result<Limits, Error> {
    let key = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let budget = repository::load::<AiBudget>(store, &key).await?;
    Ok(budget.map(|budget| budget.state.limits).unwrap_or_default())
}

/// The tenant's fine-tuned models that can be asked.
async fn fine_tuned(
    store: &dyn Store,
    tenant: OrganizationId,
    registry: &Registry,
) -> Result<Vec<Model>, Error> {
    let scope = ListScope::Organization(tenant);
    let mut query = ListQuery::of::<FineTune>(FineTune::MODELS, scope, PAGE, None);
    let mut models = Vec::new();
    loop {
        let page = lists::page::<FineTune>(store, &query).await?;
        models.extend(page.items.iter().filter_map(|found| registry.fine_tuned(&found.state)));
        match page.next {
            Some(next) if models.len() < MOST_FINE_TUNED => query.after = Some(next),
            _ => return Ok(models),
        }
    }
}
