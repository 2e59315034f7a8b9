//! `DELETE /v1/leads/{id}`: takes a lead out of every list; deleting it again changes nothing.

use application_sales as sales;
use domain::authority::{Authority, WriteLeads};
use domain::id::LeadId;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct DeleteLead {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for DeleteLead {
    type Permission = WriteLeads;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<WriteLeads>) -> RouteFuture<'a> {
        let id: LeadId = request.id("id")?;
        let precondition = request.precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            sales::delete_lead(self.store.as_ref(), &context, &authority, &id, &precondition).await?;
            Ok(Response::no_content())
        }))
    }
}
