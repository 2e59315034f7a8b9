//! Scores many leads at once. Each has an outcome of its own and its score is written by a command of its own: none fails
//! because another does.

use super::own_lead::{self, lead_key};
use super::score_lead::{ScoreLead, Scored, scored, write};
use crate::ai::{Asker, Judgement};
use crate::limits::{LEAD_SCORES, limited};
use crate::ports::LimitDecision;
use crate::repository::Work;
use crate::{Context, Error};
use domain::authority::{Authority, ScoreLeads};
use domain::field::{Check, Invalid};
use domain::id::LeadId;
use domain::sales::Lead;
use futures_util::future::join_all;
use std::collections::HashSet;
use std::sync::Arc;

/// The most leads of one request.
pub const MOST_LEADS: usize = 50;

/// What became of one lead.
#[derive(Debug, Clone)]
pub enum LeadOutcome {
    /// It has a score.
    Scored(Box<Scored>),
    /// There is no such lead, or the caller may not know that there is.
    NotFound,
    /// It could not be judged, or its score not written.
    Failed(Arc<Error>),
}

/// Scores leads; their outcomes stand in the order of the identifiers. The request counts once in `lead_scores`, and each of
/// its questions to models in `ai_calls`.
pub async fn score_leads(
    needs: &ScoreLead,
    context: &Context,
    authority: &Authority<ScoreLeads>,
    ids: &[LeadId],
) -> Result<(Vec<LeadOutcome>, LimitDecision), Error> {
    check(ids)?;
    let store = needs.store.as_ref();
    let who = authority.account().to_string();
    let read = async {
        let loads = ids.iter().map(|id| async move {
            Work::<Lead>::load(store, lead_key(authority, id), &[Lead::subject(id)]).await
        });
        let works: Result<Vec<_>, _> = join_all(loads).await.into_iter().collect();
        Ok(works?)
    };
    let (works, decision) =
        limited(needs.limiter.as_ref(), LEAD_SCORES, &who, context.now, Box::pin(read)).await?;
    let covered = works.into_iter().map(|work| async move {
        let Some(work) = work else { return Ok(None) };
        match own_lead::cover(store, context, authority, work.state().ok_or(Error::NotFound)?).await {
            Ok(()) => Ok(Some(work)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    });
    let works: Vec<Option<Work<Lead>>> = join_all(covered).await.into_iter().collect::<Result<_, Error>>()?;
    let leads: Vec<Lead> = works.iter().flatten().filter_map(|work| work.state().cloned()).collect();
    let asker = Asker::of(authority.caller());
    let mut judgements = needs.scorer.score_all(&leads, context, &asker).await.into_iter();
    let outcomes = works.into_iter().map(|work| {
        let judged = work.and_then(|work| judgements.next().map(|judgement| (work, judgement)));
        outcome(needs, context, authority, judged)
    });
    Ok((join_all(outcomes).await, decision))
}

async fn outcome(
    needs: &ScoreLead,
    context: &Context,
    authority: &Authority<ScoreLeads>,
    judged: Option<(Work<Lead>, Judgement)>,
) -> LeadOutcome {
    let (work, score) = match judged {
        None => return LeadOutcome::NotFound,
        Some((_, Err(error))) => return LeadOutcome::Failed(error),
        Some((work, Ok(score))) => (work, score),
    };
    let written = write(needs.store.as_ref(), context, authority, work, &score, None).await;
    match written.and_then(scored) {
        Ok(scored) => LeadOutcome::Scored(Box::new(scored)),
        // It was deleted meanwhile.
        Err(Error::NotFound) => LeadOutcome::NotFound,
        Err(error) => LeadOutcome::Failed(Arc::new(error)),
    }
}

/// From 1 to [`MOST_LEADS`], and none twice: a lead has one outcome.
fn check(ids: &[LeadId]) -> Result<(), Invalid> {
    let mut check = Check::default();
    if ids.is_empty() || ids.len() > MOST_LEADS {
        check.wrong("lead_ids", "length", format!("must be 1 to {MOST_LEADS} leads"));
    }
    let mut seen = HashSet::new();
    if ids.iter().any(|id| !seen.insert(id.to_string())) {
        check.wrong("lead_ids", "unique", "must not name a lead twice");
    }
    check.finish(())
}
