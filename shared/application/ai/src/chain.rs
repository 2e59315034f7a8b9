//! The models of a feature, in the order in which they are asked. A chain is written `first,second,rules`. A step may
//! be split by weight, `first:90|other:10`, to compare models: a subject always gets the same model.

use super::registry::{Model, ModelUse, Registry, UnknownModel};
use super::split_step::SplitStep;
use domain::ai::{AssignedVariant, ChainStep, Feature, NoWeight};

/// The name that a caller gives in the place of a model's to have the deployment's chain asked.
pub const AUTO: &str = "auto";

/// The chain can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A model is not in the registry.
    #[error(transparent)]
    Unknown(#[from] UnknownModel),
    /// The step is split, and a part has no weight from 1 to 1000.
    #[error("the step {step} can't be used")]
    Weight {
        /// The step.
        step: String,
        /// The rule for weights.
        source: NoWeight,
    },
    /// The model is not for conversations.
    #[error("the model {0} is not for conversations")]
    NotChat(String),
}

/// The models of a feature.
#[derive(Debug, Clone)]
pub struct Chain {
    steps: Vec<SplitStep>,
    rules: bool,
    named: bool,
}

impl Chain {
    /// Reads a chain. `rules` always gives a result, so later steps are dropped; empty steps are left out.
    pub fn parse(text: &str, registry: &Registry) -> Result<Self, ChainError> {
        let mut chain = Self { steps: Vec::new(), rules: false, named: false };
        for text in text.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let step = ChainStep::parse(text)
                .map_err(|source| ChainError::Weight { step: text.to_owned(), source })?;
            let ChainStep::Models(parts) = &step else {
                chain.rules = true;
                break;
            };
            let models = parts.iter().map(|(weight, id)| Ok((*weight, chat(registry, id)?)));
            let models = models.collect::<Result<_, ChainError>>()?;
            chain.steps.push(SplitStep::new(&step, parts, models));
        }
        Ok(chain)
    }

    /// A configured chain without the models that the deployment does not have, because a chain may name models of
    /// several geographies. A chain without any model left is logged, because its feature has no answer in this
    /// deployment.
    pub fn configured(steps: &[ChainStep], registry: &Registry, feature: Feature) -> Self {
        let mut chain = Self { steps: Vec::new(), rules: false, named: false };
        for step in steps {
            let ChainStep::Models(parts) = step else {
                chain.rules = true;
                break;
            };
            let here: Vec<(u64, Model)> =
                parts.iter().filter_map(|(weight, id)| Some((*weight, chat(registry, id).ok()?))).collect();
            if !here.is_empty() {
                chain.steps.push(SplitStep::new(step, parts, here));
            }
        }
        if chain.steps.is_empty() && !chain.rules {
            tracing::error!(
                configuration_refused = 1,
                feature = feature.as_str(),
                "the configured chain names no model that this deployment can ask"
            );
        }
        chain
    }

    /// A chain of the one model that the caller named: no other model may answer, whatever the tenant's own chain is.
    pub fn of(model: &Model) -> Self {
        Self { steps: vec![SplitStep::one(model)], rules: false, named: true }
    }

    /// A tenant's stored chain. Models that have left the registry are left out and passed to `missing`. When none of
    /// the named models is left, there is no chain.
    pub(super) fn stored(
        steps: &[String],
        registry: &Registry,
        mut missing: impl FnMut(&str),
    ) -> Option<Self> {
        let mut chain = Self { steps: Vec::new(), rules: false, named: false };
        let mut lost = false;
        for step in steps.iter().filter_map(|text| ChainStep::parse(text).ok()) {
            let ChainStep::Models(parts) = &step else {
                chain.rules = true;
                break;
            };
            let mut kept = Vec::with_capacity(parts.len());
            for (weight, id) in parts {
                match chat(registry, id) {
                    Ok(model) => kept.push((*weight, model)),
                    Err(_) => {
                        lost = true;
                        missing(id);
                    }
                }
            }
            if !kept.is_empty() {
                chain.steps.push(SplitStep::new(&step, parts, kept));
            }
        }
        let usable = if chain.steps.is_empty() { chain.rules && !lost } else { true };
        usable.then_some(chain)
    }

    /// Whether the caller named the model.
    pub(super) fn is_named(&self) -> bool {
        self.named
    }

    /// Whether the rules engine answers when no model does.
    pub fn has_rules(&self) -> bool {
        self.rules
    }

    /// Whether a step is split among models.
    pub(super) fn is_split(&self) -> bool {
        self.steps.iter().any(SplitStep::is_split)
    }

    /// The models to ask, one for each step; `subject` decides the side of a split step. A model of several steps is
    /// asked once.
    pub fn models(&self, subject: &str) -> Vec<&Model> {
        let mut models: Vec<&Model> = Vec::with_capacity(self.steps.len());
        for model in self.steps.iter().filter_map(|step| step.model_of(subject)) {
            if models.iter().all(|other| other.id != model.id) {
                models.push(model);
            }
        }
        models
    }

    /// The side of the first split step that the subject is assigned to; none when no step is split.
    pub fn variant(&self, subject: &str) -> Option<AssignedVariant> {
        let step = self.steps.iter().find(|step| step.is_split())?;
        let model = step.model_of(subject)?.id.clone();
        Some(AssignedVariant { experiment: step.text().to_owned(), model })
    }
}

