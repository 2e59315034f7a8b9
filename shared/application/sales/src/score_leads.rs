//! Scores many leads with one request. Each has an outcome of its own and its score is written by a command of its own:
//! no lead fails because another does, and a request that is repeated after a crash goes on where it ended.

use super::own_lead::{lead_access, lead_key};
use super::score_lead::{JudgedLead, ScoreLead, Scored, scored, write};
use super::scoring::LeadJudgement;
use application_ai::Requester;
use application_core::command;
use application_core::idempotency::{RepeatableResult, claim, outcome, part, replay_loaded};
use application_core::limits::{LEAD_SCORES, limited};
use application_core::repository::PendingChange;
use application_core::{Context, Error, IdempotencyConflict, Precondition, RefusedAccess};
use domain::authority::{Authority, ScoreManyLeads};
use domain::field::{FieldChecks, InvalidFields};
use domain::id::LeadId;
use domain::sales::Lead;
use futures_util::future::{Either, join_all, select};
use ports::{IdempotencyKey, LimitDecision, Store, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// The most leads of one request.
pub const MOST_LEADS: usize = 50;
/// Time that is reserved to answer the outcomes.
const TELLING: Duration = Duration::from_millis(500);

/// The outcome of a lead.
#[derive(Debug, Clone)]
pub enum LeadOutcome {
    /// It has a score.
    Scored(Box<Scored>),
    /// The lead does not exist, or the caller may not know that it exists.
    NotFound,
    /// The lead belongs to another owner: the caller is answered as for a missing lead, and the refusal must be
    /// recorded.
    Refused(Box<RefusedAccess>),
    /// It could not be scored, or its score could not be written, or no time was left.
    Failed(Arc<Error>),
}

/// A lead of a request on its way to its outcome.
enum Step {
    /// The outcome is known already.
    Done(LeadOutcome),
    /// An earlier request with the same key scored it before it ended.
    Earlier(Box<Scored>),
    /// It must be scored.
    ToJudge(Box<PendingChange<Lead>>),
}

/// Scores leads; the outcomes are in the order of the ids. The request counts once in `lead_scores`, and each of its
/// prompts to models in `ai_calls`.
///
/// With an idempotency key, each lead's score is recorded in the transaction that writes it, so that a repetition of an
/// interrupted request neither scores nor writes those leads again. A request without failed leads is recorded as a
/// whole; one with failures is not, and its repetition scores the failed leads again.
pub async fn score_leads(
    needs: &ScoreLead,
    context: &Context,
    authority: &Authority<ScoreManyLeads>,
    ids: &[LeadId],
    idempotency: Option<&IdempotencyKey>,
) -> Result<(RepeatableResult<Vec<LeadOutcome>>, LimitDecision), Error> {
    check(ids)?;
    let store = needs.store.as_ref();
    let who = authority.account().to_string();
    let read = async {
        let loads = ids.iter().map(|id| async move {
            PendingChange::<Lead>::load(store, lead_key(authority, id), &[Lead::subject(id)]).await
        });
        let works: Result<Vec<_>, _> = join_all(loads).await.into_iter().collect();
        Ok(works?)
    };
    let (works, decision) =
        limited(needs.limiter.as_ref(), LEAD_SCORES, &who, context.now, Box::pin(read)).await?;
    if let Some(outcome) = claim(store, idempotency, context).await? {
        let value = all_again(store, authority, works, outcome).await?;
        return Ok((RepeatableResult { value, replayed: true }, decision));
    }
    let result = judge_and_write(needs, context, authority, works, idempotency).await;
    if let Some(key) = idempotency {
        let versions = result.as_ref().ok().and_then(|outcomes| versions(outcomes));
        // A failure to record or to release only delays a repetition until the claim ends by itself; written scores are
        // recorded with each lead.
        let _ = match versions {
            Some(versions) => store.complete(key, &versions, context.now).await,
            None => store.release(key).await,
        };
    }
    Ok((RepeatableResult::first(result?), decision))
}

async fn judge_and_write(
    needs: &ScoreLead,
    context: &Context,
    authority: &Authority<ScoreManyLeads>,
    works: Vec<Option<PendingChange<Lead>>>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Vec<LeadOutcome>, Error> {
    let steps =
        works.into_iter().map(|work| step(needs.store.as_ref(), context, authority, work, idempotency));
    let steps: Vec<Result<Step, Error>> = join_all(steps).await;
    if steps.iter().any(Result::is_err) {
        let claimed = steps.iter().flatten().filter_map(|step| match step {
            Step::ToJudge(work) => Some(work.state().id),
            Step::Done(_) | Step::Earlier(_) => None,
        });
        join_all(claimed.map(|id| release(needs.store.as_ref(), idempotency, id))).await;
    }
    let steps: Vec<Step> = steps.into_iter().collect::<Result<_, _>>()?;
    let leads = steps.iter().filter_map(|step| match step {
        Step::ToJudge(work) => Some(work.state().clone()),
        Step::Done(_) | Step::Earlier(_) => None,
    });
    let leads: Vec<Lead> = leads.collect();
    let asker = Requester::of(authority.caller());
    let mut judgements = needs.scorer.score_all(&leads, context, &asker).await.into_iter();
    let outcomes = steps.into_iter().map(|step| {
        let step = match step {
            Step::Done(outcome) => Err(outcome),
            Step::Earlier(scored) => Err(LeadOutcome::Scored(scored)),
            Step::ToJudge(work) => judgements.next().map(|score| (work, score)).ok_or(LeadOutcome::NotFound),
        };
        async move {
            match step {
                Ok((work, score)) => finish(needs, context, authority, *work, score, idempotency).await,
                Err(outcome) => outcome,
            }
        }
    });
    Ok(join_all(outcomes).await)
}

/// Decides what must be done with a lead. With a key, a lead that must be scored has been claimed.
async fn step(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<ScoreManyLeads>,
    work: Option<PendingChange<Lead>>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Step, Error> {
    let Some(work) = work else { return Ok(Step::Done(LeadOutcome::NotFound)) };
    let lead = work.state();
    let key = idempotency.map(|key| part(key, &lead.id));
    if let Err(error) = lead_access(authority, lead).enforce(work.key()) {
        return Ok(Step::Done(hidden(error)?));
    }
    match claim(store, key.as_ref(), context).await {
        Ok(None) => Ok(Step::ToJudge(Box::new(work))),
        Ok(Some(outcome)) => Ok(Step::Earlier(Box::new(again(store, work, outcome).await?))),
        // An earlier request may still be writing this one; the others need not wait for it.
        Err(error @ Error::Idempotency(IdempotencyConflict::InFlight)) => {
            Ok(Step::Done(LeadOutcome::Failed(Arc::new(error))))
        }
        Err(error) => Err(error),
    }
}

/// Writes a lead's score, if there is one and while there is time.
async fn finish(
    needs: &ScoreLead,
    context: &Context,
    authority: &Authority<ScoreManyLeads>,
    work: PendingChange<Lead>,
    score: LeadJudgement,
    idempotency: Option<&IdempotencyKey>,
) -> LeadOutcome {
    let store = needs.store.as_ref();
    let id = work.state().id;
    let score = match score {
        Ok(score) => score,
        Err(error) => {
            release(store, idempotency, id).await;
            return failed(error);
        }
    };
    let key = idempotency.map(|key| part(key, &id));
    let judged = JudgedLead { pending: work, score: &score, precondition: &Precondition::NONE };
    let written = Box::pin(write(store, context, authority, judged, key.as_ref()));
    let time = needs.scorer.gateway.timer().sleep(context.time_left().saturating_sub(TELLING));
    let written = match select(written, time).await {
        Either::Left((written, _)) => written.and_then(scored),
        // It may have been written: the claim stays until it ends by itself, and a repetition finds out.
        Either::Right(_) => return failed(Arc::new(Error::DeadlineExceeded)),
    };
    match written {
        Ok(scored) => LeadOutcome::Scored(Box::new(scored)),
        Err(error) => {
            release(store, idempotency, id).await;
            // It may have been deleted meanwhile, or given to another owner.
            hidden(error).unwrap_or_else(|error| failed(Arc::new(error)))
        }
    }
}

/// The outcome of a lead that the caller may not know of; any other error is returned.
fn hidden(error: Error) -> Result<LeadOutcome, Error> {
    match error {
        Error::NotFound => Ok(LeadOutcome::NotFound),
        Error::Refused(refused) => Ok(LeadOutcome::Refused(refused)),
        other => Err(other),
    }
}

fn failed(error: Arc<Error>) -> LeadOutcome {
    // The alarm about leads leaves out what a caller causes.
    let lead_failure = if is_the_callers(&error) { "request" } else { "service" };
    tracing::warn!(lead_failure, error = &*error as &dyn std::error::Error, "a lead of several has no score");
    LeadOutcome::Failed(error)
}

/// Whether a caller can cause this failure as often as it likes, such as by a budget that is used up.
fn is_the_callers(error: &Error) -> bool {
    matches!(
        error,
        Error::OverBudget(_)
            | Error::Conflict
            | Error::Idempotency(_)
            | Error::UnknownModel
            | Error::ContextLength
            | Error::ModelRefused
            | Error::AnswerUnusable
            | Error::AnswerTooSlow
    )
}

/// Releases the claim of a lead.
async fn release(store: &dyn Store, idempotency: Option<&IdempotencyKey>, id: LeadId) {
    if let Some(key) = idempotency.map(|key| part(key, &id)) {
        command::release(store, &key).await;
    }
}

/// The outcome of a request without failures: each lead's version with its score, and null for a missing lead. `None`
/// when a lead failed, because it must be scored again.
fn versions(outcomes: &[LeadOutcome]) -> Option<Value> {
    let version = |outcome: &LeadOutcome| match outcome {
        LeadOutcome::Scored(scored) => Some(Some(scored.lead.version)),
        LeadOutcome::NotFound | LeadOutcome::Refused(_) => Some(None),
        LeadOutcome::Failed(_) => None,
    };
    outcomes.iter().map(version).collect::<Option<Vec<_>>>().map(|versions| json!(versions))
}

/// The outcomes of an earlier request for the same leads. A lead that is deleted by now, or that the caller may not see
/// any more, is not shown again.
async fn all_again(
    store: &dyn Store,
    authority: &Authority<ScoreManyLeads>,
    works: Vec<Option<PendingChange<Lead>>>,
    versions: Value,
) -> Result<Vec<LeadOutcome>, Error> {
    let versions: Vec<Option<u64>> =
        Vec::deserialize(versions).map_err(|error| StoreError::Decode(error.into()))?;
    if versions.len() != works.len() {
        return Err(StoreError::Malformed("the outcome of a request").into());
    }
    let outcomes = works.into_iter().zip(versions).map(|lead| async move {
        let (Some(work), Some(version)) = lead else { return Ok(LeadOutcome::NotFound) };
        let lead = work.state();
        if let Err(error) = lead_access(authority, lead).enforce(work.key()) {
            return hidden(error);
        }
        let outcome = outcome(&lead.id, version);
        Ok(LeadOutcome::Scored(Box::new(again(store, work, outcome).await?)))
    });
    join_all(outcomes).await.into_iter().collect()
}

/// The score that an earlier request gave a lead.
async fn again(store: &dyn Store, work: PendingChange<Lead>, outcome: Value) -> Result<Scored, Error> {
    let key = work.key().clone();
    let current = work.into_current();
    scored(replay_loaded(store, &key, current, outcome).await?.value)
}

/// Checks that there are 1 to [`MOST_LEADS`] ids, each only once: a lead has one outcome.
fn check(ids: &[LeadId]) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    if ids.is_empty() || ids.len() > MOST_LEADS {
        check.wrong("lead_ids", "length", format!("must be 1 to {MOST_LEADS} leads"));
    }
    let mut seen = HashSet::new();
    if ids.iter().any(|id| !seen.insert(id.to_string())) {
        check.wrong("lead_ids", "unique", "must not name a lead twice");
    }
    check.finish(())
}
