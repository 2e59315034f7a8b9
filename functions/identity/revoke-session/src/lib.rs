//! `DELETE /v1/auth/sessions/{id}`: ends one of the caller's sessions; ending it again changes nothing.

use application_identity as identity;
use domain::authority::{Authority, UseAccount};
use domain::id::SessionId;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct RevokeSession {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for RevokeSession {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        let id: SessionId = request.id("id")?;
        let precondition = request.precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            identity::revoke_session(self.store.as_ref(), &context, &authority, &id, &precondition).await?;
            Ok(Response::no_content())
        }))
    }
}
