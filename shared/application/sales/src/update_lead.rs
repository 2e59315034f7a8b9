//! Replaces a lead's fields: one read, one write.

use super::own_lead;
use application_core::repository::Actor;
use application_core::{Context, Error};
use domain::authority::{Authority, WriteLeads};
use domain::field::all_of;
use domain::id::LeadId;
use domain::sales::{self, Lead, LeadInput};
use domain::{Invalid, Versioned};
use ports::Store;

/// The replacement of a lead's fields.
pub struct LeadReplacement<'a> {
    /// The version that the caller read.
    pub seen_version: u64,
    /// The new fields.
    pub input: &'a LeadInput<'a>,
    /// Refuses members that a caller can't set and that differ from the current lead.
    pub check: &'a (dyn Fn(&Versioned<Lead>) -> Result<(), Invalid> + Sync),
}

/// Replaces the fields of the lead if it still has the version that the caller read.
pub async fn update_lead(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<WriteLeads>,
    id: &LeadId,
    replacement: &LeadReplacement<'_>,
) -> Result<Versioned<Lead>, Error> {
    let mut work = own_lead::load(store, context, authority, id).await?;
    if work.version() != replacement.seen_version {
        return Err(Error::VersionMismatch);
    }
    let lead = work.state().ok_or(Error::NotFound)?;
    let current = Versioned { state: lead.clone(), version: work.version() };
    let event = all_of((replacement.check)(&current), sales::update_lead(lead, replacement.input))?;
    match event {
        Some(event) => {
            work.record(&event, context, &Actor::account(authority.account()))?;
            work.commit(store).await
        }
        None => Ok(work.finish()?.1),
    }
}
