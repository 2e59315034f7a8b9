//! `GET /v1/users/profile`: the caller's profile.

use application_identity as identity;
use contracts::identity::Profile;
use domain::authority::UseAccount;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetProfile {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
}

impl Handler for GetProfile {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<UseAccount>(store, &context, &request.caller()?).await?;
            let limiter = self.limiter.as_ref();
            let (profile, decision) = identity::get_profile(store, limiter, &context, &authority).await?;
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
            Ok(Response::json(200, &body)?.with_rate_limit(decision))
        })
    }
}
