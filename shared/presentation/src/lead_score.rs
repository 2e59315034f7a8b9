//! Scores of leads.

use crate::name;
use contracts::lead_score::{Breakdown as BreakdownBody, Evidence, Factor, LeadScore as Body};
use domain::Versioned;
use domain::ai::decimal_usd;
use domain::sales::{Breakdown, Lead, LeadScore};

/// A score as the scoring of a lead answers it.
pub fn lead_score(lead: &Versioned<Lead>, score: &LeadScore) -> Body {
    let assessment = &score.assessment;
    Body {
        lead_id: lead.state.id.to_string(),
        score: score.value(),
        score_breakdown: assessment.outcome.ok().map(breakdown),
        factors: assessment
            .factors
            .iter()
            .map(|factor| Factor {
                dimension: name(&factor.dimension),
                impact: factor.impact,
                evidence: Evidence {
                    field: name(&factor.field),
                    quote: factor.evidence.as_ref().map(|evidence| evidence.quote.clone()),
                },
                reason: factor.evidence.as_ref().map(|evidence| evidence.reason.clone()),
            })
            .collect(),
        confidence: f64::from(assessment.confidence_percent) / 100.0,
        abstained: assessment.outcome.is_err(),
        abstain_reason: assessment.outcome.err().map(|reason| name(&reason)),
        engine: name(&score.engine),
        model: score.model.clone(),
        price_version: score.cost.price_version.clone(),
        cost_usd: decimal_usd(score.cost.nano_usd),
        scored_at: score.scored_at.to_string(),
        version: lead.version,
    }
}

pub(crate) fn breakdown(breakdown: Breakdown) -> BreakdownBody {
    let Breakdown { budget, authority, need, timeline } = breakdown;
    BreakdownBody { budget, authority, need, timeline }
}
