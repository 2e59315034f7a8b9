//! Checks access to leads. A lead that the caller's authority does not cover is answered like a missing one, and the
//! refusal is recorded in the audit log.

use application_core::repository::Work;
use application_core::{Context, Error, denial};
use domain::authority::{Authority, Permission};
use domain::id::LeadId;
use domain::sales::Lead;
use domain::{Aggregate, AggregateType};
use ports::{AggregateKey, Store};

/// A lead's key in the caller's tenant.
pub(super) fn lead_key<P: Permission>(authority: &Authority<P>, id: &LeadId) -> AggregateKey {
    AggregateKey::new(authority.tenant(), AggregateType::Lead, id)
}

/// Loads a lead to change it, if the caller may and it is not deleted.
pub(super) async fn load<P: Permission>(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<P>,
    id: &LeadId,
) -> Result<Work<Lead>, Error> {
    let work = load_even_deleted(store, context, authority, id).await?;
    let deleted = work.state().is_none_or(|lead| lead.deleted_at.is_some());
    if deleted { Err(Error::NotFound) } else { Ok(work) }
}

/// Loads a lead to change it, if the caller may, even if it is deleted.
pub(super) async fn load_even_deleted<P: Permission>(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<P>,
    id: &LeadId,
) -> Result<Work<Lead>, Error> {
    let work = Work::<Lead>::load(store, lead_key(authority, id), &[Lead::subject(id)]).await?;
    let work = work.ok_or(Error::NotFound)?;
    reach(store, context, authority, work.state().ok_or(Error::NotFound)?).await?;
    Ok(work)
}

/// Checks that the caller may access this lead and that it is not deleted.
pub(super) async fn cover<P: Permission>(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<P>,
    lead: &Lead,
) -> Result<(), Error> {
    reach(store, context, authority, lead).await?;
    if lead.deleted_at.is_some() { Err(Error::NotFound) } else { Ok(()) }
}

/// Checks that the caller may access this lead.
async fn reach<P: Permission>(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<P>,
    lead: &Lead,
) -> Result<(), Error> {
    if authority.covers(lead.details.owner_id) {
        return Ok(());
    }
    let resource = (Lead::TYPE, lead.id.to_string());
    denial::record(store, context, authority.caller(), authority.permission(), resource).await;
    Err(Error::NotFound)
}
