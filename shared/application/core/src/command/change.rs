//! A change of one aggregate: load, check access and precondition, decide, fold, commit; anew when others were faster.

use super::{Command, Idempotency, commit_once, decide_anew, release, release_failed};
use crate::idempotency::{Answer, claim, outcome, replay_loaded};
use crate::precondition::{CurrentVersion, Precondition};
use crate::repository::{self, PendingChange};
use crate::{Access, Error, IdempotencyConflict};
use domain::id::SubjectId;
use domain::{Aggregate, Versioned};
use ports::{AggregateKey, Transaction};

/// A change of one aggregate that exists. [`ChangeOrCreate`] is for those that exist once they are changed.
pub struct Change<'a, A: Aggregate> {
    /// Which aggregate.
    pub key: AggregateKey,
    /// Whose personal data new events may hold: their keys are loaded with the aggregate.
    pub subjects: &'a [SubjectId],
    /// What the client requires of the version that is changed. It is checked again at each try.
    pub precondition: &'a Precondition,
    /// Whether the caller may touch the aggregate as it is.
    pub access: &'a (dyn Fn(&A) -> Access + Sync),
    /// What happens to the aggregate as it is; nothing when it is already as it should be.
    pub decide: &'a Decide<'a, A>,
    /// Subjects whose key is destroyed with the change.
    pub erases: &'a [SubjectId],
    /// True for a removal. One that was done already answers as the first did, whatever version it was asked for (RFC 9110,
    /// section 13.1.1, permits that), so that a removal can be repeated when its answer was lost.
    pub removes: bool,
}

/// A change of an aggregate that is there in version 0 for whoever reads it, until the first change creates it.
pub struct ChangeOrCreate<'a, A: Aggregate> {
    /// Which aggregate.
    pub key: AggregateKey,
    /// What the client requires of the version that is changed.
    pub precondition: &'a Precondition,
    /// What happens to the aggregate as it is, or to one that was never changed.
    pub decide: &'a DecideOrCreate<'a, A>,
}

/// The decision of a [`Change`].
pub type Decide<'a, A> = dyn Fn(&Versioned<A>) -> Result<Vec<<A as Aggregate>::Event>, Error> + Sync + 'a;

/// The decision of a [`ChangeOrCreate`].
pub type DecideOrCreate<'a, A> =
    dyn Fn(Option<&Versioned<A>>) -> Result<Vec<<A as Aggregate>::Event>, Error> + Sync + 'a;

/// What a change led to.
#[derive(Debug)]
pub struct Changed<T> {
    /// The aggregate now.
    pub after: T,
    /// Whether anything was written: false when it was already as it should be.
    pub wrote: bool,
}

/// Changes an aggregate, once for each idempotency key: one read, one write, and one more to claim a key. A change that
/// changes nothing writes nothing.
///
/// # Errors
///
/// [`Error::NotFound`] when there is none or the caller may not touch it, [`Error::PreconditionFailed`], and
/// [`Error::Conflict`] when others were faster at every try.
pub async fn change<A: Aggregate>(
    command: &Command<'_>,
    change: &Change<'_, A>,
) -> Result<Answer<Versioned<A>>, Error> {
    let Idempotency::Key(key) = command.idempotency else {
        return Ok(Answer::first(change_from(command, change, None).await?.after));
    };
    let store = command.store;
    if let Some(earlier) = claim(store, Some(key), command.context).await? {
        let current = repository::load::<A>(store, &change.key).await?.ok_or(Error::NotFound)?;
        (change.access)(&current.state).enforce(store, command.context, &change.key).await?;
        return replay_loaded(store, &change.key, current, earlier).await;
    }
    let claimed =
        Command { idempotency: Idempotency::Claimed(key), actor: command.actor.clone(), ..*command };
    let changed = release_failed(store, key, change_from(&claimed, change, None).await).await?;
    if !changed.wrote {
        // Nothing remembers the request, so a repetition must not wait for its claim to end.
        release(store, key).await;
    }
    Ok(Answer::first(changed.after))
}

/// The same for an aggregate that was loaded already, with an idempotency key that was claimed already.
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
    decide_anew(|| {
        let loaded = loaded.take();
        Box::pin(async move {
            let pending = match loaded {
                Some(pending) => pending,
                None => PendingChange::load(command.store, change.key.clone(), change.subjects)
                    .await?
                    .ok_or(Error::NotFound)?,
            };
            (change.access)(pending.state()).enforce(command.store, command.context, &change.key).await?;
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

/// Changes an aggregate that may not exist yet: one read, one write. There is none afterwards when it did not exist and
/// nothing happened.
///
/// # Errors
///
/// As of [`change`], without [`Error::NotFound`].
pub async fn change_or_create<A: Aggregate>(
    command: &Command<'_>,
    change: &ChangeOrCreate<'_, A>,
) -> Result<Changed<Option<Versioned<A>>>, Error> {
    decide_anew(|| {
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
        // The claim had ended before the change was written, and the same request was carried out again meanwhile.
        Some(_) => Err(Error::Idempotency(IdempotencyConflict::InFlight)),
    }
}
