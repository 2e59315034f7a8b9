//! A notification tells one person about an event. It holds ids and facts, never personal data: its reader looks up the
//! rest with their own authority.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::ai::Month;
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::id::{AccountId, LeadId, NotificationId, SessionId};
use crate::lists::{List, ListEntry, ListIndex, Rank, Ranking, Within};
use serde::{Deserialize, Serialize};

/// The subject of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "params", rename_all = "snake_case")]
pub enum NotificationKind {
    /// A lead of the recipient was scored.
    LeadScored {
        /// The lead.
        lead_id: LeadId,
        /// 0 to 100; `None` when scoring abstained.
        score: Option<u8>,
    },
    /// A stolen or replayed refresh token ended one of the recipient's sessions.
    SessionRevoked {
        /// The session.
        session_id: SessionId,
    },
    /// The cost of models in a month reached a percentage of the expected cost.
    AiBudgetThresholdReached {
        /// The month.
        month: Month,
        /// The percentage.
        percent: u16,
    },
}

impl NotificationKind {
    /// The name in bodies.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LeadScored { .. } => "lead_scored",
            Self::SessionRevoked { .. } => "session_revoked",
            Self::AiBudgetThresholdReached { .. } => "ai_budget_threshold_reached",
        }
    }

    /// A line for people.
    pub fn title(&self) -> String {
        match self {
            Self::LeadScored { score: Some(score), .. } => format!("A lead was scored {score}"),
            Self::LeadScored { score: None, .. } => "A lead has too little data to be scored".to_owned(),
            Self::SessionRevoked { .. } => "A sign-in was ended because its token was used twice".to_owned(),
            Self::AiBudgetThresholdReached { month, percent } => {
                format!("Models cost {percent} % of what a month usually does, in {month}")
            }
        }
    }
}

/// The state of a notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Its identifier.
    pub id: NotificationId,
    /// The account that it is for.
    pub recipient_id: AccountId,
    /// The subject.
    #[serde(flatten)]
    pub kind: NotificationKind,
    /// When it was read, if it was.
    pub read_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Notification {
    /// The notifications of a recipient, who owns them, newest first.
    pub const OF_RECIPIENT_BY_TIME: List =
        List { name: "of_recipient_by_time", index: ListIndex::First, ranking: Ranking::Time };
}

/// An event of a notification.
#[derive(Debug, Clone, PartialEq)]
pub enum NotificationEvent {
    /// It was created.
    Created(NotificationCreated),
    /// Its recipient read it.
    Read(NotificationRead),
}

/// The facts of `notification_created`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotificationCreated {
    notification_id: NotificationId,
    recipient_id: AccountId,
    #[serde(flatten)]
    kind: NotificationKind,
}

/// The facts of `notification_read`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotificationRead {
    notification_id: NotificationId,
}

/// Decides `notification_created`.
pub fn create_notification(
    id: NotificationId,
    recipient: AccountId,
    kind: NotificationKind,
) -> NotificationEvent {
    NotificationEvent::Created(NotificationCreated { notification_id: id, recipient_id: recipient, kind })
}

/// Decides `notification_read`; no event when it was read already.
pub fn mark_notification_read(notification: &Notification) -> Option<NotificationEvent> {
    notification
        .read_at
        .is_none()
        .then_some(NotificationEvent::Read(NotificationRead { notification_id: notification.id }))
}

impl Aggregate for Notification {
    const TYPE: AggregateType = AggregateType::Notification;
    type Event = NotificationEvent;

    fn apply(state: Option<Self>, event: &NotificationEvent, meta: EventMeta) -> Option<Self> {
        match (state, event) {
            (None, NotificationEvent::Created(facts)) => Some(Self {
                id: facts.notification_id,
                recipient_id: facts.recipient_id,
                kind: facts.kind.clone(),
                read_at: None,
                created_at: meta.at,
            }),
            (Some(notification), NotificationEvent::Read(_)) => {
                Some(Self { read_at: notification.read_at.or(Some(meta.at)), ..notification })
            }
            (state, _) => state,
        }
    }

    fn lists(&self) -> Vec<ListEntry> {
        let (within, rank) = (Within::Owner(self.recipient_id), Rank::Time(self.created_at));
        vec![ListEntry { list: Self::OF_RECIPIENT_BY_TIME, within, rank }]
    }
}

impl DomainEvent for NotificationEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Created(facts) => EncodedEvent::facts("notification_created", facts),
            Self::Read(facts) => EncodedEvent::facts("notification_read", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("notification_created", 1) => event.read().map(Self::Created),
            ("notification_read", 1) => event.read().map(Self::Read),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
