//! `GET /v1/users/profile`: the caller's profile.

use application_identity as identity;
use contracts::identity::Profile;
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
            let profile = identity::get_profile(self.store.as_ref(), &authority).await?;
            // An erased person has no profile.
            let person = profile.account.person.ok_or_else(Problem::not_found)?;
            let body = Profile {
                id: profile.account.id.to_string(),
                email: person.email,
                name: person.name,
                role: profile.member.role.as_str().to_owned(),
                organization_id: profile.account.organization_id.to_string(),
                created_at: profile.account.created_at.to_string(),
            };
            Response::json(200, &body)
        }))
    }
}
