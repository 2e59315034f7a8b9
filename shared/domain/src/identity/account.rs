//! An account: a person who signs in. Who the person is, and the password's hash, are sealed under the person's key.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{Check, Invalid};
use crate::id::{AccountId, OrganizationId, SubjectId, derived};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who an account belongs to; gone when the person was erased.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Address, lower-cased. Its mailbox is unique in a deployment, that is one environment and region.
    pub email: String,
    /// What to call the person.
    pub name: String,
    /// PHC string of the password.
    pub password_hash: String,
}

impl fmt::Debug for Person {
    /// Tells nothing, so that no log can.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(..)")
    }
}

/// The state of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its identifier.
    pub id: AccountId,
    /// The organization it registered or was invited to.
    pub organization_id: OrganizationId,
    /// Who it belongs to; `None` after erasure.
    pub person: Option<Person>,
    /// When it registered.
    pub created_at: Timestamp,
}

impl Account {
    /// The data subject of an account.
    pub fn subject(id: &AccountId) -> SubjectId {
        derived(id)
    }
}

/// What happened to an account.
#[derive(Debug, Clone, PartialEq)]
pub enum AccountEvent {
    /// It registered.
    Registered {
        /// Facts.
        facts: Registered,
        /// Who; `None` after erasure.
        person: Option<Person>,
    },
}

/// The facts of `account_registered`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    account_id: AccountId,
    organization_id: OrganizationId,
}

/// The command that makes an account.
pub struct RegisterAccount<'a> {
    /// Its identifier.
    pub id: AccountId,
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// Address.
    pub email: &'a str,
    /// What to call the person, 1 to 200 characters.
    pub name: &'a str,
    /// PHC string of the password, whose quality [`super::check_password`] has judged.
    pub password_hash: String,
}

/// Decides `account_registered`.
pub fn register_account(command: RegisterAccount<'_>) -> Result<AccountEvent, Invalid> {
    let mut check = Check::default();
    let email = check.email("email", command.email);
    let name = check.line("name", command.name, 200);
    check.finish(AccountEvent::Registered {
        facts: Registered { account_id: command.id, organization_id: command.organization_id },
        person: Some(Person { email, name, password_hash: command.password_hash }),
    })
}

impl Aggregate for Account {
    const TYPE: AggregateType = AggregateType::Account;
    type Event = AccountEvent;

    fn apply(state: Option<Self>, event: &AccountEvent, meta: EventMeta) -> Option<Self> {
        match event {
            AccountEvent::Registered { facts, person } => state.or_else(|| {
                Some(Self {
                    id: facts.account_id,
                    organization_id: facts.organization_id,
                    person: person.clone(),
                    created_at: meta.at,
                })
            }),
        }
    }
}

impl DomainEvent for AccountEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Registered { facts, person } => {
                let event = EncodedEvent::facts("account_registered", facts);
                match person {
                    Some(person) => event.with_personal(Account::subject(&facts.account_id), person),
                    None => event,
                }
            }
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("account_registered", 1) => {
                Ok(Self::Registered { facts: event.read()?, person: event.read_personal()? })
            }
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
