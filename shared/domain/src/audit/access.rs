//! A refused access: a caller with valid credentials asked for something that its authority does not cover. The caller
//! is told that it does not exist; the audit log has the truth.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::id::AccountId;
use serde::{Deserialize, Serialize};

/// How long the state of a refused access is kept; the audit log and the ledger have it for good.
const KEPT_SECONDS: i64 = 24 * 3600;

/// The state of a refused access, which never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeniedAccess {
    /// The facts of the refusal.
    #[serde(flatten)]
    pub refusal: AccessRefusal,
    /// When it was refused.
    pub denied_at: Timestamp,
}

/// The facts of `access_denied`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessRefusal {
    /// The account that asked.
    pub account_id: AccountId,
    /// The permission that did not suffice.
    pub permission: String,
    /// The kind of the resource.
    pub resource_type: String,
    /// The id of the resource.
    pub resource_id: String,
}

/// An event of a refused access.
#[derive(Debug, Clone, PartialEq)]
pub enum AccessEvent {
    /// The access was refused.
    Denied(AccessRefusal),
}

/// Decides `access_denied`.
pub fn deny_access(account: AccountId, permission: &str, resource: AggregateType, id: &str) -> AccessEvent {
    AccessEvent::Denied(AccessRefusal {
        account_id: account,
        permission: permission.to_owned(),
        resource_type: resource.as_str().to_owned(),
        resource_id: id.to_owned(),
    })
}

impl Aggregate for DeniedAccess {
    const TYPE: AggregateType = AggregateType::Access;
    type Event = AccessEvent;

    fn apply(state: Option<Self>, event: &AccessEvent, meta: EventMeta) -> Option<Self> {
        match event {
            AccessEvent::Denied(refusal) => {
                state.or_else(|| Some(Self { refusal: refusal.clone(), denied_at: meta.at }))
            }
        }
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.denied_at.plus_seconds(KEPT_SECONDS))
    }
}

impl DomainEvent for AccessEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Denied(access) => EncodedEvent::facts("access_denied", access),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("access_denied", 1) => event.read().map(Self::Denied),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
