//! Chains of models by feature.

use super::{ConfiguredProvider, ModelCatalog};
use crate::ai::{ChainStep, Feature};
use crate::field::FieldChecks;
use std::collections::BTreeMap;

/// The most steps of a chain. A chain may name a model of each geography; a deployment calls only those that it can
/// reach.
const MOST_STEPS: usize = 20;
/// The features for which functions call models.
const NEEDED: [Feature; 2] = [Feature::LeadScoring, Feature::Completion];

/// The models that chains may name.
struct Callable<'a> {
    catalog: Option<&'a ModelCatalog>,
    providers: &'a [ConfiguredProvider],
}

pub(super) fn checked(
    check: &mut FieldChecks,
    unknown: &mut FieldChecks,
    written: BTreeMap<String, Vec<String>>,
    catalog: Option<&ModelCatalog>,
    providers: &[ConfiguredProvider],
) -> BTreeMap<Feature, Vec<ChainStep>> {
    let callable = Callable { catalog, providers };
    let mut chains = BTreeMap::new();
    for (name, steps) in written {
        let field = format!("chains.{name}");
        match Feature::from_name(&name).filter(|feature| feature.has_chain()) {
            Some(feature) => {
                chains.insert(feature, chain(check, unknown, &field, feature, &steps, &callable));
            }
            None => unknown.wrong(&field, "unknown", "is no feature that a chain of models answers"),
        }
    }
    for feature in NEEDED.into_iter().filter(|feature| !chains.contains_key(feature)) {
        check.wrong(&format!("chains.{}", feature.as_str()), "required", "must be there: functions ask it");
    }
    chains
}

/// The steps of a chain without the models that functions can't call.
fn chain(
    check: &mut FieldChecks,
    unknown: &mut FieldChecks,
    field: &str,
    feature: Feature,
    steps: &[String],
    callable: &Callable<'_>,
) -> Vec<ChainStep> {
    if !(1..=MOST_STEPS).contains(&steps.len()) {
        check.wrong(field, "range", format!("must have 1 to {MOST_STEPS} steps"));
    }
    let mut kept = Vec::with_capacity(steps.len());
    for (at, text) in steps.iter().enumerate() {
        let field = format!("{field}.{at}");
        match ChainStep::parse(text) {
            Ok(ChainStep::Rules) if !feature.has_rules() => {
                check.wrong(&field, "unknown", "must be a model: the feature has no rule engine");
            }
            Ok(ChainStep::Rules) if at + 1 < steps.len() => {
                check.wrong(&field, "format", "must be the last step: rules always answer");
            }
            Ok(ChainStep::Rules) => kept.push(ChainStep::Rules),
            Ok(ChainStep::Models(mut parts)) => {
                parts.retain(|(_, model)| match callable.fault(model) {
                    None => true,
                    Some((code, message)) => {
                        unknown.wrong(&field, code, message);
                        false
                    }
                });
                if !parts.is_empty() {
                    kept.push(ChainStep::Models(parts));
                }
            }
            Err(_) => {
                check.wrong(&field, "format", "must be split like model:90|other:10, with weights 1 to 1000");
            }
        }
    }
    kept
}

impl Callable<'_> {
    /// Why functions can't call a model, as a code and a message.
    fn fault(&self, model: &str) -> Option<(&'static str, &'static str)> {
        let served = || self.providers.iter().any(|provider| provider.models.iter().any(|it| it == model));
        match self.catalog?.get(model) {
            None => Some(("unknown", "names a model that is not in models.json")),
            Some(known) if !known.converses => Some(("format", "names a model that does not converse")),
            Some(known) if known.openai_compatible && !served() => {
                Some(("unknown", "names a model that no provider of this document serves"))
            }
            Some(_) => None,
        }
    }
}