/// A model that converses.
fn chat(registry: &Registry, id: &str) -> Result<Model, ChainError> {
    let model = registry.model(id)?;
    match model.usage {
        ModelUse::Chat => Ok(model.clone()),
        ModelUse::Embeddings => Err(ChainError::NotChat(id.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    const NOVA: &str = "amazon.nova-pro-v1:0";
    const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

    fn chain(text: &str) -> Result<Chain, ChainError> {
        Chain::parse(text, &Registry::shipped().unwrap())
    }

    #[test]
    fn a_split_step_gives_each_its_share_and_always_the_same_to_one() {
        let chain = chain(&format!("{SONNET}:900|{NOVA}:100,{NOVA},rules")).unwrap();
        let first = |sticky: &str| chain.models(sticky)[0].id.clone();
        let names: Vec<String> = (0..2000).map(|n| format!("lead_{n}")).collect();
        let nova = names.iter().filter(|name| first(name) == NOVA).count();
        assert!((120..280).contains(&nova), "{nova} of 2000 where 200 were asked for");
        assert!(names.iter().all(|name| first(name) == first(name)));
        // A tenant that gets the second model at once has no other model to fall back to.
        assert!(names.iter().all(|name| chain.models(name).len() == usize::from(first(name) != NOVA) + 1));
        assert!(chain.has_rules());
    }

    #[test]
    fn the_first_split_step_is_the_experiment_and_its_side_the_variant() {
        let plain = chain(&format!("{SONNET},{NOVA}")).unwrap();
        assert!(!plain.is_split());
        assert_eq!(plain.variant("anybody"), None);
        let split = chain(&format!("{HAIKU}, {SONNET}:9 | {NOVA}:1 ,{HAIKU}:1|{NOVA}:1")).unwrap();
        assert!(split.is_split());
        for subject in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            let variant = split.variant(subject).unwrap();
            assert_eq!(variant.experiment, format!("{SONNET}:9|{NOVA}:1"));
            assert_eq!(variant.model, split.models(subject)[1].id);
        }
        // A step of which the deployment has one model is no experiment there.
        let registry = Registry::shipped().unwrap();
        let kept = Chain::stored(&[format!("gone:9|{NOVA}:1")], &registry, |_| {}).unwrap();
        assert_eq!((kept.is_split(), kept.variant("a")), (false, None));
        assert_eq!(kept.models("a")[0].id, NOVA);
    }

    #[test]
    fn a_configured_chain_keeps_what_the_deployment_can_ask() {
        let steps: Vec<ChainStep> =
            ["us.amazon.nova-pro-v1:0", "eu.amazon.nova-pro-v1:0:9|gpt-4o-mini:1", "rules"]
                .iter()
                .map(|step| ChainStep::parse(step).unwrap())
                .collect();
        let all = Registry::shipped().unwrap();
        let europe =
            all.configured(&domain::configuration::RuntimeConfiguration::default(), "eu-west-1", false);
        let chain = Chain::configured(&steps, &europe, Feature::LeadScoring);
        let models: Vec<&str> = chain.models("x").into_iter().map(|model| model.id.as_str()).collect();
        assert_eq!((models, chain.has_rules()), (vec!["eu.amazon.nova-pro-v1:0"], true));
        let american = Chain::configured(&steps[..1], &europe, Feature::Completion);
        assert!(american.models("x").is_empty() && !american.has_rules());
    }

    #[test]
    fn a_chain_that_can_t_be_used_says_why() {
        assert!(matches!(chain("no-such-model"), Err(ChainError::Unknown(_))));
        for wrong in
            [format!("{SONNET}|{NOVA}"), format!("{SONNET}:0|{NOVA}:1"), format!("{SONNET}:x|{NOVA}:1")]
        {
            assert!(
                matches!(chain(&wrong), Err(ChainError::Weight { .. } | ChainError::Unknown(_))),
                "{wrong}"
            );
        }
        assert!(matches!(chain("amazon.titan-embed-text-v2:0"), Err(ChainError::NotChat(_))));
    }
}
