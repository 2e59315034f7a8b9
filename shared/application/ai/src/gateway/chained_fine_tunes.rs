//! The fine-tuned models that an organization's own chain names.

use super::parts::{AiGateway, model_name};
use crate::chain::Chain;
use crate::registry::Model;
use application_core::{Context, Error};
use domain::ai::fine_tune::FineTune;
use domain::ai::{AiBudget, ChainStep, Feature};
use domain::id::{FineTuneId, OrganizationId};
use ports::{Breaker, ModelName, RequestLookup};
use std::borrow::Cow;
use std::collections::HashMap;

/// The fine-tuned models of the organization's own chain. They are known only after the first look-up.
pub(super) fn chained_fine_tunes(
    gateway: &AiGateway,
    budget: Option<&AiBudget>,
    feature: Feature,
    configured: &Chain,
) -> Vec<Model> {
    let chains = budget.filter(|_| !configured.is_named()).map(|budget| &budget.limits.chains);
    let steps = chains.and_then(|chains| chains.get(&feature));
    let mut models: Vec<Model> = Vec::new();
    for name in steps.into_iter().flatten().filter_map(|step| ChainStep::parse(step).ok()).flat_map(names) {
        let model = gateway.registry.named(&name).ok().filter(|model| model.fine_tune().is_some());
        models.extend(model.map(Cow::into_owned).filter(|model| models.iter().all(|it| it.id != model.id)));
    }
    models
}

/// The models that a step names.
fn names(step: ChainStep) -> Vec<String> {
    match step {
        ChainStep::Rules => Vec::new(),
        ChainStep::Models(parts) => parts.into_iter().map(|(_, name)| name).collect(),
    }
}

/// Reads the fine-tunes of the organization's own chain and the breakers of their models: one more batch read, for
/// organizations whose chain has a fine-tuned model alone.
pub(super) async fn look_up_chained(
    gateway: &AiGateway,
    context: &Context,
    tenant: OrganizationId,
    models: &[Model],
    breakers: &mut HashMap<String, Breaker>,
) -> Result<Vec<FineTune>, Error> {
    let names: Vec<ModelName> = models.iter().map(model_name).collect();
    let ids: Vec<FineTuneId> = models.iter().filter_map(Model::fine_tune).collect();
    let wanted = RequestLookup { tenant, cache: None, models: &names, now: context.now, fine_tunes: &ids };
    let found = gateway.state.look_up(&wanted).await?;
    breakers.extend(names.into_iter().map(|name| name.model).zip(found.breakers));
    Ok(found.fine_tunes)
}
