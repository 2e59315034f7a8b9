//! `GET /v1/leads/{id}`: one lead.

use application_sales as sales;
use domain::authority::{Authority, ReadLeads};
use domain::id::LeadId;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct GetLead {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for GetLead {
    type Permission = ReadLeads;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ReadLeads>) -> RouteFuture<'a> {
        let id: LeadId = request.id("id")?;
        Ok(Box::pin(async move {
            let lead = sales::get_lead(self.store.as_ref(), &authority, &id).await?;
            Ok(Response::json(200, &presentation::lead(&lead))?.with_etag(lead.version))
        }))
    }
}
