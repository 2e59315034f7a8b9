//! `POST /v1/leads/{id}/score`: scores a lead.

use application_core::Configured;
use application_sales as sales;
use application_sales::ScoreLead as Needs;
use domain::authority::{Authority, ScoreLeads};
use domain::id::LeadId;
use edge::{Request, Response, Route, RouteFuture, Uncounted};

/// The handler and its ports.
pub struct ScoreLead {
    /// The ports of the use case.
    pub needs: Configured<Needs>,
}

impl Route for ScoreLead {
    type Permission = ScoreLeads;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ScoreLeads>) -> RouteFuture<'a> {
        let id: LeadId = request.id("id")?;
        let key = request.idempotency_key("scoreLead")?;
        let precondition = request.precondition()?;
        let (needs, context) = (self.needs.current(), request.context());
        Ok(Box::pin(async move {
            let (answer, decision) =
                sales::score_lead(&needs, &context, &authority, &id, &precondition, key.as_ref()).await?;
            let body = presentation::lead_score(&answer.value.lead, &answer.value.score);
            Ok(Response::json(200, &body)?
                .with_etag(body.version)
                .with_rate_limit(decision)
                .replayed(answer.replayed))
        }))
    }
}
