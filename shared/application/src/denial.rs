//! A refused access. The caller is answered as if there were nothing; the audit log is told who asked for what. It must
//! never be told of another tenant's objects: whoever asks can't know that those exist.

use crate::ports::{AggregateKey, Store, Transaction};
use crate::repository::{Actor, Work};
use crate::{Context, Error};
use domain::AggregateType;
use domain::audit::{Access, deny_access};
use domain::authority::{Authority, Permission};
use domain::id::AccessTag;

/// Records that the authority does not cover this object of its tenant: one write.
pub(crate) async fn record<P: Permission>(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<P>,
    resource: AggregateType,
    id: &str,
) -> Result<(), Error> {
    let key = AggregateKey::new(authority.tenant(), AggregateType::Access, &context.new_id::<AccessTag>()?);
    let event = deny_access(authority.account(), authority.permission(), resource, id);
    let mut work = Work::<Access>::create(key, []);
    work.record(&event, context, &Actor::account(authority.account()))?;
    let changes = vec![work.finish()?.0];
    store.commit(&Transaction { changes, ..Transaction::default() }).await?;
    Ok(())
}
