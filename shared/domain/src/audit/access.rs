//! A refused access: somebody with a valid session asked for something their authority does not cover. The caller is
//! told that it does not exist; the audit log is told the truth.

use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::id::AccountId;
use serde::{Deserialize, Serialize};

/// The state of a refused access: nothing changes after it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// Who asked.
    pub account_id: AccountId,
    /// The permission that did not reach.
    pub permission: String,
    /// What kind of thing was asked for.
    pub resource_type: String,
    /// Which one.
    pub resource_id: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum AccessEvent {
    /// The access was refused.
    Denied(Access),
}

/// Decides `access_denied`.
pub fn deny_access(account: AccountId, permission: &str, resource: AggregateType, id: &str) -> AccessEvent {
    AccessEvent::Denied(Access {
        account_id: account,
        permission: permission.to_owned(),
        resource_type: resource.as_str().to_owned(),
        resource_id: id.to_owned(),
    })
}

impl Aggregate for Access {
    const TYPE: AggregateType = AggregateType::Access;
    type Event = AccessEvent;

    fn apply(state: Option<Self>, event: &AccessEvent, _: EventMeta) -> Option<Self> {
        match event {
            AccessEvent::Denied(access) => state.or_else(|| Some(access.clone())),
        }
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
