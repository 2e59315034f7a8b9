//! Reads a tenant's budgets for models and the amounts spent.

use application_core::{Context, Error, repository};
use domain::AggregateType;
use domain::ai::{AiBudget, Limits};
use domain::authority::{Authority, ReadBudget};
use domain::{Timestamp, Versioned};
use ports::{AggregateKey, AiState, SpentByScope, Store};

/// A budget and the amounts spent.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetView {
    /// The limits.
    pub limits: Limits,
    /// The number of changes so far; 0 while the limits are those of a new tenant.
    pub version: u64,
    /// When it was last changed, if it ever was.
    pub updated_at: Option<Timestamp>,
    /// The amounts spent in the month and on the day; the account's day is the caller's.
    pub spent: SpentByScope,
}

/// Reads the budget and the amounts spent, both at the same time.
pub async fn get_budget(
    store: &dyn Store,
    state: &dyn AiState,
    context: &Context,
    authority: &Authority<ReadBudget>,
) -> Result<BudgetView, Error> {
    let tenant = authority.tenant();
    let key = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let budget = async { Ok::<_, Error>(repository::load::<AiBudget>(store, &key).await?) };
    let spent = async { Ok(state.spent(tenant, authority.account(), context.now).await?) };
    let (budget, spent) = futures_util::future::try_join(budget, spent).await?;
    Ok(match budget {
        Some(Versioned { state, version }) => {
            BudgetView { limits: state.limits, version, updated_at: Some(state.updated_at), spent }
        }
        None => BudgetView { limits: Limits::default(), version: 0, updated_at: None, spent },
    })
}
