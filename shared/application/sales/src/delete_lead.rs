//! Deletes a lead: one read, one write. It leaves every list at once; its contact stays until it is erased, which is
//! another use case.

use super::own_lead::{self, lead_key};
use application_core::repository::{Actor, Work};
use application_core::{Context, Error};
use domain::authority::{Authority, WriteLeads};
use domain::id::LeadId;
use domain::sales::{self, Lead};
use ports::Store;

/// Deletes the lead; deleting it again changes nothing.
pub async fn delete_lead(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<WriteLeads>,
    id: &LeadId,
) -> Result<(), Error> {
    for _ in 0..3 {
        let work = Work::<Lead>::load(store, lead_key(authority, id), &[]).await?;
        let mut work = work.ok_or(Error::NotFound)?;
        let lead = work.state().ok_or(Error::NotFound)?;
        if lead.deleted_at.is_some() && authority.covers(lead.details.owner_id) {
            return Ok(());
        }
        own_lead::cover(store, context, authority, lead).await?;
        let Some(event) = sales::delete_lead(lead) else { return Ok(()) };
        work.record(&event, context, &Actor::account(authority.account()))?;
        match work.commit(store).await {
            Err(Error::VersionMismatch) => {}
            result => return result.map(drop),
        }
    }
    Err(Error::Contended)
}
