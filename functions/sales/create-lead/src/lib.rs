//! `POST /v1/leads`: creates a lead of the caller.

use application_core::CurrentVersion;
use application_sales as sales;
use contracts::lead::CreateLeadRequest;
use domain::authority::{Authority, WriteLeads};
use domain::sales::{LeadInput, check_lead};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct CreateLead {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for CreateLead {
    type Permission = WriteLeads;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<WriteLeads>) -> RouteFuture<'a> {
        let judge = |body: &CreateLeadRequest| check_lead(&input(body), authority.account());
        let body: CreateLeadRequest = request.json(judge)?;
        request.precondition()?.check(CurrentVersion::Unversioned)?;
        let key = request.idempotency_key("createLead")?;
        let context = request.context();
        Ok(Box::pin(async move {
            let (store, input) = (self.store.as_ref(), input(&body));
            let answer = sales::create_lead(store, &context, &authority, &input, key.as_ref()).await?;
            let body = presentation::lead(&answer.value);
            let location = format!("/v1/leads/{}", body.id);
            Ok(Response::json(201, &body)?
                .with_etag(body.version)
                .with_header("Location", location)
                .replayed(answer.replayed))
        }))
    }
}

/// The body as input of the domain.
fn input(body: &CreateLeadRequest) -> LeadInput<'_> {
    LeadInput {
        company_name: &body.company_name,
        industry: body.industry.as_deref(),
        company_size: body.company_size.as_ref().map(presentation::company_size_input),
        contact_name: body.contact_name.as_deref(),
        contact_email: body.contact_email.as_deref(),
        contact_phone: body.contact_phone.as_deref(),
        notes: body.notes.as_deref(),
        status: body.status.as_deref(),
    }
}
