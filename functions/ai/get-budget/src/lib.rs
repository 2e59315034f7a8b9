//! `GET /v1/ai/budgets`: the organization's budgets for models, and the amounts spent.

use application_ai as ai;
use application_ai::BudgetView;
use contracts::ai::{BudgetAndSpent, SpentAmounts};
use domain::ai::decimal_usd;
use domain::authority::{Authority, ReadBudget};
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::{AiState, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetBudget {
    /// Loads budgets.
    pub store: Arc<dyn Store>,
    /// The counters of the amounts spent.
    pub state: Arc<dyn AiState>,
}

impl Route for GetBudget {
    type Permission = ReadBudget;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ReadBudget>) -> RouteFuture<'a> {
        let context = request.context();
        Ok(Box::pin(async move {
            let view = ai::get_budget(self.store.as_ref(), self.state.as_ref(), &context, &authority).await?;
            // The version is that of the budget, for `If-Match`. The amounts spent change while the version stays the same.
            Ok(Response::json(200, &body(&view))?.with_etag(view.version).without_revalidation())
        }))
    }
}

fn body(view: &BudgetView) -> BudgetAndSpent {
    let spent = &view.spent;
    let features = spent.feature_month.iter().map(|(feature, spent)| (*feature, spent.settled));
    BudgetAndSpent {
        budget: presentation::budget(&view.limits, view.version, view.updated_at),
        spent: SpentAmounts {
            tenant_month_usd: decimal_usd(spent.tenant_month.settled),
            tenant_day_usd: decimal_usd(spent.tenant_day.settled),
            user_day_usd: decimal_usd(spent.user_day.settled),
            feature_month_usd: presentation::feature_dollars(features),
        },
    }
}
