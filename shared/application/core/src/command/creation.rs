//! The creation of one aggregate: a conditional write, or a claim and then the write. A repeated request gets the same
//! answer.

use super::{Command, Idempotency, commit_once, release_failed};
use crate::idempotency::{RepeatableResult, claim, outcome, replay_loaded, replayed_key};
use crate::repository::{self, PendingChange};
use crate::{AccessDecision, Error};
use domain::id::SubjectId;
use domain::{Aggregate, Versioned};
use ports::{AggregateKey, BoxFuture, Transaction};

/// An aggregate that a request creates.
pub struct Creation<'a, A: Aggregate> {
    /// The key of the new aggregate.
    pub key: AggregateKey,
    /// The subjects whose personal data it contains. Their keys are created together with it.
    pub subjects: &'a [SubjectId],
    /// The first event.
    pub event: &'a A::Event,
    /// Whether the caller may see the aggregate when the request is repeated.
    pub access: &'a (dyn Fn(&A) -> AccessDecision + Sync),
    /// A check that must run once for each idempotency key before the creation, such as a limit that counts. The key is
    /// claimed first, which costs a write.
    pub admission: Option<BoxFuture<'a, Result<(), Error>>>,
}

/// Creates an aggregate, or returns the one that an earlier request with the same idempotency key created: one write.
///
/// # Errors
///
/// [`Error::Gone`] if an earlier request created it and the caller may no longer see it.
pub async fn create_once<A: Aggregate>(
    command: &Command<'_>,
    creation: Creation<'_, A>,
) -> Result<RepeatableResult<Versioned<A>>, Error> {
    let Creation { key, subjects, event, access, admission } = creation;
    let pending =
        PendingChange::create(key.clone(), subjects.iter().copied(), event, command.context, &command.actor)?;
    let (change, after) = pending.finish()?;
    let made = outcome(&key.id(), after.version);
    let transaction = Transaction { changes: vec![change], ..Transaction::default() };
    let earlier = match (admission, command.idempotency) {
        (None, _) => commit_once(command, transaction, made).await?,
        (Some(admission), Idempotency::Key(claimable)) => {
            match claim(command.store, Some(claimable), command.context).await? {
                Some(earlier) => Some(earlier),
                None => {
                    let claimed = Command {
                        idempotency: Idempotency::Claimed(claimable),
                        actor: command.actor.clone(),
                        ..*command
                    };
                    let admitted = async {
                        admission.await?;
                        commit_once(&claimed, transaction, made).await
                    };
                    release_failed(command.store, claimable, admitted.await).await?
                }
            }
        }
        (Some(admission), Idempotency::Unkeyed | Idempotency::Claimed(_)) => {
            admission.await?;
            commit_once(command, transaction, made).await?
        }
    };
    let Some(earlier) = earlier else { return Ok(RepeatableResult::first(after)) };
    let key = replayed_key(&key, &earlier)?;
    let current = repository::load::<A>(command.store, &key).await?.ok_or(Error::Gone)?;
    match access(&current.state) {
        AccessDecision::Granted => replay_loaded(command.store, &key, current, earlier).await,
        AccessDecision::Missing | AccessDecision::Refused(_) => Err(Error::Gone),
    }
}
