//! Scores a lead. It is scored once, even if the result must be written again because the lead changed meanwhile, and
//! once for each idempotency key.

use super::own_lead::{lead_access, lead_key};
use super::scoring::LeadScorer;
use application_ai::Requester;
use application_core::command::{Change, Command, Idempotency, change_loaded, release};
use application_core::idempotency::{RepeatableResult, claim, replay_loaded};
use application_core::limits::{LEAD_SCORES, limited};
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, CurrentVersion, Error, Precondition};
use domain::Versioned;
use domain::authority::{Authority, Permission, ScoreLeads};
use domain::id::LeadId;
use domain::sales::{self, Lead, LeadScore};
use ports::{IdempotencyKey, LimitDecision, Limiter, Store, StoreError};
use std::sync::Arc;

/// The ports of the use case.
pub struct ScoreLead {
    /// Loads and commits leads.
    pub store: Arc<dyn Store>,
    /// Counts scores.
    pub limiter: Arc<dyn Limiter>,
    /// Makes the score.
    pub scorer: LeadScorer,
}

/// A score and the lead that has it.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The lead after scoring.
    pub lead: Versioned<Lead>,
    /// The score.
    pub score: LeadScore,
}

/// Scores the lead.
pub async fn score_lead(
    needs: &ScoreLead,
    context: &Context,
    authority: &Authority<ScoreLeads>,
    id: &LeadId,
    precondition: &Precondition,
    idempotency: Option<&IdempotencyKey>,
) -> Result<(RepeatableResult<Scored>, LimitDecision), Error> {
    let (store, key) = (needs.store.as_ref(), lead_key(authority, id));
    let who = authority.account().to_string();
    let subjects = [Lead::subject(id)];
    let read = async { Ok(PendingChange::<Lead>::load(store, key.clone(), &subjects).await?) };
    let (pending, decision) =
        limited(needs.limiter.as_ref(), LEAD_SCORES, &who, context.now, Box::pin(read)).await?;
    let pending = pending.ok_or(Error::NotFound)?;
    lead_access(authority, pending.state()).enforce(&key)?;

    if let Some(outcome) = claim(store, idempotency, context).await? {
        let RepeatableResult { value, replayed } =
            replay_loaded(store, &key, pending.into_current(), outcome).await?;
        return Ok((RepeatableResult { value: scored(value)?, replayed }, decision));
    }
    match judge_and_write(needs, context, authority, pending, precondition, idempotency).await {
        Ok(lead) => Ok((RepeatableResult::first(scored(lead)?), decision)),
        Err(error) => {
            if let Some(key) = idempotency {
                release(store, key).await;
            }
            Err(error)
        }
    }
}

async fn judge_and_write(
    needs: &ScoreLead,
    context: &Context,
    authority: &Authority<ScoreLeads>,
    pending: PendingChange<Lead>,
    precondition: &Precondition,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Versioned<Lead>, Error> {
    // This check comes before the call to a model, which costs money.
    precondition.check(CurrentVersion::Number(pending.version()))?;
    let asker = Requester::of(authority.caller());
    let score = needs.scorer.score(pending.state(), context, &asker).await?;
    let judged = JudgedLead { pending, score: &score, precondition };
    write(needs.store.as_ref(), context, authority, judged, idempotency).await
}

/// A lead and its new score.
pub(super) struct JudgedLead<'a> {
    /// The lead in the state that was scored.
    pub(super) pending: PendingChange<Lead>,
    /// The new score.
    pub(super) score: &'a LeadScore,
    /// The client's condition on the version of the lead.
    pub(super) precondition: &'a Precondition,
}

/// Writes a score, and repeats that if another request changed the lead meanwhile. The idempotency key is already
/// claimed.
pub(super) async fn write<P: Permission>(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<P>,
    judged: JudgedLead<'_>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Versioned<Lead>, Error> {
    let JudgedLead { pending, score, precondition } = judged;
    let actor = Actor::account(authority.account());
    let command = Command { store, context, actor, idempotency: Idempotency::claimed(idempotency) };
    let scoring = Change {
        key: pending.key().clone(),
        subjects: &[Lead::subject(&pending.state().id)],
        precondition,
        access: &|lead: &Lead| lead_access(authority, lead),
        decide: &|lead: &Versioned<Lead>| Ok(vec![sales::score_lead(&lead.state, score.clone())]),
        erases: &[],
        removes: false,
    };
    change_loaded(&command, &scoring, pending).await
}

/// The score of a scored lead.
pub(super) fn scored(lead: Versioned<Lead>) -> Result<Scored, Error> {
    let score = lead.state.score.clone().ok_or(StoreError::Malformed("a scored lead without a score"))?;
    Ok(Scored { lead, score })
}
