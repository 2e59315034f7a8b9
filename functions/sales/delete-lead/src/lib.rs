//! `DELETE /v1/leads/{id}`: takes a lead out of every list; deleting it again changes nothing.

use application_sales as sales;
use domain::authority::WriteLeads;
use domain::id::LeadId;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct DeleteLead {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Handler for DeleteLead {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<WriteLeads>(store, &context, &request.caller()?).await?;
            let id: LeadId = request.id("id")?;
            let precondition = request.precondition()?;
            sales::delete_lead(store, &context, &authority, &id, &precondition).await?;
            Ok(Response::no_content())
        })
    }
}
