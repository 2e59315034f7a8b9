//! A refused access. The caller is answered as if there were nothing; the audit log is told who asked for what. It must
//! never be told of another tenant's objects: whoever asks can't know that those exist.

use crate::ports::{AggregateKey, Store, Transaction};
use crate::repository::{Actor, Work};
use crate::{Context, Error};
use domain::AggregateType;
use domain::audit::{Access, deny_access};
use domain::authority::{Authority, Permission};
use domain::id::AccessTag;

/// Records that the authority does not cover this object of its tenant: one write. Should the write fail, that is logged
/// and the answer stays the same: a failure here must not tell the caller that the object exists.
pub(crate) async fn record<P: Permission>(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<P>,
    resource: AggregateType,
    id: &str,
) {
    if let Err(error) = write(store, context, authority, resource, id).await {
        let permission = authority.permission();
        tracing::error!(
            permission,
            error = &error as &dyn std::error::Error,
            "a refused access was not recorded"
        );
    }
}

async fn write<P: Permission>(
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
