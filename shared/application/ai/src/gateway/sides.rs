//! The sides of split steps that several subjects of an organization get. A caller that serves several subjects with one
//! prompt needs them before it asks.

use super::chained_fine_tunes::{chained_fine_tunes, look_up_chained};
use super::parts::AiGateway;
use super::terms::own_chain;
use crate::ask::Requester;
use crate::chain::Chain;
use application_core::{Context, Error};
use domain::ai::Feature;
use ports::RequestLookup;
use std::collections::HashMap;

/// The side of a subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubjectSide {
    /// The assigned model of the first split step; none when no step is split.
    pub variant: Option<String>,
    /// The models that are asked, in their order.
    pub models: Vec<String>,
}

/// For each hashed subject, its assigned variant and the models that a request of this feature would ask: subjects with the
/// same of both may share a prompt. All are alike unless the organization has a chain of its own with a split step, because a configured
/// split depends on the organization alone. This is one read at no cost, and another one where the chain has
/// fine-tuned models; requests read the chain again, so that a
/// chain that changes in between is followed by the whole prompt.
pub async fn models_by_subject(
    gateway: &AiGateway,
    context: &Context,
    asker: &Requester,
    (feature, configured): (Feature, &Chain),
    subjects: &[String],
) -> Result<Vec<SubjectSide>, Error> {
    let tenant = asker.tenant;
    let wanted = RequestLookup { tenant, cache: None, models: &[], now: context.now, fine_tunes: &[] };
    let found = gateway.state.look_up(&wanted).await?;
    let chained = chained_fine_tunes(gateway, found.budget.as_ref(), feature, configured);
    let fine_tunes = if chained.is_empty() {
        Vec::new()
    } else {
        look_up_chained(gateway, context, tenant, &chained, &mut HashMap::new()).await?
    };
    let registry = gateway.registry.with_fine_tunes(&fine_tunes);
    let limits = found.budget.map(|budget| budget.limits).unwrap_or_default();
    let own = own_chain(gateway, &registry, &limits, feature, configured).filter(Chain::is_split);
    let side = |subject: &String| {
        let models = own.as_ref().map(|own| own.models(subject)).unwrap_or_default();
        SubjectSide {
            variant: own.as_ref().and_then(|own| own.variant(subject)).map(|variant| variant.model),
            models: models.into_iter().map(|model| model.id.clone()).collect(),
        }
    };
    Ok(subjects.iter().map(side).collect())
}
