//! `DELETE /v1/auth/sessions`: ends all of the caller's sessions except the current one.

use application_core::CurrentVersion;
use application_identity as identity;
use domain::authority::{Authority, UseAccount};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct RevokeOtherSessions {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for RevokeOtherSessions {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        request.precondition()?.check(CurrentVersion::Unversioned)?;
        let context = request.context();
        Ok(Box::pin(async move {
            identity::revoke_other_sessions(self.store.as_ref(), &context, &authority).await?;
            Ok(Response::no_content())
        }))
    }
}
