//! A step of a chain, and the side of it that a subject gets when it is split by weight. A subject gets the same side
//! each time, and the sides of two experiments have nothing to do with each other.

use super::registry::Model;
use domain::ai::ChainStep;

/// The context in which the points of subjects are hashed (BLAKE3's key derivation).
const POINT: &str = "sextant 2026-11 ai split point";

/// A step of a chain: one model, or several by weight.
#[derive(Debug, Clone)]
pub(super) struct SplitStep {
    /// The step as it was written, in its canonical form.
    text: String,
    /// The hash of the models as they were written, without their weights, so that a changed weight moves only subjects
    /// between the old and the new share.
    experiment: [u8; 32],
    /// The models that can be asked, with their weights; never empty.
    models: Vec<(u64, Model)>,
}

impl SplitStep {
    /// The step `step` with the parts `written`, of which `models` can be asked.
    pub(super) fn new(step: &ChainStep, written: &[(u64, String)], models: Vec<(u64, Model)>) -> Self {
        let mut names = blake3::Hasher::new();
        for (_, name) in written {
            names.update(&(name.len() as u64).to_be_bytes()).update(name.as_bytes());
        }
        Self { text: step.text(), experiment: *names.finalize().as_bytes(), models }
    }

    /// A step of one model.
    pub(super) fn one(model: &Model) -> Self {
        Self { text: model.id.clone(), experiment: [0; 32], models: vec![(1, model.clone())] }
    }

    /// The step as text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether subjects can get different models.
    pub(super) fn is_split(&self) -> bool {
        self.models.len() > 1
    }

    /// The model of a subject. Its hash is a point between 0 and 1, and the weights divide that range in their order.
    /// Of two models, raising the weight of one moves the border between them and no other subject than those between
    /// the old border and the new one.
    pub(super) fn model_of(&self, subject: &str) -> Option<&Model> {
        let mut hash = blake3::Hasher::new_derive_key(POINT);
        hash.update(&self.experiment).update(subject.as_bytes());
        let mut bytes = [0; 8];
        hash.finalize_xof().fill(&mut bytes);
        let total: u64 = self.models.iter().map(|(weight, _)| weight).sum();
        let point = (u128::from(u64::from_be_bytes(bytes)) * u128::from(total)) >> u64::BITS;
        let mut point = u64::try_from(point).ok()?;
        for (weight, model) in &self.models {
            match point.checked_sub(*weight) {
                Some(rest) => point = rest,
                None => return Some(model),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    const NOVA: &str = "amazon.nova-pro-v1:0";
    const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

    fn step(text: &str) -> SplitStep {
        let (step, registry) = (ChainStep::parse(text).unwrap(), Registry::shipped().unwrap());
        let ChainStep::Models(parts) = &step else { panic!("{text} has no models") };
        let models = parts.iter().map(|(weight, id)| (*weight, registry.model(id).unwrap().clone()));
        SplitStep::new(&step, parts, models.collect())
    }

    /// The model of each of 4,000 subjects.
    fn sides(text: &str) -> Vec<String> {
        let step = step(text);
        (0..4000).map(|subject| step.model_of(&format!("subject {subject}")).unwrap().id.clone()).collect()
    }

    fn share(sides: &[String], model: &str) -> usize {
        sides.iter().filter(|side| *side == model).count()
    }

    #[test]
    fn weights_are_shares_of_the_subjects() {
        let two = sides(&format!("{SONNET}:90|{NOVA}:10"));
        assert!((320..480).contains(&share(&two, NOVA)), "{} of 4000", share(&two, NOVA));
        let three = sides(&format!("{SONNET}:2|{NOVA}:1|{HAIKU}:1"));
        for (model, expected) in [(SONNET, 1850..2150), (NOVA, 870..1130), (HAIKU, 870..1130)] {
            assert!(expected.contains(&share(&three, model)), "{model}: {} of 4000", share(&three, model));
        }
        assert_eq!(sides(NOVA), vec![NOVA; 4000]);
    }

    #[test]
    fn a_raised_weight_moves_only_those_who_must_move() {
        let before = sides(&format!("{SONNET}:90|{NOVA}:10"));
        for text in [format!("{SONNET}:80|{NOVA}:20"), format!("{SONNET}:90|{NOVA}:20")] {
            let after = sides(&text);
            for (before, after) in before.iter().zip(&after) {
                assert!(before == after || (before == SONNET && after == NOVA), "{before} became {after}");
            }
            assert!(share(&after, NOVA) > share(&before, NOVA) + 200);
        }
        // The same shares in other numbers move nobody.
        assert_eq!(sides(&format!("{SONNET}:9|{NOVA}:1")), before);
        assert_eq!(sides(&format!("{SONNET}:900|{NOVA}:100")), before);
    }

    #[test]
    fn two_experiments_are_independent() {
        let one = sides(&format!("{SONNET}:1|{NOVA}:1"));
        let other = sides(&format!("{HAIKU}:1|{NOVA}:1"));
        let both = one.iter().zip(&other).filter(|(one, other)| *one == NOVA && *other == NOVA).count();
        // A quarter of the subjects, and not half of them or none.
        assert!((870..1130).contains(&both), "{both} of 4000");
    }
}
