//! The bodies of scoring: of one lead, and of many leads with one request.

use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Answer 200 to `POST /v1/leads/{id}/score`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadScore {
    /// Id of the lead (`lead_…`).
    pub lead_id: String,
    /// 0 to 100; null exactly when the score abstained.
    pub score: Option<u8>,
    /// The parts of the score; null exactly when the score abstained.
    pub score_breakdown: Option<Breakdown>,
    /// The reasons for and against the lead, the strongest first.
    pub factors: Vec<Factor>,
    /// The confidence of the score, 0.0 to 1.0.
    pub confidence: f64,
    /// Whether the lead has too little data for a score.
    pub abstained: bool,
    /// `insufficient_data`; null unless abstained.
    pub abstain_reason: Option<String>,
    /// `rules` or `model`.
    pub engine: String,
    /// The model that answered; `rules` for the rules.
    pub model: String,
    /// The version of the price table.
    pub price_version: String,
    /// The cost of the score in US dollars, a decimal such as `0.008130000`.
    pub cost_usd: String,
    /// When it was scored, RFC 3339 in UTC.
    pub scored_at: String,
    /// The version of the lead that holds this score.
    pub version: u64,
}

/// `POST /v1/lead-scores`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreLeadsRequest {
    /// Ids of leads, 1 to 50, each only once.
    pub lead_ids: Vec<String>,
}

/// Answer 200 to `POST /v1/lead-scores`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadScores {
    /// One for each lead, in the order of the request.
    pub data: Vec<LeadOutcome>,
}

/// The outcome of one lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadOutcome {
    /// The id in the request.
    pub lead_id: String,
    /// `scored`, `not_found` or `failed`.
    pub status: String,
    /// The score; left out unless the lead was scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<LeadScore>,
    /// The problem that scoring this lead alone would have; left out when the lead was scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// A score by dimension, each 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakdown {
    /// Whether the company has a budget.
    pub budget: u8,
    /// Whether the contact can decide.
    pub authority: u8,
    /// Whether the company needs the product.
    pub need: u8,
    /// Whether the decision is near.
    pub timeline: u8,
}

/// One reason for a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// `budget`, `authority`, `need` or `timeline`.
    pub dimension: String,
    /// How much it moves its dimension, -100 to 100; above 0 speaks for the lead.
    pub impact: i8,
    /// The words of the lead that support it.
    pub evidence: Evidence,
    /// Why it matters; null when the contact was erased.
    pub reason: Option<String>,
}

/// The evidence of a factor.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The name of the lead's field.
    pub field: String,
    /// A quote of that field, word for word; null when the contact was erased.
    pub quote: Option<String>,
}

impl fmt::Debug for Evidence {
    /// Shows the field alone: the quote is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence").field("field", &self.field).finish_non_exhaustive()
    }
}
