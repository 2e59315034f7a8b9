//! The name of a fine-tuned model, as callers, chains, allow-lists, records and bills write it: `ft:`, the base model and
//! the fine-tune, with colons between them. The base model is part of the name, so that a bill finds the prices and an
//! allow-list the base model without a look at the fine-tune.

use crate::id::FineTuneId;
use std::fmt;

/// The beginning of every name.
const PREFIX: &str = "ft:";

/// A fine-tuned model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FineTunedModel {
    /// The model that was trained, by its name in the registry.
    pub base_model: String,
    /// The fine-tune that made it.
    pub fine_tune: FineTuneId,
}

impl FineTunedModel {
    /// Reads a name; `None` for every other text. A base model's name may contain colons, and a fine-tune's id has none.
    pub fn parse(name: &str) -> Option<Self> {
        let (base_model, fine_tune) = name.strip_prefix(PREFIX)?.rsplit_once(':')?;
        let fine_tune = fine_tune.parse().ok()?;
        (!base_model.is_empty()).then(|| Self { base_model: base_model.to_owned(), fine_tune })
    }
}

impl fmt::Display for FineTunedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}:{}", self.base_model, self.fine_tune)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "finetune_01kajttxj0f048g2081040g208";

    #[test]
    fn a_name_has_the_base_model_and_the_fine_tune() {
        let name = format!("ft:amazon.nova-lite-v1:0:{ID}");
        let model = FineTunedModel::parse(&name).unwrap();
        assert_eq!(
            (model.base_model.as_str(), model.fine_tune.to_string().as_str()),
            ("amazon.nova-lite-v1:0", ID)
        );
        assert_eq!(model.to_string(), name);
    }

    #[test]
    fn other_texts_name_no_fine_tuned_model() {
        for other in [
            "amazon.nova-lite-v1:0",
            "ft:",
            &format!("ft:{ID}"),
            &format!("ft::{ID}"),
            &format!("FT:nova:{ID}"),
            "ft:nova:lead_01kajttxj0f048g2081040g208",
            &format!("ft:nova:{ID} "),
        ] {
            assert_eq!(FineTunedModel::parse(other), None, "{other}");
        }
    }
}
