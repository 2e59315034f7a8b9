//! Sets a tenant's budgets for models: one read, one write, and a read for each fine-tuned model that is named.

use super::registry::{ModelUse, Registry};
use application_core::command::{ChangeOrCreate, Command, Idempotency, change_or_create};
use application_core::repository::{self, Actor};
use application_core::{Context, Error, Precondition};
use domain::ai::fine_tune::FineTune;
use domain::ai::{AiBudget, BudgetFields, ChainStep, FineTunedModel, Limits, set_budget};
use domain::authority::{Authority, ManageBudget};
use domain::field::InvalidFields;
use domain::id::OrganizationId;
use domain::{AggregateType, Timestamp, Versioned};
use futures_util::future::try_join_all;
use ports::{AggregateKey, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// The limits in a caller's form: decimals in US dollars.
#[derive(Debug, Clone, Copy)]
pub struct BudgetInput<'a> {
    /// The limit of the tenant for a month.
    pub tenant_month_usd: &'a str,
    /// The limit of the tenant for a day.
    pub tenant_day_usd: &'a str,
    /// The limit of each account for a day.
    pub user_day_usd: &'a str,
    /// The limits of features for a month, by the features' names.
    pub feature_month_usd: &'a BTreeMap<String, String>,
    /// The expected cost of a month.
    pub expected_month_usd: &'a str,
    /// The only models that may be asked; `None` for all.
    pub allowed_models: Option<&'a [String]>,
    /// The tenant's own chains: features by name, each with its steps.
    pub chains: &'a BTreeMap<String, Vec<String>>,
    /// Whether personal data is masked for providers.
    pub mask_personal_data: bool,
}

/// The replacement of a budget.
pub struct BudgetReplacement<'a> {
    /// The versions of the budget that may be replaced; 0 is a budget that was never changed.
    pub precondition: &'a Precondition,
    /// The new fields.
    pub input: &'a BudgetInput<'a>,
    /// Refuses members that a caller can't set and that differ from the budget's version and time of its last change.
    pub check: &'a (dyn Fn(u64, Option<Timestamp>) -> Result<(), InvalidFields> + Sync),
}

/// Checks the fields of a budget. Fine-tuned models are taken at their names, because their fine-tunes are not read here.
pub fn check_budget(registry: &Registry, input: &BudgetInput<'_>) -> Result<(), InvalidFields> {
    checked(registry, &fine_tuned_models(registry, input), input).map(drop)
}

/// Replaces the budget if its version is one that the caller names.
pub async fn update_budget(
    store: &dyn Store,
    registry: &Registry,
    context: &Context,
    authority: &Authority<ManageBudget>,
    replacement: &BudgetReplacement<'_>,
) -> Result<Versioned<AiBudget>, Error> {
    let tenant = authority.tenant();
    let named = fine_tuned_models(registry, replacement.input);
    let mut limits = checked(registry, &named, replacement.input)?;
    if !named.is_empty() {
        // They are read only now, because the check bounds their number. The second one names the fields with those
        // that the organization does not have.
        limits = checked(registry, &askable(store, tenant, named).await?, replacement.input)?;
    }
    let actor = Actor::account(authority.account());
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let update = ChangeOrCreate {
        key: AggregateKey::new(tenant, AggregateType::AiBudget, &tenant),
        precondition: replacement.precondition,
        decide: &|budget: Option<&Versioned<AiBudget>>| {
            let version = budget.map_or(0, |budget| budget.version);
            let current = budget.map(|budget| &budget.state);
            (replacement.check)(version, current.map(|budget| budget.updated_at))?;
            let event = set_budget(current, limits.clone(), authority.account());
            Ok(event.into_iter().collect())
        },
    };
    let after = change_or_create(&command, &update).await?.after;
    // Setting a budget for the first time is a change, even if it is set to the default.
    Ok(after.ok_or(StoreError::Malformed("a budget that was set and is not there"))?)
}

/// The fine-tuned models that allow-list and chains name, each once.
fn fine_tuned_models(registry: &Registry, input: &BudgetInput<'_>) -> BTreeSet<FineTunedModel> {
    let steps = input.chains.values().flatten().filter_map(|step| ChainStep::parse(step).ok());
    let parts = steps.flat_map(|step| match step {
        ChainStep::Rules => Vec::new(),
        ChainStep::Models(parts) => parts.into_iter().map(|(_, name)| name).collect(),
    });
    let names = input.allowed_models.unwrap_or_default().iter().cloned().chain(parts);
    let known = names.filter(|name| registry.named(name).is_ok());
    known.filter_map(|name| FineTunedModel::parse(&name)).collect()
}

/// Those of them that the organization has and that can be asked: one read for each.
async fn askable(
    store: &dyn Store,
    tenant: OrganizationId,
    named: BTreeSet<FineTunedModel>,
) -> Result<BTreeSet<FineTunedModel>, Error> {
    let reads = named.into_iter().map(|name| async move {
        let key = AggregateKey::new(tenant, AggregateType::FineTune, &name.fine_tune);
        let found = repository::load::<FineTune>(store, &key).await?;
        Ok::<_, Error>(found.and_then(|found| found.state.model()).filter(|model| *model == name))
    });
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}

/// The limits, when all fields are valid. `trained` are the fine-tuned models that exist.
fn checked(
    registry: &Registry,
    trained: &BTreeSet<FineTunedModel>,
    input: &BudgetInput<'_>,
) -> Result<Limits, InvalidFields> {
    let ids = |chat: bool| -> BTreeSet<String> {
        let models = registry.models().iter().filter(|model| !chat || model.usage == ModelUse::Chat);
        models.map(|model| model.id.clone()).chain(trained.iter().map(ToString::to_string)).collect()
    };
    let fields = BudgetFields {
        tenant_month_usd: input.tenant_month_usd,
        tenant_day_usd: input.tenant_day_usd,
        user_day_usd: input.user_day_usd,
        feature_month_usd: input.feature_month_usd,
        expected_month_usd: input.expected_month_usd,
        allowed_models: input.allowed_models,
        known_models: &ids(false),
        chains: input.chains,
        chat_models: &ids(true),
        mask_personal_data: input.mask_personal_data,
    };
    fields.limits()
}
