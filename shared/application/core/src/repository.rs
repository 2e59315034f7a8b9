//! Typed loading and saving of aggregates. `PendingChange` collects the events of one command for one aggregate and
//! folds each event at once, so that the stored state is always the fold of the ledger.

use crate::{Context, Error};
use domain::authority::Caller;
use domain::id::SubjectId;
use domain::{Aggregate, DomainEvent, EventMeta, Versioned};
use ports::{
    AggregateKey, Change, ChangedState, Entropy, EventRecord, LoadedToChange, Store, StoreError, StoredState,
    SubjectKeys, Transaction,
};

/// The actor of an event, as the ledger names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// Requests without a signed-in caller: registration, login.
    pub fn anonymous() -> Self {
        Self("anonymous".to_owned())
    }

    /// A person.
    pub fn account(id: domain::id::AccountId) -> Self {
        Self(id.to_string())
    }

    /// The caller: a person, or an API key.
    pub fn caller(caller: &Caller) -> Self {
        Self(caller.principal())
    }

    /// A job.
    pub fn system(function: &str) -> Self {
        Self(format!("system:{function}"))
    }
}

/// Loads an aggregate: one read.
pub async fn load<A: Aggregate>(
    store: &dyn Store,
    key: &AggregateKey,
) -> Result<Option<Versioned<A>>, StoreError> {
    store.load(key).await?.map(StoredState::decode).transpose()
}

/// The history up to and including version `through`, or to the last version if that is earlier. It has every version;
/// a history with a gap is a defect and is not returned.
pub async fn history(
    store: &dyn Store,
    key: &AggregateKey,
    through: u64,
) -> Result<Vec<EventRecord>, StoreError> {
    let records = store.history(key, through).await?;
    match records.iter().zip(1..).find(|(record, version)| record.version != *version) {
        None => Ok(records),
        Some((_, missing)) => Err(incomplete(key, missing)),
    }
}

/// The history up to and including `version`, which must exist.
pub async fn history_at(
    store: &dyn Store,
    key: &AggregateKey,
    version: u64,
) -> Result<Vec<EventRecord>, StoreError> {
    let records = history(store, key, version).await?;
    let last = records.last().map_or(0, |record| record.version);
    if last == version { Ok(records) } else { Err(incomplete(key, last + 1)) }
}

/// Reports to operators that the ledger lacks an event. `defect` makes the line a metric.
fn incomplete(key: &AggregateKey, missing_version: u64) -> StoreError {
    tracing::error!(
        defect = "IncompleteHistory",
        aggregate = key.kind().as_str(),
        aggregate_id = key.id(),
        missing_version,
        "a history lacks a version"
    );
    StoreError::IncompleteHistory { missing_version }
}

/// Folds an aggregate from the ledger, up to and including version `through`.
pub async fn fold<A: Aggregate>(
    store: &dyn Store,
    key: &AggregateKey,
    through: u64,
) -> Result<Option<Versioned<A>>, StoreError> {
    fold_records(history(store, key, through).await?)
}

/// Folds an aggregate from the ledger up to `version`, which must exist.
pub async fn fold_at<A: Aggregate>(
    store: &dyn Store,
    key: &AggregateKey,
    version: u64,
) -> Result<Versioned<A>, StoreError> {
    let folded = fold_records(history_at(store, key, version).await?)?;
    folded.ok_or(StoreError::Malformed("a history that leads to no state"))
}

fn fold_records<A: Aggregate>(records: Vec<EventRecord>) -> Result<Option<Versioned<A>>, StoreError> {
    let mut events = Vec::with_capacity(records.len());
    for record in records {
        let event = A::Event::decode(&record.event).map_err(|error| StoreError::Decode(error.into()))?;
        events.push((event, EventMeta { at: record.occurred_at }));
    }
    Ok(domain::aggregate::fold(events))
}

/// The uncommitted change of one aggregate by a command. There is always a state: that of the first event, or the
/// loaded one.
#[derive(Debug)]
pub struct PendingChange<A> {
    key: AggregateKey,
    current: Versioned<A>,
    expected_version: u64,
    events: Vec<EventRecord>,
    new_subjects: Vec<SubjectId>,
    subject_keys: SubjectKeys,
    erased_subjects: Vec<SubjectId>,
}

