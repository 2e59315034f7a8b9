//! Decides at the beginning of a request what its caller may do. A refusal is answered 403, because the caller's own
//! role or scopes are no secret, and it is recorded in the audit log.

use crate::{Context, Error, RefusedAccess, denial};
use domain::AggregateType;
use domain::authority::{Authority, Caller, Permission};
use ports::Store;

/// The authority for `P`, if the caller has it. A refusal costs one write.
pub async fn authorize<P: Permission>(
    store: &dyn Store,
    context: &Context,
    caller: &Caller,
) -> Result<Authority<P>, Error> {
    match caller.authorize() {
        Ok(authority) => Ok(authority),
        Err(denied) => {
            // The requested object is not known yet: the permission is refused for the whole organization.
            let refused = RefusedAccess {
                caller: caller.clone(),
                permission: denied.permission,
                kind: AggregateType::Organization,
                id: caller.tenant.to_string(),
            };
            denial::record(store, context, &refused).await;
            Err(denied.into())
        }
    }
}
