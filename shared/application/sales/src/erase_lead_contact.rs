//! Erases the person behind a lead: the subject's key and the readable state are removed in one transaction, so that
//! the ledger's data about the person can't be read by anyone any more. The lead itself and its history stay. A deleted
//! lead still has its contact, so it can be erased too.

use super::own_lead;
use application_core::repository::Actor;
use application_core::{Context, Error};
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
    let mut work = own_lead::load_even_deleted(store, context, authority, id).await?;
    let Some(event) = work.state().and_then(sales::erase_lead_contact) else { return Ok(work.finish()?.1) };
    work.record(&event, context, &Actor::account(authority.account()))?;
    work.erase(Lead::subject(id));
    work.commit(store).await
}
