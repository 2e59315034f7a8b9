//! The score of a lead: 0 to 100 with a breakdown by BANT (budget, authority, need, timeline), signed factors with
//! their evidence, the engine and the cost. A lead with too little data is not scored: there must never be a number
//! that looks like a score then.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The subject of a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Whether the company can pay.
    Budget,
    /// Whether the contact can decide.
    Authority,
    /// Whether the company has the problem that the product solves.
    Need,
    /// Whether the company will buy soon.
    Timeline,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 4] = [Self::Budget, Self::Authority, Self::Need, Self::Timeline];
}

/// A field of a lead from which evidence can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoredField {
    /// `company_name`
    CompanyName,
    /// `industry`
    Industry,
    /// `company_size`
    CompanySize,
    /// `contact_name`
    ContactName,
    /// `contact_email`
    ContactEmail,
    /// `contact_phone`
    ContactPhone,
    /// `notes`
    Notes,
    /// `status`
    Status,
}

/// One reason for a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// The dimension that it is about.
    pub dimension: Dimension,
    /// How much it moves its dimension, -100 to 100.
    pub impact: i8,
    /// The field of its evidence.
    pub field: ScoredField,
    /// The quote of the field and the reason; personal, `None` after erasure.
    pub evidence: Option<Evidence>,
}

/// The evidence of a factor. It quotes the lead, so it is personal.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// A quote of the field.
    pub quote: String,
    /// Why the quote matters.
    pub reason: String,
}

impl fmt::Debug for Evidence {
    /// Hides everything, so that no log can contain it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Evidence(..)")
    }
}

/// Each dimension from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breakdown {
    /// Whether the company can pay; 30 % of the score.
    pub budget: u8,
    /// Whether the contact can decide; 25 % of the score.
    pub authority: u8,
    /// Whether the company has the problem that the product solves; 25 % of the score.
    pub need: u8,
    /// Whether the company will buy soon; 20 % of the score.
    pub timeline: u8,
}

impl Breakdown {
    /// The whole score: budget 30 %, authority 25 %, need 25 %, timeline 20 %, rounded to the nearest number.
    pub fn total(self) -> u8 {
        let hundredths = u32::from(self.budget) * 30
            + u32::from(self.authority) * 25
            + u32::from(self.need) * 25
            + u32::from(self.timeline) * 20;
        u8::try_from((hundredths + 50) / 100).unwrap_or(100).min(100)
    }
}

/// The reason why there is no score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbstainReason {
    /// The lead has too little data about budget, authority, need and timeline.
    InsufficientData,
}

/// An assessment by either engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The breakdown, or the reason why there is none.
    pub outcome: Result<Breakdown, AbstainReason>,
    /// The factors, the strongest first.
    pub factors: Vec<Factor>,
    /// The confidence, 0 to 100.
    pub confidence_percent: u8,
}

/// The engine of an assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The deterministic rules.
    Rules,
    /// A language model.
    Model,
}

/// The cost of an assessment, all attempts together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// In 10^-9 US dollars.
    pub nano_usd: u64,
    /// Input tokens of all attempts.
    pub input_tokens: u64,
    /// Output tokens of all attempts.
    pub output_tokens: u64,
    /// The version of the price table.
    pub price_version: String,
    /// The number of calls to models.
    pub attempts: u32,
}

/// The score of a lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "LeadScoreDocument")]
pub struct LeadScore {
    /// The dimensions with their factors, or the reason why there is no score.
    #[serde(flatten)]
    pub assessment: Assessment,
    /// Which engine judged.
    pub engine: Engine,
    /// The model; `rules` for the rules.
    pub model: String,
    /// What the judgement cost; 0 for the rules when no model was asked before.
    pub cost: Cost,
    /// When the lead was scored.
    pub scored_at: Timestamp,
}

/// The fields of a stored score side by side. Serde reads a flattened struct from a tree of all fields that it makes
/// before, which took longer than everything else in a list of leads.
#[derive(Deserialize)]
struct LeadScoreDocument {
    outcome: Result<Breakdown, AbstainReason>,
    factors: Vec<Factor>,
    confidence_percent: u8,
    engine: Engine,
    model: String,
    cost: Cost,
    scored_at: Timestamp,
}

impl From<LeadScoreDocument> for LeadScore {
    fn from(document: LeadScoreDocument) -> Self {
        Self {
            assessment: Assessment {
                outcome: document.outcome,
                factors: document.factors,
                confidence_percent: document.confidence_percent,
            },
            engine: document.engine,
            model: document.model,
            cost: document.cost,
            scored_at: document.scored_at,
        }
    }
}

impl LeadScore {
    /// 0 to 100; `None` when the score abstained.
    pub fn value(&self) -> Option<u8> {
        self.assessment.outcome.ok().map(Breakdown::total)
    }
}
