//! A session: one sign-in, and the family of refresh tokens that continues it. Tokens rotate at every use; only their
//! hashes are kept. A used token that is sent again ends the whole family (RFC 9700 section 4.14.2), except for the
//! previous token within a short grace, which a client may send twice after a lost answer.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::id::{AccountId, SessionId};
use crate::identity::Account;
use crate::lists::{List, ListEntry, ListIndex, Rank, Ranking, Within};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;

/// A session ends when its refresh token is not used for this long: 8 hours, in seconds.
pub const IDLE_SECONDS: i64 = 8 * 3600;
/// A session ends this long after its start in any case: 7 days, in seconds.
pub const ABSOLUTE_SECONDS: i64 = 7 * 24 * 3600;
/// The previous token gets the same successor for this long after its use: 10 seconds.
pub const GRACE_SECONDS: i64 = 10;

/// The stored part of a refresh token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefreshToken {
    /// SHA-256 of the token's secret, base64url.
    pub hash: String,
    /// The random value from which this token was derived, with the previous token's secret, base64url. With it, only
    /// the holder of the previous token can be given the same successor again.
    pub salt: String,
}

/// The reason why a session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// The person signed out.
    Logout,
    /// A used refresh token was sent again: one of its two holders is a thief.
    RefreshTokenReuse,
    /// The person ended it from another session.
    EndedByOwner,
    /// The password was changed or reset, so whoever knew the old one is signed out.
    PasswordChanged,
    /// The person was removed from the organization.
    MemberRemoved,
    /// The person was suspended in the organization.
    MemberSuspended,
    /// The account is deleted.
    AccountDeleted,
}

impl Revocation {
    /// Whether events with this reason have the second schema version. The first one knows the first two reasons.
    const fn needs_second_version(self) -> bool {
        !matches!(self, Self::Logout | Self::RefreshTokenReuse)
    }
}

/// How a person proved their identity at a sign-in, in the registered names of RFC 8176.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthenticationMethod {
    /// A password.
    #[serde(rename = "pwd")]
    Password,
    /// A time-based or recovery code.
    #[serde(rename = "otp")]
    OneTimeCode,
    /// A code in a text message.
    #[serde(rename = "sms")]
    TextMessage,
    /// A passkey, which proves the possession of a key.
    #[serde(rename = "hwk")]
    Passkey,
    /// An identity provider of the organization. RFC 8176 has no name for it.
    #[serde(rename = "sso")]
    SingleSignOn,
}

/// The device of a session; erased together with the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDevice {
    /// What the person or the client calls it, up to 100 characters; empty if nobody named it.
    pub name: String,
    /// The country of the network address at the sign-in, two letters (ISO 3166-1 alpha-2); `None` if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_country: Option<String>,
}

impl SessionDevice {
    /// What is known about a device, if anything is.
    pub fn known(name: Option<String>, ip_country: Option<&str>) -> Option<Self> {
        let is_known = name.is_some() || ip_country.is_some();
        let device = Self { name: name.unwrap_or_default(), ip_country: ip_country.map(str::to_owned) };
        is_known.then_some(device)
    }
}

impl fmt::Debug for SessionDevice {
    /// Prints no value, because people name devices after themselves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionDevice(..)")
    }
}

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// The account that signed in.
    pub account_id: AccountId,
    /// SHA-256 of the secret that all tokens of the family carry, base64url. A token without it is a guess and not an
    /// old token, and must not end the session.
    pub family_hash: String,
    /// The token that may be used next.
    pub current: RefreshToken,
    /// The hash of the last used token, and when it was used.
    pub previous: Option<(String, Timestamp)>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ends unless it is used.
    pub idle_expires_at: Timestamp,
    /// When it ends in any case.
    pub ends_at: Timestamp,
    /// The reason why it was ended, if it was.
    pub revoked: Option<Revocation>,
    /// The device; `None` if nothing is known about it, and after erasure.
    pub device: Option<SessionDevice>,
    /// How the person proved their identity, in the order in which it happened.
    pub methods: Vec<AuthenticationMethod>,
}

