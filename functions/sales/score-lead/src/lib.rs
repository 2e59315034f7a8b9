//! `POST /v1/leads/{id}/score`: scores a lead.

use application_core::Configured;
use application_sales as sales;
use application_sales::ScoreLead as Needs;
use domain::authority::ScoreLeads;
use domain::id::LeadId;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The handler and its ports.
pub struct ScoreLead {
    /// The ports of the use case.
    pub needs: Configured<Needs>,
}

impl Handler for ScoreLead {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let needs = self.needs.current();
            let (store, context) = (needs.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<ScoreLeads>(store, &context, &request.caller()?).await?;
            let id: LeadId = request.id("id")?;
            let key = request.idempotency_key("scoreLead")?;
            let precondition = request.precondition()?;
            let (answer, decision) =
                sales::score_lead(&needs, &context, &authority, &id, &precondition, key.as_ref()).await?;
            let body = presentation::lead_score(&answer.value.lead, &answer.value.score);
            Ok(Response::json(200, &body)?
                .with_etag(body.version)
                .with_rate_limit(decision)
                .replayed(answer.replayed))
        })
    }
}
