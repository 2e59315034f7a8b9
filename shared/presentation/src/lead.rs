//! Leads.

use crate::lead_score::breakdown;
use contracts::lead::{CompanySize as SizeBody, Lead as Body};
use domain::Versioned;
use domain::sales::{CompanySize, CompanySizeInput, Lead, ListedLead, ListedScore};

/// A lead, as all routes of leads answer it.
pub fn lead(lead: &Versioned<Lead>) -> Body {
    listed_lead(&Versioned { state: ListedLead::from(&lead.state), version: lead.version })
}

/// A lead of a list, answered as [`lead`] answers the whole one.
pub fn listed_lead(lead: &Versioned<ListedLead>) -> Body {
    let Versioned { state, version } = lead;
    let contact = state.contact.as_ref();
    Body {
        id: state.id.to_string(),
        company_name: state.company_name.clone(),
        industry: state.industry.clone(),
        company_size: state.company_size.as_ref().map(company_size),
        contact_name: contact.and_then(|contact| contact.name.clone()),
        contact_email: contact.and_then(|contact| contact.email.clone()),
        contact_phone: contact.and_then(|contact| contact.phone.clone()),
        notes: contact.and_then(|contact| contact.notes.clone()),
        status: state.status.as_str().to_owned(),
        owner_id: state.owner_id.to_string(),
        score: state.score.as_ref().and_then(ListedScore::value),
        score_breakdown: state.score.as_ref().and_then(|score| score.outcome.ok()).map(breakdown),
        scored_at: state.score.as_ref().map(|score| score.scored_at.to_string()),
        created_at: state.created_at.to_string(),
        updated_at: state.updated_at.to_string(),
        version: *version,
    }
}

/// A company's size in the form in which it was sent.
fn company_size(size: &CompanySize) -> SizeBody {
    match size {
        CompanySize::Employees(employees) => SizeBody::Employees((*employees).into()),
        band @ CompanySize::Band(_) => SizeBody::Band(band.to_string()),
    }
}

/// Converts a company's size of a body to the domain's type.
pub fn company_size_input(size: &SizeBody) -> CompanySizeInput<'_> {
    match size {
        SizeBody::Employees(employees) => CompanySizeInput::Number(*employees),
        SizeBody::Band(band) => CompanySizeInput::Text(band),
    }
}