impl Session {
    /// The sessions of an account in an organization, newest first.
    pub const OF_ACCOUNT_BY_TIME: List =
        List { name: "of_account_by_time", index: ListIndex::First, ranking: Ranking::Time };

    /// When the session was used last: at its start or at its last refresh.
    pub fn last_used_at(&self) -> Timestamp {
        self.previous.as_ref().map_or(self.started_at, |(_, used_at)| *used_at)
    }

    /// Whether it can be used at `at`.
    pub fn is_active(&self, at: Timestamp) -> bool {
        self.revoked.is_none() && at < self.idle_expires_at && at < self.ends_at
    }
}

/// An event of a session.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// A person signed in.
    Started {
        /// The facts.
        facts: SessionStarted,
        /// The device; `None` if it was not named, and after erasure.
        device: Option<SessionDevice>,
    },
    /// The refresh token was used and replaced.
    Refreshed(SessionRefreshed),
    /// The session was ended.
    Revoked(SessionRevoked),
}

/// The facts of `session_started`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionStarted {
    session_id: SessionId,
    account_id: AccountId,
    family_hash: String,
    token: RefreshToken,
    idle_expires_at: Timestamp,
    ends_at: Timestamp,
    /// The first schema version has none.
    #[serde(default)]
    methods: Vec<AuthenticationMethod>,
}

/// The facts of `session_refreshed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionRefreshed {
    token: RefreshToken,
    idle_expires_at: Timestamp,
}

/// The facts of `session_revoked`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionRevoked {
    account_id: AccountId,
    reason: Revocation,
}

/// The command that starts a session, after a person has proven their identity.
#[derive(Debug)]
pub struct StartSession {
    /// Its identifier.
    pub id: SessionId,
    /// The account that signed in.
    pub account_id: AccountId,
    /// Hash of the family's secret.
    pub family_hash: String,
    /// The first token.
    pub token: RefreshToken,
    /// The device, if it was named.
    pub device: Option<SessionDevice>,
    /// How the person proved their identity.
    pub methods: Vec<AuthenticationMethod>,
    /// The time of the command.
    pub at: Timestamp,
}

/// Decides `session_started`.
pub fn start_session(command: StartSession) -> SessionEvent {
    let facts = SessionStarted {
        session_id: command.id,
        account_id: command.account_id,
        family_hash: command.family_hash,
        token: command.token,
        idle_expires_at: command.at.plus_seconds(IDLE_SECONDS),
        ends_at: command.at.plus_seconds(ABSOLUTE_SECONDS),
        methods: command.methods,
    };
    SessionEvent::Started { facts, device: command.device }
}

/// The result of a refresh.
#[derive(Debug, PartialEq)]
pub enum RefreshDecision {
    /// The next token replaces the presented one.
    Rotate(SessionEvent),
    /// The presented token was used within the grace, so the answer is the token that replaced it.
    Repeat,
    /// The presented token was used before, so the family ends.
    Revoke(SessionEvent),
}

/// The session can't be refreshed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefreshRefused {
    /// It ended, by time or by revocation.
    #[error("the session has ended")]
    Ended,
    /// The presented token never belonged to the session.
    #[error("the token does not belong to the session")]
    Foreign,
}

/// Decides the result for a presented token. `next` is the token that would replace it.
pub fn refresh_session(
    session: &Session,
    family_hash: &str,
    presented_hash: &str,
    next: RefreshToken,
    at: Timestamp,
) -> Result<RefreshDecision, RefreshRefused> {
    if family_hash != session.family_hash {
        return Err(RefreshRefused::Foreign);
    }
    if !session.is_active(at) {
        return Err(RefreshRefused::Ended);
    }
    if presented_hash == session.current.hash {
        let idle_expires_at = at.plus_seconds(IDLE_SECONDS).min(session.ends_at);
        return Ok(RefreshDecision::Rotate(SessionEvent::Refreshed(SessionRefreshed {
            token: next,
            idle_expires_at,
        })));
    }
    match &session.previous {
        Some((hash, used_at)) if hash == presented_hash && at <= used_at.plus_seconds(GRACE_SECONDS) => {
            Ok(RefreshDecision::Repeat)
        }
        _ => Ok(RefreshDecision::Revoke(revoked(session, Revocation::RefreshTokenReuse))),
    }
}

