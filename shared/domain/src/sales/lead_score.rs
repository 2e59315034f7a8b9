//! What a score is: 0 to 100 with a breakdown by BANT (budget, authority, need, timeline), signed factors with the
//! evidence they come from, and who judged at what cost. A score without enough to go on abstains: it must never be a
//! number that looks like a judgement.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a factor speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Can they pay?
    Budget,
    /// Do we talk to someone who decides?
    Authority,
    /// Do they have the problem we solve?
    Need,
    /// Will they buy soon?
    Timeline,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 4] = [Self::Budget, Self::Authority, Self::Need, Self::Timeline];
}

/// A field of a lead that evidence can come from.
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
    /// What it speaks about.
    pub dimension: Dimension,
    /// How much it moves its dimension, -100 to 100.
    pub impact: i8,
    /// The field it comes from.
    pub field: ScoredField,
    /// What the field says and why it matters; personal, `None` after erasure.
    pub evidence: Option<Evidence>,
}

/// What a factor rests on. It quotes the lead, so it is personal.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The words of the field.
    pub quote: String,
    /// Why they matter.
    pub reason: String,
}

impl fmt::Debug for Evidence {
    /// Tells nothing, so that no log can.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Evidence(..)")
    }
}

/// Each dimension from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breakdown {
    /// Budget.
    pub budget: u8,
    /// Authority.
    pub authority: u8,
    /// Need.
    pub need: u8,
    /// Timeline.
    pub timeline: u8,
}

impl Breakdown {
    /// The whole score: budget 30 %, authority 25 %, need 25 %, timeline 20 %, rounded to the nearest.
    pub fn total(self) -> u8 {
        let hundredths = u32::from(self.budget) * 30
            + u32::from(self.authority) * 25
            + u32::from(self.need) * 25
            + u32::from(self.timeline) * 20;
        u8::try_from((hundredths + 50) / 100).unwrap_or(100).min(100)
    }
}

/// Why there is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbstainReason {
    /// The lead says too little about budget, authority, need and timeline.
    InsufficientData,
}

/// A judgement, whoever made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The breakdown, or why there is none.
    pub outcome: Result<Breakdown, AbstainReason>,
    /// What it rests on, the strongest first.
    pub factors: Vec<Factor>,
    /// 0 to 100: how sure the judge is.
    pub confidence_percent: u8,
}

/// Who judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The deterministic rules.
    Rules,
    /// A language model.
    Model,
}

/// What a judgement cost, all attempts together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// In 10^-9 US dollars.
    pub nano_usd: u64,
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// Version of the price table.
    pub price_version: String,
    /// Calls made to models.
    pub attempts: u32,
}

/// The score of a lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadScore {
    /// The judgement.
    #[serde(flatten)]
    pub assessment: Assessment,
    /// Who judged.
    pub engine: Engine,
    /// The model that judged; `rules` for the rules.
    pub model: String,
    /// What it cost.
    pub cost: Cost,
    /// When.
    pub scored_at: Timestamp,
}

impl LeadScore {
    /// 0 to 100, unless it abstained.
    pub fn value(&self) -> Option<u8> {
        self.assessment.outcome.ok().map(Breakdown::total)
    }
}
