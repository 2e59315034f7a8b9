//! `DELETE /v1/api-keys/{id}`: revokes an API key; revoking it again changes nothing.

use application_tenancy as tenancy;
use domain::authority::ManageApiKeys;
use domain::id::ApiKeyId;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct RevokeApiKey {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Handler for RevokeApiKey {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<ManageApiKeys>(store, &context, &request.caller()?).await?;
            let id: ApiKeyId = request.id("id")?;
            let precondition = request.precondition()?;
            tenancy::revoke_api_key(store, &context, &authority, &id, &precondition).await?;
            Ok(Response::no_content())
        })
    }
}
