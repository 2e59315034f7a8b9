//! What every aggregate has in common: a type, a state that is the fold of its events, and where lists find it.

use crate::Timestamp;
use crate::event::{DomainEvent, EventMeta};
use crate::id::AccountId;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The kinds of aggregates; the name is part of every storage key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateType {
    /// A tenant.
    Organization,
    /// A person's place in an organization.
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
    /// A sign-in that failed.
    SignIn,
    /// What a tenant may spend on models; its identifier is the organization's.
    AiBudget,
    /// A tenant's own prices of models; its identifier is the organization's.
    AiPrices,
    /// A request to the AI gateway. It has one event and no state.
    AiRequest,
    /// What a tenant was told of a month's costs of models.
    AiMonth,
    /// An API key.
    ApiKey,
    /// A model that is being fine-tuned.
    FineTune,
}

impl AggregateType {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Organization,
        Self::Member,
        Self::Account,
        Self::Session,
        Self::Lead,
        Self::Notification,
        Self::Access,
        Self::SignIn,
        Self::AiBudget,
        Self::AiPrices,
        Self::AiRequest,
        Self::AiMonth,
        Self::ApiKey,
        Self::FineTune,
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
            Self::SignIn => "sign_in",
            Self::AiBudget => "ai_budget",
            Self::AiPrices => "ai_prices",
            Self::AiRequest => "ai_request",
            Self::AiMonth => "ai_month",
            Self::ApiKey => "api_key",
            Self::FineTune => "fine_tune",
        }
    }
}

/// An aggregate: the unit of consistency. Its commands are functions that return events; only `apply` changes state.
pub trait Aggregate:
    Sized + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Its kind.
    const TYPE: AggregateType;
    /// Its events.
    type Event: DomainEvent;

    /// The state after an event. Total: an event that makes no sense in this state leaves it as it was.
    fn apply(state: Option<Self>, event: &Self::Event, meta: EventMeta) -> Option<Self>;

    /// How lists find it; `None` keeps it out of every list.
    fn indexed(&self) -> Option<Indexed> {
        None
    }

    /// Whether a job has to go on with it. The job finds all of them, whosever they are.
    fn is_open(&self) -> bool {
        false
    }

    /// When the state may be forgotten, for aggregates that expire (sessions).
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

/// Where an aggregate appears in lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// For lists of newest first.
    pub created_at: Timestamp,
    /// For lists of one owner's own.
    pub owner: AccountId,
    /// Whether lists of the whole tenant show it.
    pub tenant_wide: bool,
    /// For lists of highest first: `Some(None)` is ranked but not yet scored, and comes last.
    pub score: Option<Option<u8>>,
}

/// A state and how many events made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<A> {
    /// The state.
    pub state: A,
    /// Number of events folded into it; the next event is `version + 1`.
    pub version: u64,
}

/// Folds a history from its first event.
pub fn fold<A: Aggregate>(events: impl IntoIterator<Item = (A::Event, EventMeta)>) -> Option<Versioned<A>> {
    let mut version = 0;
    let mut state = None;
    for (event, meta) in events {
        state = A::apply(state, &event, meta);
        version += 1;
    }
    state.map(|state| Versioned { state, version })
}
