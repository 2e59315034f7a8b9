//! A member: an account's role in an organization. It has the account's id. The organization where the account is stored
//! may be another one: people who work for several organizations have one account. A member therefore has a copy of the
//! name and the address, sealed with the key that the organization has for the person, so that no request of an
//! organization reads data of another one.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, OrganizationId, SubjectId, derived};
use crate::lists::{List, ListEntry, ListIndex, Rank, Ranking, Within};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;
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

/// The person of a member; erased together with the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberPerson {
    /// The e-mail address of the account, lower case.
    pub email: String,
    /// The name of the person.
    pub name: String,
}

impl fmt::Debug for MemberPerson {
    /// Prints no value, so that no log can contain it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemberPerson(..)")
    }
}

/// Whether a member may act in the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberStatus {
    /// May sign in.
    Active,
    /// May not sign in until an admin lifts it; keeps role and leads.
    Suspended,
    /// Is not a member any more, and may be added again.
    Removed,
}

impl MemberStatus {
    /// The name in bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Removed => "removed",
        }
    }
}

/// The state of a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The account.
    pub account_id: AccountId,
    /// Its role.
    pub role: Role,
    /// Whether it may act.
    pub status: MemberStatus,
    /// The organization where the account is stored; `None` if it is this one.
    pub account_organization_id: Option<OrganizationId>,
    /// The person; `None` after erasure, and for members who were added before members had a copy.
    pub person: Option<MemberPerson>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Member {
    /// The members of an organization, those who joined last first.
    pub const OF_ORGANIZATION_BY_TIME: List =
        List { name: "of_organization_by_time", index: ListIndex::First, ranking: Ranking::Time };

    /// The data subject of a member, which is the account's.
    pub fn subject(account_id: &AccountId) -> SubjectId {
        derived(account_id)
    }

    /// Whether it may act in the organization.
    pub fn is_active(&self) -> bool {
        self.status == MemberStatus::Active
    }

    /// Whether it is an admin who may act. An organization always has at least one.
    pub fn is_active_admin(&self) -> bool {
        self.is_active() && self.role == Role::Admin
    }
}

/// An event of a member.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberEvent {
    /// An account joined the organization.
    Added {
        /// The facts.
        facts: MemberAdded,
        /// The person; `None` after erasure, and in the first schema version.
        person: Option<MemberPerson>,
    },
    /// The person changed the name in their account.
    Renamed {
        /// The facts.
        facts: MemberFacts,
        /// The person with the new name; `None` after erasure.
        person: Option<MemberPerson>,
    },
    /// It has another role.
    RoleChanged(MemberRoleChanged),
    /// It may not act in the organization for now.
    Suspended(MemberFacts),
    /// It may act again.
    Reactivated(MemberFacts),
    /// It left, or an admin removed it.
    Removed(MemberFacts),
}

/// The facts of events that name the account alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberFacts {
    account_id: AccountId,
}

/// The facts of `member_role_changed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberRoleChanged {
    account_id: AccountId,
    role: Role,
}

/// The facts of `member_added`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberAdded {
    account_id: AccountId,
    role: Role,
    /// The first schema version has none.
    #[serde(default)]
    account_organization_id: Option<OrganizationId>,
}

/// The command that adds a member.
#[derive(Debug, Clone)]
pub struct AddMember {
    /// The account.
    pub account_id: AccountId,
    /// Its role.
    pub role: Role,
    /// The organization where the account is stored; `None` if it is this one.
    pub account_organization_id: Option<OrganizationId>,
    /// The person of the account.
    pub person: MemberPerson,
}

/// Decides `member_added`.
pub fn add_member(command: AddMember) -> MemberEvent {
    MemberEvent::Added {
        facts: MemberAdded {
            account_id: command.account_id,
            role: command.role,
            account_organization_id: command.account_organization_id,
        },
        person: Some(command.person),
    }
}

/// Decides `member_renamed`; no event when the member has this name and address already.
pub fn rename_member(member: &Member, person: MemberPerson) -> Option<MemberEvent> {
    let facts = MemberFacts { account_id: member.account_id };
    let changes = member.person.as_ref() != Some(&person);
    changes.then_some(MemberEvent::Renamed { facts, person: Some(person) })
}

/// Role and status of a member as an admin sets them.
#[derive(Debug, Clone, Copy)]
pub struct MemberInput<'a> {
    /// `sales_rep`, `manager` or `admin`.
    pub role: &'a str,
    /// `active` or `suspended`.
    pub status: &'a str,
}

/// Checks the fields of a member; returns role and status when they are valid.
pub fn check_member(input: MemberInput<'_>) -> Result<(Role, MemberStatus), InvalidFields> {
    let mut check = FieldChecks::default();
    let role = input.role.parse().ok();
    if role.is_none() {
        check.wrong("role", "unknown", "must be `sales_rep`, `manager` or `admin`");
    }
    let settable = [MemberStatus::Active, MemberStatus::Suspended];
    let status = settable.into_iter().find(|status| status.as_str() == input.status);
    if status.is_none() {
        check.wrong("status", "unknown", "must be `active` or `suspended`");
    }
    check.finish((role.unwrap_or(Role::SalesRep), status.unwrap_or(MemberStatus::Suspended)))
}

