//! `GET /v1/users/profile`: the caller's profile.

use application_identity as identity;
use domain::authority::{Authority, UseAccount};
use edge::{Problem, ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct GetProfile {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for GetProfile {
    type Permission = UseAccount;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, _: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        Ok(Box::pin(async move {
            let found = identity::get_profile(self.store.as_ref(), &authority).await?;
            let body = presentation::profile(
                &found.account.state,
                &found.member,
                &found.organization,
                found.mfa_enabled,
            );
            // An erased person has no profile.
            let body = body.ok_or_else(Problem::not_found)?;
            // The version is that of the account, for `If-Match`. Role and organization change while it stays the same.
            Ok(Response::json(200, &body)?.with_etag(found.account.version).without_revalidation())
        }))
    }
}
