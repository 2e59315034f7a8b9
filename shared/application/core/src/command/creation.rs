//! The creation of one aggregate: a conditional write, or a claim and then the write, and the same answer for whoever
//! repeats the request.

use super::{Command, Idempotency, commit_once, release_failed};
use crate::idempotency::{Answer, claim, outcome, replay_loaded, replayed_key};
use crate::repository::{self, PendingChange};
use crate::{Access, Error};
use domain::id::SubjectId;
use domain::{Aggregate, Versioned};
use ports::{AggregateKey, BoxFuture, Transaction};

/// An aggregate that a request creates.
pub struct Creation<'a, A: Aggregate> {
    /// Its key; nobody has it yet.
    pub key: AggregateKey,
    /// Whose personal data it holds: their keys are made with it.
    pub subjects: &'a [SubjectId],
    /// Its first event.
    pub event: &'a A::Event,
    /// Whether the caller may see it again when the request is repeated.
    pub access: &'a (dyn Fn(&A) -> Access + Sync),
    /// What must be asked once for each idempotency key before it is created, such as a limit that counts. The key is
    /// claimed before, which costs a write.
    pub admission: Option<BoxFuture<'a, Result<(), Error>>>,
}

/// Creates an aggregate, or answers what an earlier request with the same idempotency key created: one write.
///
/// # Errors
///
/// [`Error::Gone`] when an earlier request created it and the caller may not see it any more.
pub async fn create_once<A: Aggregate>(
    command: &Command<'_>,
    creation: Creation<'_, A>,
) -> Result<Answer<Versioned<A>>, Error> {
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
    let Some(earlier) = earlier else { return Ok(Answer::first(after)) };
    let key = replayed_key(&key, &earlier)?;
    let current = repository::load::<A>(command.store, &key).await?.ok_or(Error::Gone)?;
    match access(&current.state) {
        Access::Granted => replay_loaded(command.store, &key, current, earlier).await,
        Access::Missing | Access::Refused(_) => Err(Error::Gone),
    }
}
