//! `DELETE /v1/auth/mfa/totp`: removes the authenticator app of the caller.

use application_identity as identity;
use domain::authority::{Authority, UseAccount};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct DisableTotp {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for DisableTotp {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        let (precondition, context) = (request.precondition()?, request.context());
        Ok(Box::pin(async move {
            identity::disable_totp(self.store.as_ref(), &context, &authority, &precondition).await?;
            Ok(Response::no_content())
        }))
    }
}
