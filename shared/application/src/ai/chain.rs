//! Which models answer for a feature, in which order. A chain is written `first,second,rules`; a step may be split by
//! weight, `first:90|other:10`, to compare models: the same tenant or lead always gets the same one.

use super::registry::{Model, ModelUse, Registry, UnknownModel};

/// What a chain names the rules engine by.
const RULES: &str = "rules";

/// A chain can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A model is not in the registry.
    #[error(transparent)]
    Unknown(#[from] UnknownModel),
    /// A step is split, and a part has no weight from 1 to 1000.
    #[error("a part of the step {0} has no weight from 1 to 1000, like model:90|other:10")]
    Weight(String),
    /// A model does not converse.
    #[error("the model {0} does not converse")]
    NotChat(String),
}

/// The models of a feature.
#[derive(Debug, Clone)]
pub struct Chain {
    steps: Vec<Vec<(u64, Model)>>,
    rules: bool,
}

impl Chain {
    /// Reads a chain. Nothing comes after `rules`, which always answers; empty steps are left out.
    pub fn parse(text: &str, registry: &Registry) -> Result<Self, ChainError> {
        let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let models = names.iter().take_while(|name| **name != RULES);
        let steps = models.map(|step| parts(step, registry)).collect::<Result<_, _>>()?;
        Ok(Self { steps, rules: names.contains(&RULES) })
    }

    /// A chain of one model.
    pub fn of(model: &Model) -> Self {
        Self { steps: vec![vec![(1, model.clone())]], rules: false }
    }

    /// Whether the rules engine answers when no model does.
    pub fn has_rules(&self) -> bool {
        self.rules
    }

    /// The models to ask, one for each step; `sticky` decides where a step is split. A model that several steps lead to is
    /// asked once.
    pub fn models(&self, sticky: &str) -> Vec<&Model> {
        let mut models: Vec<&Model> = Vec::with_capacity(self.steps.len());
        for model in self.steps.iter().enumerate().filter_map(|(at, parts)| choose(parts, at, sticky)) {
            if models.iter().all(|other| other.id != model.id) {
                models.push(model);
            }
        }
        models
    }
}

/// The parts of a step with their weights. A model's identifier may hold colons, so a weight is what stands after the last
/// one, and only where a step is split.
fn parts(step: &str, registry: &Registry) -> Result<Vec<(u64, Model)>, ChainError> {
    let chat = |id: &str| -> Result<Model, ChainError> {
        let model = registry.model(id)?;
        match model.usage {
            ModelUse::Chat => Ok(model.clone()),
            ModelUse::Embeddings => Err(ChainError::NotChat(id.to_owned())),
        }
    };
    if !step.contains('|') {
        return Ok(vec![(1, chat(step)?)]);
    }
    let part = |part: &str| {
        let (id, weight) = part.rsplit_once(':').ok_or_else(|| ChainError::Weight(step.to_owned()))?;
        let weight = weight.parse().ok().filter(|weight| (1..=1000).contains(weight));
        Ok((weight.ok_or_else(|| ChainError::Weight(step.to_owned()))?, chat(id.trim())?))
    };
    step.split('|').map(str::trim).map(part).collect()
}

fn choose<'a>(parts: &'a [(u64, Model)], step: usize, sticky: &str) -> Option<&'a Model> {
    let total: u64 = parts.iter().map(|(weight, _)| weight).sum();
    let mut hash = blake3::Hasher::new();
    hash.update(&(step as u64).to_be_bytes()).update(sticky.as_bytes());
    let mut bytes = [0; 8];
    hash.finalize_xof().fill(&mut bytes);
    let mut point = u64::from_be_bytes(bytes).checked_rem(total)?;
    for (weight, model) in parts {
        match point.checked_sub(*weight) {
            Some(rest) => point = rest,
            None => return Some(model),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    const NOVA: &str = "amazon.nova-pro-v1:0";

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
        // Whoever gets the second model at once has no other to fall back to.
        assert!(names.iter().all(|name| chain.models(name).len() == usize::from(first(name) != NOVA) + 1));
        assert!(chain.has_rules());
    }

    #[test]
    fn a_chain_that_can_t_be_used_says_why() {
        assert!(matches!(chain("no-such-model"), Err(ChainError::Unknown(_))));
        for wrong in
            [format!("{SONNET}|{NOVA}"), format!("{SONNET}:0|{NOVA}:1"), format!("{SONNET}:x|{NOVA}:1")]
        {
            assert!(matches!(chain(&wrong), Err(ChainError::Weight(_) | ChainError::Unknown(_))), "{wrong}");
        }
        assert!(matches!(chain("amazon.titan-embed-text-v2:0"), Err(ChainError::NotChat(_))));
    }
}
