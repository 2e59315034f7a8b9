//! An account: a person who signs in. The person's data and the password hash are sealed with the key of the
//! person.

use super::profile::{PersonProfile, Preferences};
use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, OrganizationId, SubjectId, derived};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// How the person wants to be addressed; accounts from before there were preferences have none.
    #[serde(default, skip_serializing_if = "Preferences::is_empty")]
    pub preferences: Preferences,
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
    /// When the person proved that mail to the address reaches them; `None` if they have not.
    pub email_verified_at: Option<Timestamp>,
    /// When the person chose the present password; `None` if it is the one of the registration. Sessions that began before
    /// then can't be continued.
    pub password_changed_at: Option<Timestamp>,
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
    /// The person proved that mail to the address reaches them.
    EmailVerified(AccountFacts),
    /// The person chose another password.
    PasswordChanged {
        /// The facts.
        facts: AccountFacts,
        /// The hash of the new password; `None` after erasure.
        password: Option<PasswordHash>,
    },
    /// The same password was hashed again, with today's parameters.
    PasswordRehashed {
        /// The facts.
        facts: AccountFacts,
        /// The new hash; `None` after erasure.
        password: Option<PasswordHash>,
    },
    /// The person changed the name or the preferences.
    ProfileUpdated {
        /// The facts.
        facts: AccountFacts,
        /// All of the profile; `None` after erasure.
        profile: Option<PersonProfile>,
    },
}

/// The facts of events that name the account alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountFacts {
    account_id: AccountId,
}

/// The hash of a password; erased together with the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordHash {
    /// The PHC string of the password.
    pub password_hash: String,
}

impl fmt::Debug for PasswordHash {
    /// Prints no value, so that no log can contain it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

impl AccountEvent {
    /// `profile_updated`.
    pub(super) fn profile_updated(account_id: AccountId, profile: PersonProfile) -> Self {
        Self::ProfileUpdated { facts: AccountFacts { account_id }, profile: Some(profile) }
    }
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
        person: Some(Person {
            email,
            name,
            password_hash: command.password_hash,
            preferences: Preferences::default(),
        }),
    })
}

/// Decides `email_verified`; no event when the address was verified already.
pub fn verify_email(account: &Account) -> Option<AccountEvent> {
    let facts = AccountFacts { account_id: account.id };
    account.email_verified_at.is_none().then_some(AccountEvent::EmailVerified(facts))
}

/// Decides `password_changed`. [`super::check_password`] has checked the password.
pub fn change_password(account: &Account, password_hash: String) -> AccountEvent {
    AccountEvent::PasswordChanged {
        facts: AccountFacts { account_id: account.id },
        password: Some(PasswordHash { password_hash }),
    }
}

/// Decides `password_rehashed`. The password is the same, so sessions go on.
pub fn rehash_password(account: &Account, password_hash: String) -> AccountEvent {
    AccountEvent::PasswordRehashed {
        facts: AccountFacts { account_id: account.id },
        password: Some(PasswordHash { password_hash }),
    }
}

impl Account {
    /// The account with another hash. An erased person stays erased.
    fn with_password(mut self, password: Option<&PasswordHash>) -> Self {
        if let (Some(person), Some(password)) = (self.person.as_mut(), password) {
            person.password_hash.clone_from(&password.password_hash);
        }
        self
    }
}

impl Aggregate for Account {
    const TYPE: AggregateType = AggregateType::Account;
    type Event = AccountEvent;
    const SCHEMA_VERSION: u32 = 2;

    fn apply(state: Option<Self>, event: &AccountEvent, meta: EventMeta) -> Option<Self> {
        match (state, event) {
            (None, AccountEvent::Registered { facts, person }) => Some(Self {
                id: facts.account_id,
                organization_id: facts.organization_id,
                person: person.clone(),
                created_at: meta.at,
                email_verified_at: None,
                password_changed_at: None,
            }),
            (Some(account), AccountEvent::EmailVerified(_)) => {
                Some(Self { email_verified_at: account.email_verified_at.or(Some(meta.at)), ..account })
            }
            (Some(account), AccountEvent::PasswordChanged { password, .. }) => {
                let account = Self { password_changed_at: Some(meta.at), ..account };
                Some(account.with_password(password.as_ref()))
            }
            (Some(account), AccountEvent::PasswordRehashed { password, .. }) => {
                Some(account.with_password(password.as_ref()))
            }
            (Some(account), AccountEvent::ProfileUpdated { profile, .. }) => {
                let person = match (account.person, profile) {
                    (Some(person), Some(profile)) => Some(Person {
                        name: profile.name.clone(),
                        preferences: profile.preferences.clone(),
                        ..person
                    }),
                    (person, _) => person,
                };
                Some(Self { person, ..account })
            }
            (state, _) => state,
        }
    }

    /// The first version knew neither verified addresses nor changed passwords.
    fn upcast(mut document: Value, schema_version: u32) -> Option<Value> {
        if schema_version != 1 {
            return None;
        }
        let members = document.as_object_mut()?;
        members.insert("email_verified_at".to_owned(), Value::Null);
        members.insert("password_changed_at".to_owned(), Value::Null);
        Some(document)
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
            Self::EmailVerified(facts) => EncodedEvent::facts("email_verified", facts),
            Self::PasswordChanged { facts, password } => {
                with_password(EncodedEvent::facts("password_changed", facts), facts, password.as_ref())
            }
            Self::PasswordRehashed { facts, password } => {
                with_password(EncodedEvent::facts("password_rehashed", facts), facts, password.as_ref())
            }
            Self::ProfileUpdated { facts, profile } => {
                let event = EncodedEvent::facts("profile_updated", facts);
                match profile {
                    Some(profile) => event.with_personal(Account::subject(&facts.account_id), profile),
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
            ("email_verified", 1) => event.read().map(Self::EmailVerified),
            ("password_changed", 1) => {
                Ok(Self::PasswordChanged { facts: event.read()?, password: event.read_personal()? })
            }
            ("password_rehashed", 1) => {
                Ok(Self::PasswordRehashed { facts: event.read()?, password: event.read_personal()? })
            }
            ("profile_updated", 1) => {
                Ok(Self::ProfileUpdated { facts: event.read()?, profile: event.read_personal()? })
            }
            _ => Err(DecodeError::unknown(event)),
        }
    }
}

/// The event with the hash, sealed under the key of the person.
fn with_password(event: EncodedEvent, facts: &AccountFacts, password: Option<&PasswordHash>) -> EncodedEvent {
    match password {
        Some(password) => event.with_personal(Account::subject(&facts.account_id), password),
        None => event,
    }
}
