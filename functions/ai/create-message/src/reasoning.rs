//! How long a model reasons. Anthropic's format says it in tokens, by a word, or leaves it to the model; the use case
//! knows words.

use crate::unused;
use contracts::anthropic::{Effort, ThinkingConfig, ThinkingKind};
use domain::field::FieldChecks;
use ports::ReasoningEffort;

/// The fewest tokens of a budget in Anthropic's format.
const LEAST_BUDGET: u32 = 1024;
/// The budgets from which on the use case's words stand for more. They are the numbers of tokens that the gateway gives
/// a model for these words.
const MEDIUM_BUDGET: u32 = 4096;
const HIGH_BUDGET: u32 = 16_384;

/// The use case's word. A model that may decide itself (`adaptive`) gets the effort that the request names, or a medium
/// one. An effort without `thinking` counts, because a model can follow it in no other way.
pub(crate) fn read(
    thinking: Option<ThinkingConfig>,
    effort: Option<Effort>,
    max_tokens: u32,
    check: &mut FieldChecks,
) -> Option<ReasoningEffort> {
    let word = effort.map(|effort| match effort {
        Effort::Low => ReasoningEffort::Low,
        Effort::Medium => ReasoningEffort::Medium,
        Effort::High | Effort::Xhigh | Effort::Max => ReasoningEffort::High,
    });
    let Some(ThinkingConfig { kind, budget_tokens, display: _, rest }) = thinking else { return word };
    unused::refuse_all(&rest, "thinking.", check);
    match (kind, budget_tokens) {
        (ThinkingKind::Disabled, _) => None,
        (ThinkingKind::Adaptive | ThinkingKind::BetweenTools, _) => {
            Some(word.unwrap_or(ReasoningEffort::Medium))
        }
        (ThinkingKind::Enabled, None) => {
            check.wrong("thinking.budget_tokens", "required", "must be given");
            None
        }
        (ThinkingKind::Enabled, Some(tokens)) => {
            if tokens < LEAST_BUDGET || tokens >= max_tokens {
                let message = format!("must be at least {LEAST_BUDGET} and less than max_tokens");
                check.wrong("thinking.budget_tokens", "range", message);
            }
            Some(match tokens {
                HIGH_BUDGET.. => ReasoningEffort::High,
                MEDIUM_BUDGET.. => ReasoningEffort::Medium,
                _ => ReasoningEffort::Low,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReasoningEffort::{High, Low, Medium};
    use domain::InvalidFields;
    use serde_json::Map;

    fn effort(
        kind: ThinkingKind,
        budget_tokens: Option<u32>,
        effort: Option<Effort>,
    ) -> Option<ReasoningEffort> {
        let mut check = FieldChecks::default();
        let thinking = ThinkingConfig { kind, budget_tokens, display: None, rest: Map::new() };
        let word = read(Some(thinking), effort, 32_000, &mut check);
        check.finish(word).unwrap()
    }

    #[test]
    fn budgets_and_efforts_become_words() {
        for (tokens, word) in [(1024, Low), (4095, Low), (4096, Medium), (16_383, Medium), (16_384, High)] {
            assert_eq!(effort(ThinkingKind::Enabled, Some(tokens), Some(Effort::Low)), Some(word));
        }
        assert_eq!(effort(ThinkingKind::Disabled, None, Some(Effort::Max)), None);
        assert_eq!(effort(ThinkingKind::Adaptive, None, None), Some(Medium));
        assert_eq!(effort(ThinkingKind::BetweenTools, None, Some(Effort::Low)), Some(Low));
        assert_eq!(effort(ThinkingKind::Adaptive, None, Some(Effort::Xhigh)), Some(High));
        let mut check = FieldChecks::default();
        assert_eq!(read(None, Some(Effort::Medium), 1, &mut check), Some(Medium));
        assert_eq!(read(None, None, 1, &mut check), None);
    }

    #[test]
    fn a_budget_leaves_room_for_the_answer() {
        for (budget_tokens, code) in [(None, "required"), (Some(1023), "range"), (Some(2000), "range")] {
            let mut check = FieldChecks::default();
            let thinking = ThinkingConfig {
                kind: ThinkingKind::Enabled,
                budget_tokens,
                display: None,
                rest: Map::new(),
            };
            read(Some(thinking), None, 2000, &mut check);
            let InvalidFields(wrong) = check.finish(()).unwrap_err();
            assert_eq!((wrong[0].field.as_str(), wrong[0].code), ("thinking.budget_tokens", code));
        }
    }
}
