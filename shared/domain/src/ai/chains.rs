//! A tenant's own chains: the models of a feature, in the order in which they are asked. A chain can only contain
//! models of the allow-list.

use super::budget::is_allowed;
use super::{ChainStep, Feature};
use crate::field::FieldChecks;
use std::collections::{BTreeMap, BTreeSet};

/// The most steps of a chain. Each step shortens the time of the steps before it.
const MOST_STEPS: usize = 5;
/// The most models among which a step is split.
const MOST_PARTS: usize = 5;

/// Chains by feature, with each step as text.
pub type Chains = BTreeMap<Feature, Vec<String>>;

/// The models that chains may contain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'a> {
    /// The models that exist.
    pub(super) known: &'a BTreeSet<String>,
    /// Those that converse.
    pub(super) chat: &'a BTreeSet<String>,
    /// The tenant's allow-list.
    pub(super) allowed: Option<&'a BTreeSet<String>>,
}

/// Checks the requested chains. Faults name the feature, and never repeat the text.
pub(super) fn chains(
    check: &mut FieldChecks,
    asked: &BTreeMap<String, Vec<String>>,
    choice: Choice<'_>,
) -> Chains {
    let mut chains = Chains::new();
    for (name, steps) in asked {
        match Feature::from_name(name) {
            Some(feature) if feature.has_chain() => {
                chains.insert(feature, chain(check, feature, steps, choice));
            }
            Some(feature) => {
                let field = format!("chains.{}", feature.as_str());
                check.wrong(&field, "unknown", "has no chain: its caller names the model");
            }
            None => check.wrong("chains", "unknown", Feature::unknown()),
        }
    }
    chains
}

fn chain(check: &mut FieldChecks, feature: Feature, steps: &[String], choice: Choice<'_>) -> Vec<String> {
    let field = format!("chains.{}", feature.as_str());
    if steps.is_empty() {
        check.wrong(
            &field,
            "too_short",
            "must have a step; leave the feature out for the environment's chain",
        );
    }
    if steps.len() > MOST_STEPS {
        check.wrong(&field, "too_long", format!("must be at most {MOST_STEPS} steps"));
        return Vec::new();
    }
    let mut kept = Vec::with_capacity(steps.len());
    for (at, text) in steps.iter().enumerate() {
        let field = format!("{field}.{at}");
        match ChainStep::parse(text) {
            Ok(step) => {
                let last = at + 1 == steps.len();
                step_faults(&step, feature, last, choice)
                    .iter()
                    .for_each(|(code, message)| check.wrong(&field, code, *message));
                kept.push(step.text());
            }
            Err(_) => {
                check.wrong(&field, "format", "must be split like model:90|other:10, with weights 1 to 1000")
            }
        }
    }
    kept
}

fn step_faults(
    step: &ChainStep,
    feature: Feature,
    last: bool,
    choice: Choice<'_>,
) -> BTreeSet<(&'static str, &'static str)> {
    match step {
        ChainStep::Rules if !feature.has_rules() => {
            [("unknown", "must be a model: the feature has no rule engine")].into()
        }
        ChainStep::Rules if !last => [("format", "must be the last step: rules always answer")].into(),
        ChainStep::Rules => BTreeSet::new(),
        ChainStep::Models(parts) if parts.len() > MOST_PARTS => {
            [("too_long", "must be split among at most 5 models")].into()
        }
        ChainStep::Models(parts) if names_a_model_twice(parts) => {
            [("format", "names a model twice; give each model one weight")].into()
        }
        ChainStep::Models(parts) => {
            parts.iter().filter_map(|(_, model)| model_fault(model, choice)).collect()
        }
    }
}

fn names_a_model_twice(parts: &[(u64, String)]) -> bool {
    let models: BTreeSet<&String> = parts.iter().map(|(_, model)| model).collect();
    models.len() < parts.len()
}

fn model_fault(model: &String, choice: Choice<'_>) -> Option<(&'static str, &'static str)> {
    if !choice.known.contains(model) {
        Some(("unknown", "unknown model; GET /v1/ai/models lists the known ones"))
    } else if !choice.chat.contains(model) {
        Some(("format", "names a model that is not for conversations"))
    } else if choice.allowed.is_some_and(|allowed| !is_allowed(model, allowed)) {
        Some(("not_allowed", "names a model that is not in allowed_models"))
    } else {
        None
    }
}
