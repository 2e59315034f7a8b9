//! `GET /v1/organizations/current`: the caller's organization.

use application_tenancy as tenancy;
use domain::authority::{Authority, ReadOrganization};
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct GetOrganization {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for GetOrganization {
    type Permission = ReadOrganization;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, _: &'a Request, authority: Authority<ReadOrganization>) -> RouteFuture<'a> {
        Ok(Box::pin(async move {
            let organization = tenancy::get_organization(self.store.as_ref(), &authority).await?;
            Response::json(200, &presentation::organization(&organization.state))
        }))
    }
}
