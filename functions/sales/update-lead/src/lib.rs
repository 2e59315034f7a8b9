//! `PUT /v1/leads/{id}`: replaces the fields of a lead, unless it changed since the caller read it.

use application_sales as sales;
use application_sales::LeadReplacement;
use contracts::lead::ReplaceLeadRequest;
use domain::authority::{Authority, WriteLeads};
use domain::id::LeadId;
use domain::sales::{LeadInput, check_lead};
use edge::http::{Replacement, unchanged};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// Members that a client can read but not set.
const READ_ONLY: [&str; 8] =
    ["id", "owner_id", "score", "score_breakdown", "scored_at", "created_at", "updated_at", "version"];

/// The handler and its ports.
pub struct UpdateLead {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for UpdateLead {
    type Permission = WriteLeads;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<WriteLeads>) -> RouteFuture<'a> {
        let id: LeadId = request.id("id")?;
        let judge = |body: &ReplaceLeadRequest| check_lead(&input(body), authority.account());
        let Replacement { body, read_only } = request.replacement(&READ_ONLY, judge)?;
        let precondition = request.replacement_precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            let replacement = LeadReplacement {
                precondition: &precondition,
                input: &input(&body),
                check: &|current| unchanged(&read_only, &presentation::lead(current)),
            };
            let store = self.store.as_ref();
            let lead = sales::update_lead(store, &context, &authority, &id, &replacement).await?;
            Ok(Response::json(200, &presentation::lead(&lead))?.with_etag(lead.version))
        }))
    }
}

/// The body as input of the domain.
fn input(body: &ReplaceLeadRequest) -> LeadInput<'_> {
    LeadInput {
        company_name: &body.company_name,
        industry: body.industry.as_deref(),
        company_size: body.company_size.as_ref().map(presentation::company_size_input),
        contact_name: body.contact_name.as_deref(),
        contact_email: body.contact_email.as_deref(),
        contact_phone: body.contact_phone.as_deref(),
        notes: body.notes.as_deref(),
        status: Some(&body.status),
    }
}
