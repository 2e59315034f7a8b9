//! A member: an account's role in an organization. It has the account's id.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::id::AccountId;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// The role of a member in the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees and changes their own leads.
    SalesRep,
    /// Sees and changes the leads of the organization.
    Manager,
    /// Manages the organization, too.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::SalesRep, Self::Manager, Self::Admin];

    /// The name in claims and bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SalesRep => "sales_rep",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

/// The text names no role.
#[derive(Debug, thiserror::Error)]
#[error("no such role")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// The state of a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The account.
    pub account_id: AccountId,
    /// Its role.
    pub role: Role,
    /// When it was added.
    pub created_at: Timestamp,
}

/// An event of a member.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberEvent {
    /// An account joined the organization.
    Added(MemberAdded),
}

/// The facts of `member_added`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberAdded {
    account_id: AccountId,
    role: Role,
}

/// Decides `member_added`.
pub fn add_member(account_id: AccountId, role: Role) -> MemberEvent {
    MemberEvent::Added(MemberAdded { account_id, role })
}

impl Aggregate for Member {
    const TYPE: AggregateType = AggregateType::Member;
    type Event = MemberEvent;

    fn apply(state: Option<Self>, event: &MemberEvent, meta: EventMeta) -> Option<Self> {
        match event {
            MemberEvent::Added(facts) => {
                state.or(Some(Self { account_id: facts.account_id, role: facts.role, created_at: meta.at }))
            }
        }
    }
}

impl DomainEvent for MemberEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Added(facts) => EncodedEvent::facts("member_added", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("member_added", 1) => event.read().map(Self::Added),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
