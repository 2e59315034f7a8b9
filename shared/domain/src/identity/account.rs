//! An account: a person who signs in. The person's data and the password hash are sealed with the key of the
//! person.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, OrganizationId, SubjectId, derived};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The person of an account; erased together with the person.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The e-mail address in lower case. Its mailbox is unique in a deployment, which is one environment in one region.
    pub email: String,
    /// The name of the person.
    pub name: String,
    /// The PHC string of the password.
    pub password_hash: String,
}

impl fmt::Debug for Person {
    /// Prints no value, so that no log can contain it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(..)")
    }
}

/// The state of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its identifier.
    pub id: AccountId,
    /// The organization that the account registered, or that invited it.
    pub organization_id: OrganizationId,
    /// The person of the account; `None` after erasure.
    pub person: Option<Person>,
    /// When the account registered.
    pub created_at: Timestamp,
}

impl Account {
    /// The data subject of an account.
    pub fn subject(id: &AccountId) -> SubjectId {
        derived(id)
    }
}

/// The events of an account.
#[derive(Debug, Clone, PartialEq)]
pub enum AccountEvent {
    /// The account registered.
    Registered {
        /// The facts.
        facts: AccountRegistered,
        /// The person; `None` after erasure.
        person: Option<Person>,
    },
}

/// The facts of `account_registered`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountRegistered {
    account_id: AccountId,
    organization_id: OrganizationId,
}

/// The command that registers an account.
pub struct RegisterAccount<'a> {
    /// Its identifier.
    pub id: AccountId,
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// The e-mail address.
    pub email: &'a str,
    /// The name of the person, 1 to 200 characters.
    pub name: &'a str,
    /// The PHC string of the password. [`super::check_password`] has checked the password.
    pub password_hash: String,
}

/// Decides `account_registered`.
pub fn register_account(command: RegisterAccount<'_>) -> Result<AccountEvent, InvalidFields> {
    let mut check = FieldChecks::default();
    let email = check.email("email", command.email);
    let name = check.line("name", command.name, 200);
    check.finish(AccountEvent::Registered {
        facts: AccountRegistered { account_id: command.id, organization_id: command.organization_id },
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
