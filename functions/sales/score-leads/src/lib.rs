//! `POST /v1/lead-scores`: scores up to fifty leads, ten with each prompt to a model.

use application_core::{Configured, CurrentVersion, RefusedAccess};
use application_sales as sales;
use application_sales::{LeadOutcome as Outcome, ScoreLead as Needs};
use contracts::lead_score::{LeadOutcome, LeadScores, ScoreLeadsRequest};
use domain::authority::{Authority, ScoreManyLeads};
use domain::field::{FieldChecks, InvalidFields};
use domain::id::LeadId;
use edge::{Problem, Request, Response, Route, RouteFuture, Uncounted};

/// The handler and its ports.
pub struct ScoreLeads {
    /// The ports of the use case.
    pub needs: Configured<Needs>,
}

impl Route for ScoreLeads {
    type Permission = ScoreManyLeads;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ScoreManyLeads>) -> RouteFuture<'a> {
        let body: ScoreLeadsRequest = request.json(|body| ids(body).map(drop))?;
        let ids = ids(&body)?;
        request.precondition()?.check(CurrentVersion::Absent)?;
        let key = request.idempotency_key("scoreLeads")?;
        let (needs, context) = (self.needs.current(), request.context());
        Ok(Box::pin(async move {
            let (answer, decision) =
                sales::score_leads(&needs, &context, &authority, &ids, key.as_ref()).await?;
            let refused: Vec<RefusedAccess> = answer.value.iter().filter_map(refused).collect();
            let each = body.lead_ids.into_iter().zip(answer.value);
            let data = each.map(|(id, outcome)| lead(id, outcome, &context.correlation_id)).collect();
            Ok(Response::json(200, &LeadScores { data })?
                .with_rate_limit(decision)
                .with_refused(refused)
                .replayed(answer.replayed))
        }))
    }
}

/// A text that is not an id can't be the id of a lead, but the contract has a pattern for ids, so it is a wrong field.
fn ids(body: &ScoreLeadsRequest) -> Result<Vec<LeadId>, InvalidFields> {
    let mut check = FieldChecks::default();
    let mut ids = Vec::with_capacity(body.lead_ids.len());
    for (at, id) in body.lead_ids.iter().enumerate() {
        match id.parse() {
            Ok(id) => ids.push(id),
            Err(_) => check.wrong(&format!("lead_ids.{at}"), "format", "must be the id of a lead"),
        }
    }
    check.finish(ids)
}

/// The refusal of a lead that belongs to another owner.
fn refused(outcome: &Outcome) -> Option<RefusedAccess> {
    match outcome {
        Outcome::Refused(refused) => Some(refused.as_ref().clone()),
        Outcome::Scored(_) | Outcome::NotFound | Outcome::Failed(_) => None,
    }
}

/// A lead's part of the answer. A lead that the caller may not know of has the same part as a missing one.
fn lead(lead_id: String, outcome: Outcome, correlation_id: &str) -> LeadOutcome {
    let (status, problem) = match outcome {
        Outcome::Scored(scored) => {
            let score = presentation::lead_score(&scored.lead, &scored.score);
            return LeadOutcome { lead_id, status: "scored".to_owned(), score: Some(score), problem: None };
        }
        Outcome::NotFound | Outcome::Refused(_) => ("not_found", Problem::not_found()),
        Outcome::Failed(error) => ("failed", Problem::from(error)),
    };
    let problem = Some(problem.document(correlation_id));
    LeadOutcome { lead_id, status: status.to_owned(), score: None, problem }
}
