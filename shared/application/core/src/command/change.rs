//! A change of one aggregate: load, check access and precondition, decide, fold, commit; from the beginning if another
//! request was faster.

use super::{Command, Idempotency, commit_once, release, release_failed, retry_on_conflict};
use crate::idempotency::{RepeatableResult, claim, outcome, replay_loaded};
use crate::precondition::{CurrentVersion, Precondition};
use crate::repository::{self, PendingChange};
use crate::{AccessDecision, Error, IdempotencyConflict};
use domain::id::SubjectId;
use domain::{Aggregate, Versioned};
use ports::{AggregateKey, Transaction};

/// A change of one existing aggregate. [`ChangeOrCreate`] is for aggregates that are created by their first change.
pub struct Change<'a, A: Aggregate> {
    /// The key of the aggregate.
    pub key: AggregateKey,
    /// The subjects whose personal data new events may contain. Their keys are loaded with the aggregate.
    pub subjects: &'a [SubjectId],
    /// The client's condition on the version that is changed. It is checked at each attempt.
    pub precondition: &'a Precondition,
    /// Whether the caller may access the aggregate in its current state.
    pub access: &'a (dyn Fn(&A) -> AccessDecision + Sync),
    /// Decides the events for the current state; none if the aggregate needs no change.
    pub decide: &'a Decide<'a, A>,
    /// The subjects whose keys are destroyed with the change.
    pub erases: &'a [SubjectId],
    /// True for a removal. A removal that was done already gets the same answer again, whatever version the request
    /// names (RFC 9110, section 13.1.1, permits that), so that it can be repeated if its answer was lost.
    pub removes: bool,
}

/// A change of an aggregate that readers see in version 0 until its first change creates it.
pub struct ChangeOrCreate<'a, A: Aggregate> {
    /// The key of the aggregate.
    pub key: AggregateKey,
    /// The client's condition on the version that is changed.
    pub precondition: &'a Precondition,
    /// Decides the events for the current state, or for an aggregate that was never changed.
    pub decide: &'a DecideOrCreate<'a, A>,
}

/// The decision of a [`Change`].
pub type Decide<'a, A> = dyn Fn(&Versioned<A>) -> Result<Vec<<A as Aggregate>::Event>, Error> + Sync + 'a;

/// The decision of a [`ChangeOrCreate`].
pub type DecideOrCreate<'a, A> =
    dyn Fn(Option<&Versioned<A>>) -> Result<Vec<<A as Aggregate>::Event>, Error> + Sync + 'a;

/// The result of a change.
#[derive(Debug)]
pub struct Changed<T> {
    /// The aggregate after the change.
    pub after: T,
    /// Whether anything was written; false if the aggregate needed no change.
    pub wrote: bool,
}

/// Changes an aggregate once for each idempotency key: one read, one write, and one more write to claim a key. If
/// nothing changes, nothing is written.
///
/// # Errors
///
/// [`Error::NotFound`] if the aggregate does not exist or the caller may not access it, [`Error::PreconditionFailed`],
/// and [`Error::Conflict`] if other requests were faster at every attempt.
pub async fn change<A: Aggregate>(
    command: &Command<'_>,
    change: &Change<'_, A>,
) -> Result<RepeatableResult<Versioned<A>>, Error> {
    let Idempotency::Key(key) = command.idempotency else {
        return Ok(RepeatableResult::first(change_from(command, change, None).await?.after));
    };
    let store = command.store;
    if let Some(earlier) = claim(store, Some(key), command.context).await? {
        let current = repository::load::<A>(store, &change.key).await?.ok_or(Error::NotFound)?;
        (change.access)(&current.state).enforce(&change.key)?;
        return replay_loaded(store, &change.key, current, earlier).await;
    }
    let claimed =
        Command { idempotency: Idempotency::Claimed(key), actor: command.actor.clone(), ..*command };
    let changed = release_failed(store, key, change_from(&claimed, change, None).await).await?;
    if !changed.wrote {
        // No record of the request exists, so a repetition must not wait until its claim expires.
        release(store, key).await;
    }
    Ok(RepeatableResult::first(changed.after))
}

/// Changes an aggregate that was loaded already, with an idempotency key that was claimed already.
pub async fn change_loaded<A: Aggregate>(
    command: &Command<'_>,
    change: &Change<'_, A>,
    loaded: PendingChange<A>,
) -> Result<Versioned<A>, Error> {
    Ok(change_from(command, change, Some(loaded)).await?.after)
}

async fn change_from<A: Aggregate>(
    command: &Command<'_>,
    change: &Change<'_, A>,
    mut loaded: Option<PendingChange<A>>,
) -> Result<Changed<Versioned<A>>, Error> {
    retry_on_conflict(|| {
        let loaded = loaded.take();
        Box::pin(async move {
            let pending = match loaded {
                Some(pending) => pending,
                None => PendingChange::load(command.store, change.key.clone(), change.subjects)
                    .await?
                    .ok_or(Error::NotFound)?,
            };
            (change.access)(pending.state()).enforce(&change.key)?;
            let version = CurrentVersion::Number(pending.version());
            if !change.removes {
                change.precondition.check(version)?;
            }
            let events = (change.decide)(pending.current())?;
            if events.is_empty() {
                return Ok(Changed { after: pending.into_current(), wrote: false });
            }
            if change.removes {
                change.precondition.check(version)?;
            }
            Ok(Changed { after: write(command, pending, &events, change.erases).await?, wrote: true })
        })
    })
    .await
}

/// Changes an aggregate that may not exist yet: one read, one write. Returns none if it did not exist and no event was
/// decided.
///
/// # Errors
///
/// The errors of [`change`], without [`Error::NotFound`].
pub async fn change_or_create<A: Aggregate>(
    command: &Command<'_>,
    change: &ChangeOrCreate<'_, A>,
) -> Result<Changed<Option<Versioned<A>>>, Error> {
    retry_on_conflict(|| {
        Box::pin(async move {
            let loaded = PendingChange::<A>::load(command.store, change.key.clone(), &[]).await?;
            let version = loaded.as_ref().map_or(0, PendingChange::version);
            change.precondition.check(CurrentVersion::Number(version))?;
            let events = (change.decide)(loaded.as_ref().map(PendingChange::current))?;
            let Some((first, rest)) = events.split_first() else {
                return Ok(Changed { after: loaded.map(PendingChange::into_current), wrote: false });
            };
            let after = match loaded {
                Some(pending) => write(command, pending, &events, &[]).await?,
                None => {
                    let (key, context) = (change.key.clone(), command.context);
                    let pending = PendingChange::create(key, [], first, context, &command.actor)?;
                    write(command, pending, rest, &[]).await?
                }
            };
            Ok(Changed { after: Some(after), wrote: true })
        })
    })
    .await
}

async fn write<A: Aggregate>(
    command: &Command<'_>,
    mut pending: PendingChange<A>,
    events: &[A::Event],
    erases: &[SubjectId],
) -> Result<Versioned<A>, Error> {
    for event in events {
        pending.record(event, command.context, &command.actor)?;
    }
    for subject in erases {
        pending.erase(*subject);
    }
    let id = pending.key().id().to_owned();
    let (change, after) = pending.finish()?;
    let transaction = Transaction { changes: vec![change], ..Transaction::default() };
    match commit_once(command, transaction, outcome(&id, after.version)).await? {
        None => Ok(after),
        // The claim expired before the change was written, and the same request was carried out again meanwhile.
        Some(_) => Err(Error::Idempotency(IdempotencyConflict::InFlight)),
    }
}
