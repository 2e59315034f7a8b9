//! Wires `update-budget` to AWS.

use edge::{Authorized, Handler, Uncounted};
use std::process::ExitCode;
use std::sync::Arc;
use update_budget::UpdateBudget;
use wiring_ai_models::DeployedModels;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("update-budget", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            // Models that this deployment can't call are refused, because the gateway would pass them over without an
            // error.
            let DeployedModels { registry, .. } = DeployedModels::follow(&base).await?;
            // Nothing in a budget is personal, so there is nothing to seal.
            let store = Arc::new(base.store()?);
            let route = UpdateBudget { store: store.clone(), registry };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
