//! Records refused accesses. The caller is answered as if the object did not exist, or with 403; the audit log has who
//! asked for what. It must never contain another tenant's objects, because the caller can't know that those exist.

use crate::repository::{Actor, PendingChange};
use crate::{Context, Error, RefusedAccess};
use domain::AggregateType;
use domain::audit::{DeniedAccess, deny_access};
use domain::id::AccessTag;
use ports::{AggregateKey, Store};

/// Records that a caller was refused an object of their tenant: one write. A failed write is logged and the answer
/// stays the same: a failure here must not tell the caller that the object exists.
pub async fn record(store: &dyn Store, context: &Context, refused: &RefusedAccess) {
    if let Err(error) = write(store, context, refused).await {
        tracing::error!(
            permission = refused.permission,
            error = &error as &dyn std::error::Error,
            "a refused access was not recorded"
        );
    }
}

async fn write(store: &dyn Store, context: &Context, refused: &RefusedAccess) -> Result<(), Error> {
    let RefusedAccess { caller, permission, kind, id } = refused;
    let key = AggregateKey::new(caller.tenant, AggregateType::Access, &context.new_id::<AccessTag>()?);
    let event = deny_access(caller.account, permission, *kind, id);
    let actor = Actor::caller(caller);
    PendingChange::<DeniedAccess>::create(key, [], &event, context, &actor)?.commit(store).await?;
    Ok(())
}