/// Decides the events of a member who gets this role and this status; none where it has them already.
pub fn update_member(member: &Member, input: MemberInput<'_>) -> Result<Vec<MemberEvent>, InvalidFields> {
    let (role, status) = check_member(input)?;
    let account_id = member.account_id;
    let mut events = Vec::new();
    if role != member.role {
        events.push(MemberEvent::RoleChanged(MemberRoleChanged { account_id, role }));
    }
    match (member.status, status) {
        (MemberStatus::Active, MemberStatus::Suspended) => {
            events.push(MemberEvent::Suspended(MemberFacts { account_id }));
        }
        (MemberStatus::Suspended, MemberStatus::Active) => {
            events.push(MemberEvent::Reactivated(MemberFacts { account_id }));
        }
        _ => {}
    }
    Ok(events)
}

/// Decides `member_removed`; no event when the member was removed already.
pub fn remove_member(member: &Member) -> Option<MemberEvent> {
    let account_id = member.account_id;
    (member.status != MemberStatus::Removed).then_some(MemberEvent::Removed(MemberFacts { account_id }))
}

impl Aggregate for Member {
    const TYPE: AggregateType = AggregateType::Member;
    type Event = MemberEvent;
    const SCHEMA_VERSION: u32 = 2;

    fn apply(state: Option<Self>, event: &MemberEvent, meta: EventMeta) -> Option<Self> {
        match event {
            MemberEvent::Added { facts, person } => match state {
                Some(member) if member.status != MemberStatus::Removed => Some(member),
                _ => Some(Self {
                    account_id: facts.account_id,
                    role: facts.role,
                    status: MemberStatus::Active,
                    account_organization_id: facts.account_organization_id,
                    person: person.clone(),
                    created_at: meta.at,
                }),
            },
            MemberEvent::Renamed { person, .. } => {
                let member = state?;
                Some(Self { person: person.clone().or(member.person), ..member })
            }
            MemberEvent::RoleChanged(facts) => state.map(|member| Self { role: facts.role, ..member }),
            MemberEvent::Suspended(_) => {
                state.map(|member| Self { status: MemberStatus::Suspended, ..member })
            }
            MemberEvent::Reactivated(_) => {
                state.map(|member| Self { status: MemberStatus::Active, ..member })
            }
            MemberEvent::Removed(_) => {
                state.map(|member| Self { status: MemberStatus::Removed, person: None, ..member })
            }
        }
    }

    /// In the first version every member was active and had its account in the same organization.
    fn upcast(mut document: Value, schema_version: u32) -> Option<Value> {
        if schema_version != 1 {
            return None;
        }
        let members = document.as_object_mut()?;
        members.insert("status".to_owned(), json!(MemberStatus::Active));
        members.insert("account_organization_id".to_owned(), Value::Null);
        members.insert("person".to_owned(), Value::Null);
        Some(document)
    }

    /// Only members: those who were removed are not listed.
    fn lists(&self) -> Vec<ListEntry> {
        if self.status == MemberStatus::Removed {
            return Vec::new();
        }
        let (list, within) = (Self::OF_ORGANIZATION_BY_TIME, Within::Organization);
        vec![ListEntry { list, within, rank: Rank::Time(self.created_at) }]
    }
}

impl DomainEvent for MemberEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Added { facts, person } => {
                let event = EncodedEvent::facts("member_added", facts).with_version(2);
                match person {
                    Some(person) => event.with_personal(Member::subject(&facts.account_id), person),
                    None => event,
                }
            }
            Self::Renamed { facts, person } => {
                let event = EncodedEvent::facts("member_renamed", facts);
                match person {
                    Some(person) => event.with_personal(Member::subject(&facts.account_id), person),
                    None => event,
                }
            }
            Self::RoleChanged(facts) => EncodedEvent::facts("member_role_changed", facts),
            Self::Suspended(facts) => EncodedEvent::facts("member_suspended", facts),
            Self::Reactivated(facts) => EncodedEvent::facts("member_reactivated", facts),
            Self::Removed(facts) => EncodedEvent::facts("member_removed", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("member_added", 1 | 2) => {
                Ok(Self::Added { facts: event.read()?, person: event.read_personal()? })
            }
            ("member_renamed", 1) => {
                Ok(Self::Renamed { facts: event.read()?, person: event.read_personal()? })
            }
            ("member_role_changed", 1) => event.read().map(Self::RoleChanged),
            ("member_suspended", 1) => event.read().map(Self::Suspended),
            ("member_reactivated", 1) => event.read().map(Self::Reactivated),
            ("member_removed", 1) => event.read().map(Self::Removed),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
