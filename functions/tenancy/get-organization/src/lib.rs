//! `GET /v1/organizations/current`: the caller's organization.

use application_tenancy as tenancy;
use domain::authority::ReadOrganization;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetOrganization {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
}

impl Handler for GetOrganization {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<ReadOrganization>(store, &context, &request.caller()?).await?;
            let limiter = self.limiter.as_ref();
            let (organization, decision) =
                tenancy::get_organization(store, limiter, &context, &authority).await?;
            let body = presentation::organization(&organization.state);
            Ok(Response::json(200, &body)?.with_rate_limit(decision))
        })
    }
}
