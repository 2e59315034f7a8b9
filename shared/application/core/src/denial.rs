//! Records refused accesses. The caller is answered as if the object did not exist, or with 403; the audit log has who
//! asked for what. It must never contain another tenant's objects, because the caller can't know that those exist.

use crate::repository::{Actor, PendingChange};
use crate::{Context, Error};
use domain::AggregateType;
use domain::audit::{DeniedAccess, deny_access};
use domain::authority::Caller;
use domain::id::AccessTag;
use ports::{AggregateKey, Store};

/// Records that the caller was refused this object of their tenant: one write. A failed write is logged and the answer
/// stays the same: a failure here must not tell the caller that the object exists.
pub async fn record(
    store: &dyn Store,
    context: &Context,
    caller: &Caller,
    permission: &'static str,
    resource: (AggregateType, String),
) {
    if let Err(error) = write(store, context, caller, permission, resource).await {
        tracing::error!(
            permission,
            error = &error as &dyn std::error::Error,
            "a refused access was not recorded"
        );
    }
}

async fn write(
    store: &dyn Store,
    context: &Context,
    caller: &Caller,
    permission: &'static str,
    (resource, id): (AggregateType, String),
) -> Result<(), Error> {
    let key = AggregateKey::new(caller.tenant, AggregateType::Access, &context.new_id::<AccessTag>()?);
    let event = deny_access(caller.account, permission, resource, &id);
    let actor = Actor::caller(caller);
    PendingChange::<DeniedAccess>::create(key, [], &event, context, &actor)?.commit(store).await?;
    Ok(())
}
