//! `DELETE /v1/auth/passkeys/{id}`: removes a passkey of the caller.

use application_identity as identity;
use domain::authority::{Authority, UseAccount};
use domain::id::PasskeyId;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct DeletePasskey {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for DeletePasskey {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        let id: PasskeyId = request.id("id")?;
        let (precondition, context) = (request.precondition()?, request.context());
        Ok(Box::pin(async move {
            identity::delete_passkey(self.store.as_ref(), &context, &authority, id, &precondition).await?;
            Ok(Response::no_content())
        }))
    }
}
