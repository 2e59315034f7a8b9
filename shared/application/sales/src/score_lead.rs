//! Scores a lead. It is scored once, even if the result must be written again because the lead changed meanwhile, and
//! once for each idempotency key.

use super::own_lead::{self, lead_key};
use super::scoring::LeadScorer;
use application_ai::Asker;
use application_core::idempotency::{Answer, claim, outcome, remember, replay_loaded};
use application_core::limits::{LEAD_SCORES, limited};
use application_core::repository::{Actor, Work};
use application_core::{Context, Error};
use domain::Versioned;
use domain::authority::{Authority, Permission, ScoreLeads};
use domain::id::LeadId;
use domain::sales::{self, Lead, LeadScore};
use ports::{IdempotencyKey, LimitDecision, Limiter, Store, Transaction};
use std::sync::Arc;

/// How often the result is written when the lead changes at the same time.
const TRIES: usize = 5;

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
    idempotency: Option<&IdempotencyKey>,
) -> Result<(Answer<Scored>, LimitDecision), Error> {
    let store = needs.store.as_ref();
    let who = authority.account().to_string();
    let read = async { Ok(Work::<Lead>::load(store, lead_key(authority, id), &[Lead::subject(id)]).await?) };
    let (work, decision) =
        limited(needs.limiter.as_ref(), LEAD_SCORES, &who, context.now, Box::pin(read)).await?;
    let work = work.ok_or(Error::NotFound)?;
    own_lead::cover(store, context, authority, work.state().ok_or(Error::NotFound)?).await?;

    if let Some(outcome) = claim(store, idempotency, context).await? {
        let current = work.finish()?.1;
        let key = lead_key(authority, id);
        let Answer { value, replayed } = replay_loaded(store, &key, current, outcome).await?;
        return Ok((Answer { value: scored(value)?, replayed }, decision));
    }
    match judge_and_write(needs, context, authority, work, idempotency).await {
        Ok(lead) => Ok((Answer::first(scored(lead)?), decision)),
        Err(error) => {
            if let Some(key) = idempotency {
                // A failed release only delays the retry until the claim ends by itself.
                let _ = store.release(key).await;
            }
            Err(error)
        }
    }
}

async fn judge_and_write(
    needs: &ScoreLead,
    context: &Context,
    authority: &Authority<ScoreLeads>,
    work: Work<Lead>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Versioned<Lead>, Error> {
    let asker = Asker::of(authority.caller());
    let score = needs.scorer.score(work.state().ok_or(Error::NotFound)?, context, &asker).await?;
    write(needs.store.as_ref(), context, authority, work, &score, idempotency).await
}

/// Writes a score, again whenever the lead was changed meanwhile.
pub(super) async fn write<P: Permission>(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<P>,
    mut work: Work<Lead>,
    score: &LeadScore,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Versioned<Lead>, Error> {
    let id = work.state().ok_or(Error::NotFound)?.id;
    for _ in 0..TRIES {
        let event = sales::score_lead(work.state().ok_or(Error::NotFound)?, score.clone());
        work.record(&event, context, &Actor::account(authority.account()))?;
        let (change, after) = work.finish()?;
        let transaction = Transaction {
            changes: vec![change],
            idempotency: remember(idempotency, || outcome(&id, after.version), context.now),
            idempotency_claimed: idempotency.is_some(),
            ..Transaction::default()
        };
        match store.commit(&transaction).await.map_err(Error::from) {
            Ok(()) => return Ok(after),
            Err(Error::VersionMismatch) => work = own_lead::load(store, context, authority, &id).await?,
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}

pub(super) fn scored(lead: Versioned<Lead>) -> Result<Scored, Error> {
    let score = lead.state.score.clone().ok_or(Error::NotFound)?;
    Ok(Scored { lead, score })
}
