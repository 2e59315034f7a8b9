//! `DELETE /v1/api-keys/{id}`: revokes an API key; revoking it again changes nothing.

use application_tenancy as tenancy;
use domain::authority::{Authority, ManageApiKeys};
use domain::id::ApiKeyId;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct RevokeApiKey {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for RevokeApiKey {
    type Permission = ManageApiKeys;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ManageApiKeys>) -> RouteFuture<'a> {
        let id: ApiKeyId = request.id("id")?;
        let precondition = request.precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            tenancy::revoke_api_key(self.store.as_ref(), &context, &authority, &id, &precondition).await?;
            Ok(Response::no_content())
        }))
    }
}
