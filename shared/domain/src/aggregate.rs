//! The common part of all aggregates: a type, a state that is the fold of the aggregate's events, and its entries in
//! lists.

use crate::Timestamp;
use crate::event::{DomainEvent, EventMeta};
use crate::lists::{Filter, FilterValue, ListEntry};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The kinds of aggregates. The name of the kind is part of every storage key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateType {
    /// A tenant.
    Organization,
    /// The membership of a person in an organization.
    Member,
    /// A person who signs in.
    Account,
    /// A sign-in.
    Session,
    /// A lead.
    Lead,
    /// An in-app notification.
    Notification,
    /// A refused access.
    Access,
    /// A failed login.
    FailedLogin,
    /// The AI settings and spending limits of a tenant; its identifier is the organization's.
    AiBudget,
    /// A tenant's own prices of models; its identifier is the organization's.
    AiPrices,
    /// A request to the AI gateway. It has one event and no state.
    AiRequest,
    /// The spending thresholds that were reported to a tenant for a month.
    AiMonth,
    /// An API key.
    ApiKey,
    /// A model that is being fine-tuned.
    FineTune,
    /// A batch of requests to models.
    Batch,
    /// Long work that a command started.
    Job,
    /// A token that a person gets by e-mail and that works once.
    OneTimeToken,
    /// The second factors of an account; its identifier is the account's.
    AccountFactors,
    /// A challenge for a second factor.
    SignInChallenge,
}

impl AggregateType {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::Organization,
        Self::Member,
        Self::Account,
        Self::Session,
        Self::Lead,
        Self::Notification,
        Self::Access,
        Self::FailedLogin,
        Self::AiBudget,
        Self::AiPrices,
        Self::AiRequest,
        Self::AiMonth,
        Self::ApiKey,
        Self::FineTune,
        Self::Batch,
        Self::Job,
        Self::OneTimeToken,
        Self::AccountFactors,
        Self::SignInChallenge,
    ];

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The name used in keys and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Member => "member",
            Self::Account => "account",
            Self::Session => "session",
            Self::Lead => "lead",
            Self::Notification => "notification",
            Self::Access => "access",
            Self::FailedLogin => "failed_login",
            Self::AiBudget => "ai_budget",
            Self::AiPrices => "ai_prices",
            Self::AiRequest => "ai_request",
            Self::AiMonth => "ai_month",
            Self::ApiKey => "api_key",
            Self::FineTune => "fine_tune",
            Self::Batch => "batch",
            Self::Job => "job",
            Self::OneTimeToken => "one_time_token",
            Self::AccountFactors => "account_factors",
            Self::SignInChallenge => "sign_in_challenge",
        }
    }
}

/// An aggregate: the unit of consistency. Its commands are functions that return events; only `apply` changes state.
pub trait Aggregate:
    Sized + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The kind of the aggregate.
    const TYPE: AggregateType;
    /// The type of its events.
    type Event: DomainEvent;
    /// The version of the shape in which the state is stored, starting with 1. A state is kept for as long as the
    /// aggregate exists. A change of the shape that earlier documents do not have raises the version and adds a step to
    /// [`Self::upcast`].
    const SCHEMA_VERSION: u32 = 1;

    /// The state after an event. It never fails: an event that does not fit the state leaves the state as it was.
    fn apply(state: Option<Self>, event: &Self::Event, meta: EventMeta) -> Option<Self>;

    /// Converts a stored document of an earlier schema version to the shape of [`Self::SCHEMA_VERSION`]. `None` if
    /// there was no such version.
    fn upcast(document: Value, schema_version: u32) -> Option<Value> {
        let _ = (document, schema_version);
        None
    }

    /// The entries of the aggregate in lists, each in another index.
    fn lists(&self) -> Vec<ListEntry> {
        Vec::new()
    }

    /// The values by which lists that contain the aggregate can be narrowed.
    fn filters(&self) -> Vec<(Filter, FilterValue)> {
        Vec::new()
    }

    /// When the state may be deleted, for aggregates that expire (sessions).
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

/// A state and the number of events that it was folded from.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<A> {
    /// The state.
    pub state: A,
    /// The number of events folded into the state; the next event is `version + 1`.
    pub version: u64,
}

/// Folds a history, starting with its first event.
pub fn fold<A: Aggregate>(events: impl IntoIterator<Item = (A::Event, EventMeta)>) -> Option<Versioned<A>> {
    let mut version = 0;
    let mut state = None;
    for (event, meta) in events {
        state = A::apply(state, &event, meta);
        version += 1;
    }
    state.map(|state| Versioned { state, version })
}
