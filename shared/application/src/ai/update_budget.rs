//! Sets what a tenant may spend on models: one read, one write.

use super::registry::{ModelUse, Registry};
use crate::ports::{AggregateKey, Store};
use crate::repository::{Actor, Work};
use crate::{Context, Error};
use domain::ai::{AiBudget, SetBudget, set_budget};
use domain::authority::{Authority, ManageBudget};
use domain::{AggregateType, Versioned};
use std::collections::{BTreeMap, BTreeSet};

/// What may be spent, as a caller writes it: decimals in US dollars.
#[derive(Debug, Clone, Copy)]
pub struct BudgetInput<'a> {
    /// All of it, in a month.
    pub tenant_month_usd: &'a str,
    /// All of it, on a day.
    pub tenant_day_usd: &'a str,
    /// Each account, on a day.
    pub user_day_usd: &'a str,
    /// Features by name, each in a month.
    pub feature_month_usd: &'a BTreeMap<String, String>,
    /// What a month usually costs.
    pub expected_month_usd: &'a str,
    /// The only models that may be asked; `None` for all.
    pub allowed_models: Option<&'a [String]>,
    /// The tenant's own chains: features by name, each with its steps.
    pub chains: &'a BTreeMap<String, Vec<String>>,
    /// Whether personal data is kept from providers.
    pub mask_personal_data: bool,
}

/// Replaces the budget if it still has the version that the caller saw; 0 is a budget that was never changed.
pub async fn update_budget(
    store: &dyn Store,
    registry: &Registry,
    context: &Context,
    authority: &Authority<ManageBudget>,
    seen_version: u64,
    input: &BudgetInput<'_>,
) -> Result<Versioned<AiBudget>, Error> {
    let tenant = authority.tenant();
    let key = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let mut work = match Work::<AiBudget>::load(store, key.clone(), &[]).await? {
        Some(work) => work,
        None => Work::create(key, []),
    };
    let ids = |chat: bool| -> BTreeSet<String> {
        let models = registry.models().iter().filter(|model| !chat || model.usage == ModelUse::Chat);
        models.map(|model| model.id.clone()).collect()
    };
    let (known_models, chat_models) = (ids(false), ids(true));
    let command = SetBudget {
        tenant_month_usd: input.tenant_month_usd,
        tenant_day_usd: input.tenant_day_usd,
        user_day_usd: input.user_day_usd,
        feature_month_usd: input.feature_month_usd,
        expected_month_usd: input.expected_month_usd,
        allowed_models: input.allowed_models,
        known_models: &known_models,
        chains: input.chains,
        chat_models: &chat_models,
        mask_personal_data: input.mask_personal_data,
        set_by: authority.account(),
    };
    if work.version() != seen_version {
        return Err(Error::VersionMismatch);
    }
    match set_budget(work.state(), &command)? {
        Some(event) => {
            work.record(&event, context, &Actor::account(authority.account()))?;
            work.commit(store).await
        }
        None => Ok(work.finish()?.1),
    }
}
