//! Leads.

use crate::lead_score::breakdown;
use contracts::lead::Lead as Body;
use domain::Versioned;
use domain::sales::{Lead, LeadScore};

/// A lead, as all routes of leads answer it.
pub fn lead(lead: &Versioned<Lead>) -> Body {
    let Versioned { state, version } = lead;
    let contact = state.contact.as_ref();
    Body {
        id: state.id.to_string(),
        company_name: state.details.company_name.clone(),
        industry: state.details.industry.clone(),
        company_size: state.details.company_size.map(i64::from),
        contact_name: contact.and_then(|contact| contact.name.clone()),
        contact_email: contact.and_then(|contact| contact.email.clone()),
        contact_phone: contact.and_then(|contact| contact.phone.clone()),
        notes: contact.and_then(|contact| contact.notes.clone()),
        status: state.details.status.as_str().to_owned(),
        owner_id: state.details.owner_id.to_string(),
        score: state.score.as_ref().and_then(LeadScore::value),
        score_breakdown: state.score.as_ref().and_then(|score| score.assessment.outcome.ok()).map(breakdown),
        scored_at: state.score.as_ref().map(|score| score.scored_at.to_string()),
        created_at: state.created_at.to_string(),
        updated_at: state.updated_at.to_string(),
        version: *version,
    }
}