/// Decides `session_revoked`; no event when it has ended already.
pub fn revoke_session(session: &Session, reason: Revocation) -> Option<SessionEvent> {
    session.revoked.is_none().then(|| revoked(session, reason))
}

fn revoked(session: &Session, reason: Revocation) -> SessionEvent {
    SessionEvent::Revoked(SessionRevoked { account_id: session.account_id, reason })
}

impl Aggregate for Session {
    const TYPE: AggregateType = AggregateType::Session;
    type Event = SessionEvent;
    const SCHEMA_VERSION: u32 = 2;

    fn apply(state: Option<Self>, event: &SessionEvent, meta: EventMeta) -> Option<Self> {
        match (state, event) {
            (None, SessionEvent::Started { facts, device }) => Some(Self {
                id: facts.session_id,
                account_id: facts.account_id,
                family_hash: facts.family_hash.clone(),
                current: facts.token.clone(),
                previous: None,
                started_at: meta.at,
                idle_expires_at: facts.idle_expires_at,
                ends_at: facts.ends_at,
                revoked: None,
                device: device.clone(),
                methods: facts.methods.clone(),
            }),
            (Some(session), SessionEvent::Refreshed(facts)) => Some(Self {
                previous: Some((session.current.hash, meta.at)),
                current: facts.token.clone(),
                idle_expires_at: facts.idle_expires_at,
                ..session
            }),
            (Some(session), SessionEvent::Revoked(facts)) => {
                Some(Self { revoked: Some(facts.reason), ..session })
            }
            (state, _) => state,
        }
    }

    /// The first version had neither a device nor methods; every sign-in was by password.
    fn upcast(mut document: Value, schema_version: u32) -> Option<Value> {
        if schema_version != 1 {
            return None;
        }
        let members = document.as_object_mut()?;
        members.insert("device".to_owned(), Value::Null);
        members.insert("methods".to_owned(), json!([AuthenticationMethod::Password]));
        Some(document)
    }

    fn lists(&self) -> Vec<ListEntry> {
        let within = Within::Owner(self.account_id);
        vec![ListEntry { list: Self::OF_ACCOUNT_BY_TIME, within, rank: Rank::Time(self.started_at) }]
    }

    /// A day after its end. `ends_at` says when it ends; the store only removes it later.
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.ends_at.plus_seconds(24 * 3600))
    }
}

impl DomainEvent for SessionEvent {
    /// Facts that the first version does not know are written in the second one.
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Started { facts, device } => {
                let event = EncodedEvent::facts("session_started", facts).with_version(2);
                match device {
                    Some(device) => event.with_personal(Account::subject(&facts.account_id), device),
                    None => event,
                }
            }
            Self::Refreshed(facts) => EncodedEvent::facts("session_refreshed", facts),
            Self::Revoked(facts) => {
                let version = if facts.reason.needs_second_version() { 2 } else { 1 };
                EncodedEvent::facts("session_revoked", facts).with_version(version)
            }
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("session_started", 1) => {
                let facts = SessionStarted { methods: vec![AuthenticationMethod::Password], ..event.read()? };
                Ok(Self::Started { facts, device: None })
            }
            ("session_started", 2) => {
                Ok(Self::Started { facts: event.read()?, device: event.read_personal()? })
            }
            ("session_refreshed", 1) => event.read().map(Self::Refreshed),
            ("session_revoked", 1 | 2) => event.read().map(Self::Revoked),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
