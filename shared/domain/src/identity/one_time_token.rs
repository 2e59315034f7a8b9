//! A token that a person gets by e-mail and that works once: to verify the address, to reset the password, or to accept an
//! invitation. Only hashes are kept. The token is bound to its purpose, its account and the address that it was sent to.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::id::{AccountId, OneTimeTokenId};
use serde::{Deserialize, Serialize};

/// What a token allows. A token is never valid for another purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneTimeTokenPurpose {
    /// To prove that mail to the address reaches the person.
    EmailVerification,
    /// To choose another password.
    PasswordReset,
    /// To join an organization.
    Invitation,
}

impl OneTimeTokenPurpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::EmailVerification, Self::PasswordReset, Self::Invitation];

    /// The name in events, and in the text from which the secret of a token is derived. It never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmailVerification => "email_verification",
            Self::PasswordReset => "password_reset",
            Self::Invitation => "invitation",
        }
    }

    /// For how many seconds a token is valid: 7 days for an invitation, otherwise 30 minutes.
    pub const fn lifetime_seconds(self) -> i64 {
        match self {
            Self::EmailVerification | Self::PasswordReset => 30 * 60,
            Self::Invitation => 7 * 24 * 3600,
        }
    }
}

/// The languages in which mail is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum MailLanguage {
    /// English, also for everybody whose language there is no text in.
    #[default]
    #[serde(rename = "en")]
    English,
    /// German.
    #[serde(rename = "de")]
    German,
}

impl MailLanguage {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The language tag (RFC 5646).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The first language of an `Accept-Language` header (RFC 9110, section 12.5.4) in which there is mail. Weights are not
    /// read, because clients send their languages in order.
    pub fn preferred(accept_language: &str) -> Self {
        let tags = accept_language.split(',').filter_map(|range| range.split([';', '-']).next());
        let known =
            |tag: &str| Self::ALL.into_iter().find(|language| language.as_str().eq_ignore_ascii_case(tag));
        tags.map(str::trim).find_map(known).unwrap_or_default()
    }
}

/// The state of a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneTimeToken {
    /// Its identifier.
    pub id: OneTimeTokenId,
    /// What it allows.
    pub purpose: OneTimeTokenPurpose,
    /// The account whose token it is.
    pub account_id: AccountId,
    /// SHA-256 of the secret, base64url.
    pub secret_hash: String,
    /// SHA-256 of the token's id and the address that it is sent to, base64url.
    pub address_hash: String,
    /// The language of the mail.
    pub language: MailLanguage,
    /// From this moment on it is not valid.
    pub valid_until: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// An event of a token.
#[derive(Debug, Clone, PartialEq)]
pub enum OneTimeTokenEvent {
    /// It was made, and is to be sent.
    Issued(OneTimeTokenIssued),
    /// It was used.
    Used(OneTimeTokenUsed),
}

/// The facts of `one_time_token_issued`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneTimeTokenIssued {
    token_id: OneTimeTokenId,
    purpose: OneTimeTokenPurpose,
    account_id: AccountId,
    secret_hash: String,
    address_hash: String,
    language: MailLanguage,
    valid_until: Timestamp,
}

/// The facts of `one_time_token_used`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneTimeTokenUsed {
    purpose: OneTimeTokenPurpose,
    account_id: AccountId,
}

/// The command that makes a token.
#[derive(Debug)]
pub struct IssueOneTimeToken {
    /// Its identifier.
    pub id: OneTimeTokenId,
    /// What it allows.
    pub purpose: OneTimeTokenPurpose,
    /// The account whose token it is.
    pub account_id: AccountId,
    /// SHA-256 of the secret, base64url.
    pub secret_hash: String,
    /// SHA-256 of the token's id and the address that it is sent to, base64url.
    pub address_hash: String,
    /// The language of the mail.
    pub language: MailLanguage,
    /// The time of the command.
    pub at: Timestamp,
}

/// The token can't be used. Callers are not told which of the reasons it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenUnusable {
    /// The text is not that of a token, the secret is wrong, or the token has another purpose.
    #[error("the token is not known")]
    Unknown,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It was used before.
    #[error("the token was used before")]
    Used,
    /// The account has another address since the token was sent.
    #[error("the token was sent to another address")]
    OtherAddress,
}

/// Decides `one_time_token_issued`.
pub fn issue_one_time_token(command: IssueOneTimeToken) -> OneTimeTokenEvent {
    OneTimeTokenEvent::Issued(OneTimeTokenIssued {
        token_id: command.id,
        purpose: command.purpose,
        account_id: command.account_id,
        secret_hash: command.secret_hash,
        address_hash: command.address_hash,
        language: command.language,
        valid_until: command.at.plus_seconds(command.purpose.lifetime_seconds()),
    })
}

/// Decides `one_time_token_used`. The caller has compared the secret. `address_hash` is that of the account's present address.
pub fn use_one_time_token(
    token: &OneTimeToken,
    purpose: OneTimeTokenPurpose,
    address_hash: &str,
    at: Timestamp,
) -> Result<OneTimeTokenEvent, TokenUnusable> {
    if token.purpose != purpose {
        return Err(TokenUnusable::Unknown);
    }
    if token.used_at.is_some() {
        return Err(TokenUnusable::Used);
    }
    if at >= token.valid_until {
        return Err(TokenUnusable::Expired);
    }
    if token.address_hash != address_hash {
        return Err(TokenUnusable::OtherAddress);
    }
    Ok(OneTimeTokenEvent::Used(OneTimeTokenUsed { purpose, account_id: token.account_id }))
}

impl Aggregate for OneTimeToken {
    const TYPE: AggregateType = AggregateType::OneTimeToken;
    type Event = OneTimeTokenEvent;

    fn apply(state: Option<Self>, event: &OneTimeTokenEvent, meta: EventMeta) -> Option<Self> {
        match (state, event) {
            (None, OneTimeTokenEvent::Issued(facts)) => Some(Self {
                id: facts.token_id,
                purpose: facts.purpose,
                account_id: facts.account_id,
                secret_hash: facts.secret_hash.clone(),
                address_hash: facts.address_hash.clone(),
                language: facts.language,
                valid_until: facts.valid_until,
                used_at: None,
            }),
            (Some(token), OneTimeTokenEvent::Used(_)) => {
                Some(Self { used_at: token.used_at.or(Some(meta.at)), ..token })
            }
            (state, _) => state,
        }
    }

    /// A day after its end, so that a link that was used or is too old can be told from one that never was.
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.valid_until.plus_seconds(24 * 3600))
    }
}

impl DomainEvent for OneTimeTokenEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Issued(facts) => EncodedEvent::facts("one_time_token_issued", facts),
            Self::Used(facts) => EncodedEvent::facts("one_time_token_used", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("one_time_token_issued", 1) => event.read().map(Self::Issued),
            ("one_time_token_used", 1) => event.read().map(Self::Used),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
