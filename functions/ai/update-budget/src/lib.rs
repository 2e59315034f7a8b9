//! `PUT /v1/ai/budgets`: sets the organization's budgets, the models that it may ask, its chains, and whether personal
//! data is masked.

use application_ai as ai;
use application_ai::{BudgetInput, BudgetReplacement, Registry, check_budget};
use application_core::Configured;
use contracts::ai::ReplaceBudgetRequest;
use domain::authority::{Authority, ManageBudget};
use edge::http::{Replacement, unchanged};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use serde_json::json;
use std::sync::Arc;

/// The member with the amounts spent, which `GET` answers beside the budget.
const SPENT: &str = "spent";
/// Members that a client can read but not set.
const READ_ONLY: [&str; 3] = ["version", "updated_at", SPENT];

/// The handler and its ports.
pub struct UpdateBudget {
    /// Loads budgets.
    pub store: Arc<dyn Store>,
    /// The model registry.
    pub registry: Configured<Registry>,
}

impl Route for UpdateBudget {
    type Permission = ManageBudget;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ManageBudget>) -> RouteFuture<'a> {
        let registry = self.registry.current();
        let judge = |body: &ReplaceBudgetRequest| check_budget(&registry, &input(body));
        let Replacement { body, mut read_only } = request.replacement(&READ_ONLY, judge)?;
        // It grows with each request to a model and has no version, so it can't be compared.
        read_only.remove(SPENT);
        let precondition = request.replacement_precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            let replacement = BudgetReplacement {
                precondition: &precondition,
                input: &input(&body),
                check: &|version, updated_at| {
                    let updated_at = updated_at.map(|at| at.to_string());
                    unchanged(&read_only, &json!({"version": version, "updated_at": updated_at}))
                },
            };
            let store = self.store.as_ref();
            let budget = ai::update_budget(store, &registry, &context, &authority, &replacement).await?;
            let (state, version) = (&budget.state, budget.version);
            let body = presentation::budget(&state.limits, version, Some(state.updated_at));
            Ok(Response::json(200, &body)?.with_etag(version))
        }))
    }
}

/// The body as input of the use case.
fn input(body: &ReplaceBudgetRequest) -> BudgetInput<'_> {
    BudgetInput {
        tenant_month_usd: &body.tenant_month_usd,
        tenant_day_usd: &body.tenant_day_usd,
        user_day_usd: &body.user_day_usd,
        feature_month_usd: &body.feature_month_usd,
        expected_month_usd: &body.expected_month_usd,
        allowed_models: body.allowed_models.as_deref(),
        chains: &body.chains,
        mask_personal_data: body.mask_personal_data,
    }
}
