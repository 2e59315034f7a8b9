//! Chains of models by feature.

use super::ModelCatalog;
use crate::ai::{ChainStep, Feature};
use crate::field::FieldChecks;
use std::collections::BTreeMap;

/// The most steps of a chain. A chain may name a model of each geography; a deployment calls only those that it can
/// reach.
const MOST_STEPS: usize = 20;
/// The features for which functions call models.
const NEEDED: [Feature; 2] = [Feature::LeadScoring, Feature::Completion];

pub(super) fn checked(
    check: &mut FieldChecks,
    written: BTreeMap<String, Vec<String>>,
    catalog: Option<&ModelCatalog>,
) -> BTreeMap<Feature, Vec<ChainStep>> {
    let mut chains = BTreeMap::new();
    for (name, steps) in written {
        let field = format!("chains.{name}");
        match Feature::from_name(&name).filter(|feature| feature.has_chain()) {
            Some(feature) => {
                chains.insert(feature, chain(check, &field, feature, &steps, catalog));
            }
            None => check.wrong(&field, "unknown", "is no feature that a chain of models answers"),
        }
    }
    for feature in NEEDED.into_iter().filter(|feature| !chains.contains_key(feature)) {
        check.wrong(&format!("chains.{}", feature.as_str()), "required", "must be there: functions ask it");
    }
    chains
}

fn chain(
    check: &mut FieldChecks,
    field: &str,
    feature: Feature,
    steps: &[String],
    catalog: Option<&ModelCatalog>,
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
            Ok(step) => {
                if let ChainStep::Models(parts) = &step {
                    parts.iter().for_each(|(_, model)| converses(check, &field, model, catalog));
                }
                kept.push(step);
            }
            Err(_) => {
                check.wrong(&field, "format", "must be split like model:90|other:10, with weights 1 to 1000");
            }
        }
    }
    kept
}

fn converses(check: &mut FieldChecks, field: &str, model: &str, catalog: Option<&ModelCatalog>) {
    let Some(catalog) = catalog else { return };
    match catalog.get(model) {
        None => check.wrong(field, "unknown", "names a model that is not in models.json"),
        Some(known) if !known.converses => {
            check.wrong(field, "format", "names a model that does not converse");
        }
        Some(_) => {}
    }
}
