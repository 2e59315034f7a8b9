//! Replaces a lead's fields: one read, one write.

use super::own_lead;
use crate::ports::Store;
use crate::repository::Actor;
use crate::{Context, Error};
use domain::Versioned;
use domain::authority::{Authority, WriteLeads};
use domain::id::LeadId;
use domain::sales::{self, Lead, LeadInput};

/// Replaces the fields of the lead if it still has the version that the caller saw.
pub async fn update_lead(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<WriteLeads>,
    id: &LeadId,
    seen_version: u64,
    input: &LeadInput<'_>,
) -> Result<Versioned<Lead>, Error> {
    let mut work = own_lead::load(store, context, authority, id).await?;
    if work.version() != seen_version {
        return Err(Error::VersionMismatch);
    }
    let lead = work.state().ok_or(Error::NotFound)?;
    match sales::update_lead(lead, input)? {
        Some(event) => {
            work.record(&event, context, &Actor::account(authority.account()))?;
            work.commit(store).await
        }
        None => Ok(work.finish()?.1),
    }
}