impl<A: Aggregate> PendingChange<A> {
    /// A new aggregate with its first event. It must not exist yet.
    pub fn create(
        key: AggregateKey,
        subjects: impl IntoIterator<Item = SubjectId>,
        first: &A::Event,
        context: &Context,
        actor: &Actor,
    ) -> Result<Self, Error> {
        let state = A::apply(None, first, EventMeta { at: context.now })
            .ok_or(StoreError::Malformed("a first event that creates nothing"))?;
        Ok(Self {
            events: vec![record_of(&key, 1, first, context, actor)?],
            key,
            current: Versioned { state, version: 1 },
            expected_version: 0,
            new_subjects: subjects.into_iter().collect(),
            subject_keys: SubjectKeys::new(),
            erased_subjects: Vec::new(),
        })
    }

    /// A loaded aggregate.
    pub fn resume(key: AggregateKey, loaded: LoadedToChange) -> Result<Self, StoreError> {
        let current: Versioned<A> = loaded.state.decode()?;
        Ok(Self {
            key,
            expected_version: current.version,
            current,
            events: Vec::new(),
            new_subjects: Vec::new(),
            subject_keys: loaded.subject_keys,
            erased_subjects: Vec::new(),
        })
    }

    /// Loads an aggregate to change it: one read.
    pub async fn load(
        store: &dyn Store,
        key: AggregateKey,
        subjects: &[SubjectId],
    ) -> Result<Option<Self>, StoreError> {
        let loaded = store.load_to_change(&key, subjects).await?;
        loaded.map(|loaded| Self::resume(key, loaded)).transpose()
    }

    /// The key of the aggregate.
    pub fn key(&self) -> &AggregateKey {
        &self.key
    }

    /// The state after all recorded events.
    pub fn state(&self) -> &A {
        &self.current.state
    }

    /// The version after all recorded events.
    pub fn version(&self) -> u64 {
        self.current.version
    }

    /// The state and the version, including the events recorded so far.
    pub fn current(&self) -> &Versioned<A> {
        &self.current
    }

    /// The state and the version, if nothing is to be committed.
    pub fn into_current(self) -> Versioned<A> {
        self.current
    }

    /// Records an event and folds it.
    pub fn record(&mut self, event: &A::Event, context: &Context, actor: &Actor) -> Result<(), Error> {
        let version = self.version() + 1;
        let before = self.current.state.clone();
        let state = A::apply(Some(before), event, EventMeta { at: context.now })
            .ok_or(StoreError::Malformed("an event that leaves no state"))?;
        self.events.push(record_of(&self.key, version, event, context, actor)?);
        self.current = Versioned { state, version };
        Ok(())
    }

    /// Destroys a subject's key: the ledger's data about the subject can't be read by anyone any more.
    pub fn erase(&mut self, subject: SubjectId) {
        self.erased_subjects.push(subject);
    }

    /// This aggregate's part of a transaction, and the resulting state.
    pub fn finish(self) -> Result<(Change, Versioned<A>), StoreError> {
        let change = Change {
            key: self.key,
            expected_version: self.expected_version,
            events: self.events,
            state: ChangedState::of(&self.current.state)?,
            new_subjects: self.new_subjects,
            subject_keys: self.subject_keys,
            erased_subjects: self.erased_subjects,
        };
        Ok((change, self.current))
    }

    /// Commits this aggregate alone: one write. Code that competes with other writers uses [`crate::command`], which
    /// repeats the decision.
    pub async fn commit(self, store: &dyn Store) -> Result<Versioned<A>, Error> {
        let (change, after) = self.finish()?;
        store.commit(&Transaction { changes: vec![change], ..Transaction::default() }).await?;
        Ok(after)
    }
}

fn record_of<E: DomainEvent>(
    key: &AggregateKey,
    version: u64,
    event: &E,
    context: &Context,
    actor: &Actor,
) -> Result<EventRecord, Error> {
    Ok(EventRecord {
        event_id: context.new_id()?,
        key: key.clone(),
        version,
        event: event.encode(),
        actor: actor.0.clone(),
        correlation_id: context.correlation_id.clone(),
        causation_id: context.causation_id,
        occurred_at: context.now,
    })
}

/// Random bytes.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}
