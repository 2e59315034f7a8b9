//! A failed login, for the audit log. It contains no readable address of a person or of a network.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::id::AccountId;
use serde::{Deserialize, Serialize};

/// How long the state of a failed login is kept. The audit log and the ledger keep it forever.
const KEPT_SECONDS: i64 = 24 * 3600;

/// The state of a failed login, which never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailedLogin {
    /// The attempt.
    #[serde(flatten)]
    pub attempt: LoginAttempt,
    /// When the attempt failed.
    pub failed_at: Timestamp,
}

/// The facts of `login_failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoginAttempt {
    /// The account of the address, if it has one.
    pub account_id: Option<AccountId>,
    /// SHA-256 of an address without an account, base64url. It shows which attempts have the same address.
    pub email_hash: Option<String>,
    /// The network of the attempt, without the part that identifies a machine: `203.0.113.0/24` or `2001:db8:1::/48`.
    pub network: String,
}

/// The event of a login.
#[derive(Debug, Clone, PartialEq)]
pub enum FailedLoginEvent {
    /// The address has no account, or the password is wrong.
    Failed(LoginAttempt),
}

/// Decides `login_failed`.
pub fn fail_login(attempt: LoginAttempt) -> FailedLoginEvent {
    FailedLoginEvent::Failed(attempt)
}

impl Aggregate for FailedLogin {
    const TYPE: AggregateType = AggregateType::FailedLogin;
    type Event = FailedLoginEvent;

    fn apply(state: Option<Self>, event: &FailedLoginEvent, meta: EventMeta) -> Option<Self> {
        match event {
            FailedLoginEvent::Failed(attempt) => {
                state.or_else(|| Some(Self { attempt: attempt.clone(), failed_at: meta.at }))
            }
        }
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.failed_at.plus_seconds(KEPT_SECONDS))
    }
}

impl DomainEvent for FailedLoginEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Failed(attempt) => EncodedEvent::facts("login_failed", attempt),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("login_failed", 1) => event.read().map(Self::Failed),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
