//! `DELETE /v1/auth/logout`: ends the caller's session, and makes a browser forget its refresh token.

use application_identity as identity;
use domain::authority::{Authority, UseAccount};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct Logout {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for Logout {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        let (precondition, context) = (request.precondition()?, request.context());
        let has_cookie = request.refresh_cookie()?.is_some();
        Ok(Box::pin(async move {
            identity::logout(self.store.as_ref(), &context, &authority, &precondition).await?;
            let done = Response::no_content();
            Ok(if has_cookie { done.without_refresh_cookie() } else { done })
        }))
    }
}
