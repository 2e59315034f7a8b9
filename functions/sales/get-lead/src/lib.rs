//! `GET /v1/leads/{id}`: one lead.

use application_sales as sales;
use domain::authority::ReadLeads;
use domain::id::LeadId;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetLead {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
}

impl Handler for GetLead {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<ReadLeads>(store, &context, &request.caller()?).await?;
            let id: LeadId = request.id("id")?;
            let limiter = self.limiter.as_ref();
            let (lead, decision) = sales::get_lead(store, limiter, &context, &authority, &id).await?;
            Ok(Response::json(200, &presentation::lead(&lead))?
                .with_etag(lead.version)
                .with_rate_limit(decision))
        })
    }
}
