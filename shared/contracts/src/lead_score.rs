//! The bodies of scoring: of one lead, and of many at once.

use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Answer 200 to `POST /v1/leads/{id}/score`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadScore {
    /// Id of the lead (`lead_…`).
    pub lead_id: String,
    /// 0 to 100; null exactly when abstained.
    pub score: Option<u8>,
    /// The score's parts; null exactly when abstained.
    pub score_breakdown: Option<Breakdown>,
    /// What speaks for and against, the strongest first.
    pub factors: Vec<Factor>,
    /// How sure the score is, 0.0 to 1.0.
    pub confidence: f64,
    /// Whether the lead says too little for a score.
    pub abstained: bool,
    /// `insufficient_data`; null unless abstained.
    pub abstain_reason: Option<String>,
    /// `rules` or `model`.
    pub engine: String,
    /// The model that answered; `rules` for the rules.
    pub model: String,
    /// Version of the price table that the cost comes from.
    pub price_version: String,
    /// What the answer cost in US dollars, a decimal such as `0.008130000`.
    pub cost_usd: String,
    /// When it was scored, RFC 3339 in UTC.
    pub scored_at: String,
    /// The lead's version that holds this score.
    pub version: u64,
}

/// `POST /v1/lead-scores`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreLeadsRequest {
    /// Ids of leads, 1 to 50 and none twice.
    pub lead_ids: Vec<String>,
}

/// Answer 200 to `POST /v1/lead-scores`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadScores {
    /// One for each lead, in the order of the request.
    pub data: Vec<LeadOutcome>,
}

/// What became of one lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadOutcome {
    /// The id that the request names.
    pub lead_id: String,
    /// `scored`, `not_found` or `failed`.
    pub status: String,
    /// The score; left out unless scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<LeadScore>,
    /// Why there is none, as an answer to scoring this lead alone would say; left out when scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// A score by dimension, each 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakdown {
    /// Can they pay.
    pub budget: u8,
    /// Does the contact decide.
    pub authority: u8,
    /// Do they need it.
    pub need: u8,
    /// Will it be soon.
    pub timeline: u8,
}

/// One reason for a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// `budget`, `authority`, `need` or `timeline`.
    pub dimension: String,
    /// How much it moves its dimension, -100 to 100; above 0 speaks for the lead.
    pub impact: i8,
    /// Where it comes from.
    pub evidence: Evidence,
    /// Why it matters; null when the contact was erased.
    pub reason: Option<String>,
}

/// What a factor rests on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Name of the lead's field.
    pub field: String,
    /// What that field says, word for word; null when the contact was erased.
    pub quote: Option<String>,
}

impl fmt::Debug for Evidence {
    /// The field alone: the quote is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence").field("field", &self.field).finish_non_exhaustive()
    }
}
