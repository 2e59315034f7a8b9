//! `DELETE /v1/auth/logout`: ends the caller's session.

use application_identity as identity;
use domain::authority::UseAccount;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct Logout {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Handler for Logout {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<UseAccount>(store, &context, &request.caller()?).await?;
            identity::logout(store, &context, &authority, &request.precondition()?).await?;
            Ok(Response::no_content())
        })
    }
}
