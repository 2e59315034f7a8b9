//! The purposes of requests to models. Chains of models, budgets, caches and usage are separated by feature.

use serde::{Deserialize, Serialize};

/// A feature that calls models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Scoring leads.
    LeadScoring,
    /// Writing proposals.
    Proposal,
    /// Refreshing battle cards.
    BattleCard,
    /// Analyzing conversations.
    Conversation,
    /// Writing other content.
    Content,
    /// A caller's own conversation with a model.
    Completion,
    /// A caller's own texts as vectors.
    Embedding,
    /// The training of a model with an organization's examples.
    FineTuning,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 8] = [
        Self::LeadScoring,
        Self::Proposal,
        Self::BattleCard,
        Self::Conversation,
        Self::Content,
        Self::Completion,
        Self::Embedding,
        Self::FineTuning,
    ];

    /// The name in records, settings and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeadScoring => "lead_scoring",
            Self::Proposal => "proposal",
            Self::BattleCard => "battle_card",
            Self::Conversation => "conversation",
            Self::Content => "content",
            Self::Completion => "completion",
            Self::Embedding => "embedding",
            Self::FineTuning => "fine_tuning",
        }
    }

    /// The feature with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.as_str() == name)
    }

    /// The message for a name that is not a feature. The name is the caller's text, so it is not repeated.
    pub(super) fn unknown() -> String {
        format!("unknown feature; known features are {}", Self::ALL.map(Self::as_str).join(", "))
    }

    /// Whether a chain of models answers it; for the other features the caller names a model.
    pub const fn has_chain(self) -> bool {
        !matches!(self, Self::Embedding | Self::FineTuning)
    }

    /// Whether a rule engine can answer it.
    pub const fn has_rules(self) -> bool {
        matches!(self, Self::LeadScoring)
    }
}
