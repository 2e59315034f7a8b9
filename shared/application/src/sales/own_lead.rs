//! Which leads a caller may touch. A lead that the caller's authority does not cover is answered like a missing one, and
//! the audit log is told.

use crate::ports::{AggregateKey, Store, Transaction};
use crate::repository::{Actor, Work};
use crate::{Context, Error};
use domain::audit::{Access, deny_access};
use domain::authority::{Authority, Permission};
use domain::id::{AccessTag, LeadId};
use domain::sales::Lead;
use domain::{Aggregate, AggregateType};

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
    let work = Work::<Lead>::load(store, lead_key(authority, id), &[Lead::subject(id)]).await?;
    let work = work.ok_or(Error::NotFound)?;
    let lead = work.state().ok_or(Error::NotFound)?;
    cover(store, context, authority, lead).await?;
    Ok(work)
}

/// Whether the caller may touch this lead and it is not deleted.
pub(super) async fn cover<P: Permission>(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<P>,
    lead: &Lead,
) -> Result<(), Error> {
    if !authority.covers(lead.details.owner_id) {
        record_denial(store, context, authority, lead).await?;
        return Err(Error::NotFound);
    }
    if lead.deleted_at.is_some() { Err(Error::NotFound) } else { Ok(()) }
}

async fn record_denial<P: Permission>(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<P>,
    lead: &Lead,
) -> Result<(), Error> {
    let key = AggregateKey::new(authority.tenant(), AggregateType::Access, &context.new_id::<AccessTag>()?);
    let event = deny_access(authority.account(), authority.permission(), Lead::TYPE, &lead.id.to_string());
    let mut work = Work::<Access>::create(key, []);
    work.record(&event, context, &Actor::account(authority.account()))?;
    let changes = vec![work.finish()?.0];
    store.commit(&Transaction { changes, ..Transaction::default() }).await?;
    Ok(())
}
