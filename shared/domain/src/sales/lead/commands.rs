//! The commands of a lead: the checks of its fields, and the event that each command leads to.

use super::event::{LeadCreated, LeadDeleted};
use super::{Contact, Lead, LeadDetails, LeadEvent, LeadStatus, without_evidence};
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, LeadId};
use crate::sales::company_size::{CompanySizeInput, checked_size};
use crate::sales::lead_score::LeadScore;
use crate::text;
use std::str::FromStr;

/// The fields that a caller sets; an absent field is unknown.
#[derive(Debug, Default, Clone, Copy)]
pub struct LeadInput<'a> {
    /// The name of the company. It must be set.
    pub company_name: &'a str,
    /// At most 100 characters.
    pub industry: Option<&'a str>,
    /// The number of employees, 1 to 10 million, or a band.
    pub company_size: Option<CompanySizeInput<'a>>,
    /// At most 200 characters.
    pub contact_name: Option<&'a str>,
    /// A valid e-mail address.
    pub contact_email: Option<&'a str>,
    /// At most 50 characters.
    pub contact_phone: Option<&'a str>,
    /// At most 10,000 characters.
    pub notes: Option<&'a str>,
    /// `new` when absent.
    pub status: Option<&'a str>,
}

fn checked(input: &LeadInput<'_>, owner_id: AccountId) -> Result<(LeadDetails, Contact), InvalidFields> {
    let mut check = FieldChecks::default();
    let company_name = check.line("company_name", input.company_name, 200);
    let industry = check.optional_line("industry", input.industry, 100);
    let company_size = input.company_size.and_then(|size| checked_size(&mut check, size));
    let contact = Contact {
        name: check.optional_line("contact_name", input.contact_name, 200),
        email: input
            .contact_email
            .filter(|email| !text::trimmed(email).is_empty())
            .map(|email| check.email("contact_email", email)),
        phone: check.optional_line("contact_phone", input.contact_phone, 50),
        notes: check.optional_text("notes", input.notes, 10_000),
    };
    let status = match input.status.map(LeadStatus::from_str).transpose() {
        Ok(status) => status.unwrap_or_default(),
        Err(InvalidFields(errors)) => {
            for error in errors {
                check.wrong(&error.field, error.code, error.message);
            }
            LeadStatus::New
        }
    };
    check.finish((LeadDetails { company_name, industry, company_size, status, owner_id }, contact))
}

/// The errors in the fields of a lead.
pub fn check_lead(input: &LeadInput<'_>, owner: AccountId) -> Result<(), InvalidFields> {
    checked(input, owner).map(drop)
}

/// Decides `lead_created`.
pub fn create_lead(id: LeadId, owner: AccountId, input: &LeadInput<'_>) -> Result<LeadEvent, InvalidFields> {
    let (details, contact) = checked(input, owner)?;
    Ok(LeadEvent::Created { facts: LeadCreated { lead_id: id, details }, contact: Some(contact) })
}

/// Decides `lead_updated`: every field is replaced, absent ones are cleared. No event if nothing differs. A contact
/// that was erased stays erased: its fields must be absent.
pub fn update_lead(lead: &Lead, input: &LeadInput<'_>) -> Result<Option<LeadEvent>, InvalidFields> {
    let (details, contact) = checked(input, lead.details.owner_id)?;
    if lead.contact.is_none() {
        let mut check = FieldChecks::default();
        for (field, present) in [
            ("contact_name", contact.name.is_some()),
            ("contact_email", contact.email.is_some()),
            ("contact_phone", contact.phone.is_some()),
            ("notes", contact.notes.is_some()),
        ] {
            if present {
                check.wrong(field, "erased", "the contact of this lead was erased and can't be set again");
            }
        }
        check.finish(())?;
    }
    let contact = lead.contact.as_ref().map(|_| contact);
    if details == lead.details && contact == lead.contact {
        return Ok(None);
    }
    Ok(Some(LeadEvent::Updated { facts: LeadCreated { lead_id: lead.id, details }, contact }))
}

/// Decides `lead_scored`. Evidence that quotes an erased contact is left out.
pub fn score_lead(lead: &Lead, mut score: LeadScore) -> LeadEvent {
    if lead.contact.is_none() {
        score = without_evidence(score);
    }
    LeadEvent::Scored { lead_id: lead.id, owner_id: lead.details.owner_id, score: Box::new(score) }
}

/// Decides `lead_deleted`; no event if the lead is deleted already.
pub fn delete_lead(lead: &Lead) -> Option<LeadEvent> {
    lead.deleted_at
        .is_none()
        .then_some(LeadEvent::Deleted(LeadDeleted { lead_id: lead.id, owner_id: lead.details.owner_id }))
}

/// Decides `lead_contact_erased`; no event if the contact is erased already.
pub fn erase_lead_contact(lead: &Lead) -> Option<LeadEvent> {
    lead.contact.is_some().then_some(LeadEvent::ContactErased(LeadDeleted {
        lead_id: lead.id,
        owner_id: lead.details.owner_id,
    }))
}
