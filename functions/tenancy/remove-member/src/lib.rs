//! `DELETE /v1/members/{id}`: removes a member, or lets the caller leave; removing again changes nothing.

use application_tenancy as tenancy;
use domain::authority::{Authority, RemoveMembers};
use domain::id::AccountId;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct RemoveMember {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for RemoveMember {
    type Permission = RemoveMembers;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<RemoveMembers>) -> RouteFuture<'a> {
        let id: AccountId = request.id("id")?;
        let precondition = request.precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            tenancy::remove_member(self.store.as_ref(), &context, &authority, id, &precondition).await?;
            Ok(Response::no_content())
        }))
    }
}
