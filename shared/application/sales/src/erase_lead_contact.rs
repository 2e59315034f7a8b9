//! Erases the person behind a lead: the subject's key and the readable state are removed in one transaction, so that
//! the ledger's data about the person can't be read by anyone any more. The lead itself and its history stay. A deleted
//! lead still has its contact, so it can be erased too.

use super::own_lead::lead_key;
use application_core::command::{Change, Command, Idempotency, change};
use application_core::repository::Actor;
use application_core::{Context, Error, Precondition, check_owner};
use domain::Versioned;
use domain::authority::{Authority, WriteLeads};
use domain::id::LeadId;
use domain::sales::{self, Lead};
use ports::Store;

/// Erases the lead's contact; erasing it again changes nothing.
pub async fn erase_lead_contact(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<WriteLeads>,
    id: &LeadId,
) -> Result<Versioned<Lead>, Error> {
    let actor = Actor::account(authority.account());
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let contact = [Lead::subject(id)];
    let erasure = Change {
        key: lead_key(authority, id),
        subjects: &contact,
        precondition: &Precondition::NONE,
        access: &|lead: &Lead| check_owner(authority, lead.details.owner_id),
        decide: &|lead: &Versioned<Lead>| Ok(sales::erase_lead_contact(&lead.state).into_iter().collect()),
        erases: &contact,
        removes: true,
    };
    Ok(change(&command, &erasure).await?.value)
}
