//! A challenge for the second factor: the password was right, and the person must prove their identity once more. It works
//! once, for five minutes, for one account in one organization. Wrong answers end this challenge only, so nobody can lock
//! a person out of other sign-ins with it.

use super::factors::FactorMethod;
use super::session::SessionDevice;
use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::id::{AccountId, SignInChallengeId};
use crate::identity::Account;
use serde::{Deserialize, Serialize};

/// A challenge can be answered for this long: 5 minutes, in seconds.
pub const CHALLENGE_SECONDS: i64 = 300;
/// A challenge ends with this many wrong answers.
pub const MOST_WRONG_ANSWERS: u8 = 5;
/// The state of a challenge is kept this long after its end, in seconds. The ledger keeps its events.
const KEPT_SECONDS: i64 = 24 * 3600;

/// The state of a challenge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignInChallenge {
    /// Its identifier.
    pub id: SignInChallengeId,
    /// The account whose password was right.
    pub account_id: AccountId,
    /// SHA-256 of the secret in the challenge's text, base64url.
    pub secret_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The device of the sign-in; `None` if it was not named.
    pub device: Option<SessionDevice>,
    /// The number of wrong answers.
    pub wrong_answers: u8,
    /// Whether it was answered.
    pub answered: bool,
}

impl SignInChallenge {
    /// Whether it can be answered at `at`.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let in_time = at < self.created_at.plus_seconds(CHALLENGE_SECONDS);
        in_time && !self.answered && self.wrong_answers < MOST_WRONG_ANSWERS
    }
}

/// An event of a challenge.
#[derive(Debug, Clone, PartialEq)]
pub enum SignInChallengeEvent {
    /// A password was right, and the account has a second factor.
    Opened {
        /// The facts.
        facts: SignInChallenged,
        /// The device; `None` if it was not named, and after erasure.
        device: Option<SessionDevice>,
    },
    /// The answer was wrong.
    Refused(SecondFactorRefused),
    /// The answer was right; a session began.
    Answered(SecondFactorVerified),
}

/// The facts of `sign_in_challenged`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignInChallenged {
    challenge_id: SignInChallengeId,
    account_id: AccountId,
    secret_hash: String,
}

/// The facts of `second_factor_refused`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecondFactorRefused {
    account_id: AccountId,
    method: FactorMethod,
    /// Without the part that identifies a machine: `203.0.113.0/24` or `2001:db8:1::/48`.
    network: String,
}

/// The facts of `second_factor_verified`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecondFactorVerified {
    account_id: AccountId,
    method: FactorMethod,
}

/// Decides `sign_in_challenged`.
pub fn challenge_sign_in(
    id: SignInChallengeId,
    account_id: AccountId,
    secret_hash: String,
    device: Option<SessionDevice>,
) -> SignInChallengeEvent {
    SignInChallengeEvent::Opened {
        facts: SignInChallenged { challenge_id: id, account_id, secret_hash },
        device,
    }
}

/// Decides `second_factor_refused`. `network` is the masked network of the attempt.
pub fn refuse_second_factor(
    challenge: &SignInChallenge,
    method: FactorMethod,
    network: String,
) -> SignInChallengeEvent {
    SignInChallengeEvent::Refused(SecondFactorRefused { account_id: challenge.account_id, method, network })
}

/// Decides `second_factor_verified`.
pub fn verify_second_factor(challenge: &SignInChallenge, method: FactorMethod) -> SignInChallengeEvent {
    SignInChallengeEvent::Answered(SecondFactorVerified { account_id: challenge.account_id, method })
}

impl Aggregate for SignInChallenge {
    const TYPE: AggregateType = AggregateType::SignInChallenge;
    type Event = SignInChallengeEvent;

    fn apply(state: Option<Self>, event: &SignInChallengeEvent, meta: EventMeta) -> Option<Self> {
        match (state, event) {
            (None, SignInChallengeEvent::Opened { facts, device }) => Some(Self {
                id: facts.challenge_id,
                account_id: facts.account_id,
                secret_hash: facts.secret_hash.clone(),
                created_at: meta.at,
                device: device.clone(),
                wrong_answers: 0,
                answered: false,
            }),
            (Some(challenge), SignInChallengeEvent::Refused(_)) => {
                Some(Self { wrong_answers: challenge.wrong_answers.saturating_add(1), ..challenge })
            }
            (Some(challenge), SignInChallengeEvent::Answered(_)) => {
                Some(Self { answered: true, ..challenge })
            }
            (state, _) => state,
        }
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.created_at.plus_seconds(CHALLENGE_SECONDS + KEPT_SECONDS))
    }
}

impl DomainEvent for SignInChallengeEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Opened { facts, device } => {
                let event = EncodedEvent::facts("sign_in_challenged", facts);
                match device {
                    Some(device) => event.with_personal(Account::subject(&facts.account_id), device),
                    None => event,
                }
            }
            Self::Refused(facts) => EncodedEvent::facts("second_factor_refused", facts),
            Self::Answered(facts) => EncodedEvent::facts("second_factor_verified", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("sign_in_challenged", 1) => {
                Ok(Self::Opened { facts: event.read()?, device: event.read_personal()? })
            }
            ("second_factor_refused", 1) => event.read().map(Self::Refused),
            ("second_factor_verified", 1) => event.read().map(Self::Answered),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
