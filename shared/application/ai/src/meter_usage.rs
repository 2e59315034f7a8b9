//! Adds a request to the usage of its month, and reports once when the month's costs reach a percentage of the expected
//! cost. The count and the report are recorded apart, so the next delivery completes one that was cut off between the
//! two.

use application_core::command::{ChangeOrCreate, Command, Idempotency, change_or_create};
use application_core::repository::{self, Actor};
use application_core::{Context, Error, Precondition};
use domain::ai::{AiBudget, AiMonth, Limits, Month, MonthCosts, report_thresholds};
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, AiUsage, MeteredRequest, Store};

/// Counts the request unless it was counted before; true when it was counted now.
pub async fn meter_usage(
    usage: &dyn AiUsage,
    store: &dyn Store,
    context: &Context,
    request: &MeteredRequest,
) -> Result<bool, Error> {
    let added = usage.add(request).await?;
    // A request at cost 0 reaches no percentage.
    if request.metered.cost_nano_usd > 0 {
        tell_thresholds(usage, store, context, request).await?;
    }
    Ok(added)
}

async fn tell_thresholds(
    usage: &dyn AiUsage,
    store: &dyn Store,
    context: &Context,
    request: &MeteredRequest,
) -> Result<(), Error> {
    let (tenant, month) = (request.tenant, Month::of(request.at));
    let budget = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let (cost, budget) = futures_util::future::try_join(
        usage.month_cost(tenant, &month),
        repository::load::<AiBudget>(store, &budget),
    )
    .await?;
    let (expected, set_by) = match budget {
        Some(budget) => (budget.state.limits.expected_month, Some(budget.state.set_by)),
        None => (Limits::default().expected_month, None),
    };
    let costs = MonthCosts { month, cost, expected, set_by };
    // For most requests nothing more is read.
    if costs.reached().next().is_none() {
        return Ok(());
    }
    let actor = Actor::system("meter-ai-usage");
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let telling = ChangeOrCreate {
        key: AggregateKey::new(tenant, AggregateType::AiMonth, &costs.month.id()),
        precondition: &Precondition::NONE,
        decide: &|told: Option<&Versioned<AiMonth>>| {
            Ok(report_thresholds(told.map(|told| &told.state), &costs))
        },
    };
    change_or_create(&command, &telling).await.map(drop)
}
