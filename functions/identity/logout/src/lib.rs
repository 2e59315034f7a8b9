//! `DELETE /v1/auth/logout`: the end of the caller's session.

use application_identity as identity;
use domain::authority::UseAccount;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Store};
use std::sync::Arc;

/// What the function needs.
pub struct Logout {
    /// Where everything is kept.
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
