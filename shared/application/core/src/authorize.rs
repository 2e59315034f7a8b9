//! What a caller may do, decided once at the beginning of a request. A refusal is an answer of its own, 403, because the
//! caller's own role or scopes are no secret; the audit log is told of it as of any other.

use crate::{Context, Error, denial};
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
            // What was asked for is not known yet: the permission is refused for all of the organization.
            let resource = (AggregateType::Organization, caller.tenant.to_string());
            denial::record(store, context, caller, denied.permission, resource).await;
            Err(denied.into())
        }
    }
}
