//! Commands: how one aggregate is created or changed. The retry loop, the claim of an idempotency key, the precondition
//! and the check of access are here once; a use case gives the decision.

use crate::idempotency::{Answer, claim, earlier, outcome, replay_loaded, replayed_key};
use crate::ports::{AggregateKey, BoxFuture, CommitError, IdempotencyKey, Store, StoreError, Transaction};
use crate::precondition::{CurrentVersion, Precondition};
use crate::repository::{self, Actor, PendingChange};
use crate::{Access, Context, Error, IdempotencyConflict};
use domain::id::SubjectId;
use domain::{Aggregate, Versioned};
use serde_json::Value;

/// How often a change is decided when others change the same aggregate at the same time. After that the caller is told of
/// the conflict.
const TRIES: u32 = 5;

/// The request that a command serves.
pub struct Command<'a> {
    /// Where aggregates are kept.
    pub store: &'a dyn Store,
    /// The request's time, name and deadline.
    pub context: &'a Context,
    /// Who acts, as the ledger names it.
    pub actor: Actor,
    /// How a repetition of the request is known.
    pub idempotency: Idempotency<'a>,
}

/// How a repetition of a request is known.
#[derive(Debug, Clone, Copy)]
pub enum Idempotency<'a> {
    /// It is not: the request has no key.
    Unkeyed,
    /// By this key, which the command claims where it has to.
    Key(&'a IdempotencyKey),
    /// By this key, which the caller of the command claimed and gives up when the command fails.
    Claimed(&'a IdempotencyKey),
}

impl<'a> From<Option<&'a IdempotencyKey>> for Idempotency<'a> {
    fn from(key: Option<&'a IdempotencyKey>) -> Self {
        key.map_or(Self::Unkeyed, Self::Key)
    }
}

impl<'a> Idempotency<'a> {
    /// The same after the key was claimed.
    pub fn claimed(key: Option<&'a IdempotencyKey>) -> Self {
        key.map_or(Self::Unkeyed, Self::Claimed)
    }

    fn key(self) -> Option<&'a IdempotencyKey> {
        match self {
            Self::Unkeyed => None,
            Self::Key(key) | Self::Claimed(key) => Some(key),
        }
    }
}

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
    pub decide: &'a (dyn Fn(&Versioned<A>) -> Result<Vec<A::Event>, Error> + Sync),
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

/// The decision of a [`ChangeOrCreate`].
pub type DecideOrCreate<'a, A> =
    dyn Fn(Option<&Versioned<A>>) -> Result<Vec<<A as Aggregate>::Event>, Error> + Sync + 'a;

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

/// What a change led to.
#[derive(Debug)]
pub struct Changed<T> {
    /// The aggregate now.
    pub after: T,
    /// Whether anything was written: false when it was already as it should be.
    pub wrote: bool,
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

/// Makes a transaction that its idempotency key is remembered with; the outcome of an earlier request when there was one.
pub async fn commit_once(
    command: &Command<'_>,
    transaction: Transaction,
    outcome: Value,
) -> Result<Option<Value>, Error> {
    let key = command.idempotency.key();
    let transaction = Transaction {
        idempotency: key.map(|key| (key.clone(), outcome, command.context.now)),
        idempotency_claimed: matches!(command.idempotency, Idempotency::Claimed(_)),
        ..transaction
    };
    match command.store.commit(&transaction).await {
        Ok(()) => Ok(None),
        Err(CommitError::Repeated(record)) => earlier(key, record).map(Some),
        Err(error) => Err(error.into()),
    }
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

/// Tries again from its beginning what met a concurrent change. Each try must load anew what it decides on.
pub async fn decide_anew<'a, T>(
    mut attempt: impl FnMut() -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Error> {
    for _ in 1..TRIES {
        match attempt().await {
            Err(Error::Conflict) => {}
            result => return result,
        }
    }
    attempt().await
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

/// Gives up a claim whose work failed.
async fn release_failed<T>(
    store: &dyn Store,
    key: &IdempotencyKey,
    result: Result<T, Error>,
) -> Result<T, Error> {
    if result.is_err() {
        release(store, key).await;
    }
    result
}

/// Gives up a claim. A failure only delays the next try until the claim ends by itself.
pub(crate) async fn release(store: &dyn Store, key: &IdempotencyKey) {
    let _: Result<(), StoreError> = store.release(key).await;
}
