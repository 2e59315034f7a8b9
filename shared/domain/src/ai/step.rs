//! A step of a chain of models, as text: one model, several split by weight (`model:90|other:10`), or `rules`.

/// The name of the rules engine in a chain.
const RULES: &str = "rules";
/// The largest weight of a part.
const HEAVIEST: u64 = 1000;

/// A step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainStep {
    /// The rules engine, which always gives a result.
    Rules,
    /// One of these models, by weight; one alone has the weight 1.
    Models(Vec<(u64, String)>),
}

/// The step is split, and a part has no weight from 1 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a part of a split step has no weight from 1 to 1000, like model:90|other:10")]
pub struct NoWeight;

impl ChainStep {
    /// Reads a step. A model's id may contain colons, so the weight is the part after the last colon, and only in a
    /// split step.
    pub fn parse(text: &str) -> Result<Self, NoWeight> {
        let text = text.trim();
        if text == RULES {
            return Ok(Self::Rules);
        }
        if !text.contains('|') {
            return Ok(Self::Models(vec![(1, text.to_owned())]));
        }
        let part = |part: &str| {
            let (id, weight) = part.rsplit_once(':').ok_or(NoWeight)?;
            let weight = weight.parse().ok().filter(|weight| (1..=HEAVIEST).contains(weight));
            Ok((weight.ok_or(NoWeight)?, id.trim().to_owned()))
        };
        text.split('|').map(str::trim).map(part).collect::<Result<_, _>>().map(Self::Models)
    }

    /// The step as text, in one canonical form.
    pub fn text(&self) -> String {
        match self {
            Self::Rules => RULES.to_owned(),
            Self::Models(parts) => match parts.as_slice() {
                [(_, only)] => only.clone(),
                parts => {
                    let parts: Vec<String> =
                        parts.iter().map(|(weight, id)| format!("{id}:{weight}")).collect();
                    parts.join("|")
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_rules_or_a_model_or_models_by_weight() {
        assert_eq!(ChainStep::parse(" rules "), Ok(ChainStep::Rules));
        // A single model's colons are part of its id.
        let one = ChainStep::Models(vec![(1, "nova:0".to_owned())]);
        assert_eq!(ChainStep::parse("nova:0"), Ok(one.clone()));
        let split = ChainStep::Models(vec![(90, "nova:0".to_owned()), (10, "rules".to_owned())]);
        assert_eq!(ChainStep::parse(" nova:0:90 | rules:10"), Ok(split.clone()));
        for step in [ChainStep::Rules, one, split] {
            assert_eq!(ChainStep::parse(&step.text()), Ok(step));
        }
        for wrong in ["a|b", "a:0|b:1", "a:1|b:1001", "a:x|b:1", "a:1|"] {
            assert_eq!(ChainStep::parse(wrong), Err(NoWeight), "{wrong}");
        }
    }
}
