//! The events of an account's second factors in the form that the ledger stores. Facts that allow to test a stolen code or
//! to find a passkey's authenticator never leave the ledger.

use super::{PasskeyCredential, PasskeyName};
use crate::event::{DecodeError, DomainEvent, EncodedEvent};
use crate::id::{AccountId, PasskeyId};
use crate::identity::Account;
use serde::{Deserialize, Serialize};

/// An event of an account's second factors.
#[derive(Debug, Clone, PartialEq)]
pub enum AccountFactorsEvent {
    /// An authenticator app was enrolled; it waits for its first code.
    TotpEnrolled(TotpEnrolled),
    /// A code of the enrolled app was shown, so it is in use.
    TotpActivated(TotpActivated),
    /// A code of the app was accepted.
    TotpCodeAccepted(TotpCodeAccepted),
    /// The app was removed.
    TotpDisabled(TotpDisabled),
    /// New recovery codes replaced all earlier ones.
    RecoveryCodesGenerated(RecoveryCodesGenerated),
    /// A recovery code was used up.
    RecoveryCodeUsed(RecoveryCodeUsed),
    /// A passkey was added.
    PasskeyAdded {
        /// The facts.
        facts: PasskeyAdded,
        /// Its name; `None` after erasure.
        name: Option<PasskeyName>,
    },
    /// A passkey was used to sign in.
    PasskeyUsed(PasskeyCounted),
    /// A passkey's count of signatures did not grow, so a copy of it may exist. It was refused.
    PasskeyCountRefused(PasskeyCounted),
    /// A passkey was removed.
    PasskeyRemoved(PasskeyRemoved),
}

/// The facts of `totp_enrolled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TotpEnrolled {
    pub(super) account_id: AccountId,
    /// Sealed by the key service.
    pub(super) totp_secret: String,
}

/// The facts of `totp_activated`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TotpActivated {
    pub(super) account_id: AccountId,
    pub(super) step: u64,
    pub(super) recovery_code_hashes: Vec<String>,
}

/// The facts of `totp_code_accepted`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TotpCodeAccepted {
    pub(super) account_id: AccountId,
    pub(super) step: u64,
}

/// The facts of `totp_disabled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TotpDisabled {
    pub(super) account_id: AccountId,
}

/// The facts of `recovery_codes_generated`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecoveryCodesGenerated {
    pub(super) account_id: AccountId,
    pub(super) recovery_code_hashes: Vec<String>,
}

/// The facts of `recovery_code_used`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecoveryCodeUsed {
    pub(super) account_id: AccountId,
    pub(super) recovery_code_hash: String,
    /// How many codes are left.
    pub(super) remaining: u8,
}

/// The facts of `passkey_added`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PasskeyAdded {
    pub(super) account_id: AccountId,
    pub(super) passkey_id: PasskeyId,
    pub(super) passkey_credential: PasskeyCredential,
    pub(super) sign_count: u32,
    /// Empty unless the passkey is the account's first factor.
    pub(super) recovery_code_hashes: Vec<String>,
}

/// The facts of `passkey_used` and `passkey_count_refused`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PasskeyCounted {
    pub(super) account_id: AccountId,
    pub(super) passkey_id: PasskeyId,
    pub(super) sign_count: u32,
}

/// The facts of `passkey_removed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PasskeyRemoved {
    pub(super) account_id: AccountId,
    pub(super) passkey_id: PasskeyId,
}

impl DomainEvent for AccountFactorsEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::TotpEnrolled(facts) => EncodedEvent::facts("totp_enrolled", facts),
            Self::TotpActivated(facts) => EncodedEvent::facts("totp_activated", facts),
            Self::TotpCodeAccepted(facts) => EncodedEvent::facts("totp_code_accepted", facts),
            Self::TotpDisabled(facts) => EncodedEvent::facts("totp_disabled", facts),
            Self::RecoveryCodesGenerated(facts) => EncodedEvent::facts("recovery_codes_generated", facts),
            Self::RecoveryCodeUsed(facts) => EncodedEvent::facts("recovery_code_used", facts),
            Self::PasskeyAdded { facts, name } => {
                let event = EncodedEvent::facts("passkey_added", facts);
                match name {
                    Some(name) => event.with_personal(Account::subject(&facts.account_id), name),
                    None => event,
                }
            }
            Self::PasskeyUsed(facts) => EncodedEvent::facts("passkey_used", facts),
            Self::PasskeyCountRefused(facts) => EncodedEvent::facts("passkey_count_refused", facts),
            Self::PasskeyRemoved(facts) => EncodedEvent::facts("passkey_removed", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("totp_enrolled", 1) => event.read().map(Self::TotpEnrolled),
            ("totp_activated", 1) => event.read().map(Self::TotpActivated),
            ("totp_code_accepted", 1) => event.read().map(Self::TotpCodeAccepted),
            ("totp_disabled", 1) => event.read().map(Self::TotpDisabled),
            ("recovery_codes_generated", 1) => event.read().map(Self::RecoveryCodesGenerated),
            ("recovery_code_used", 1) => event.read().map(Self::RecoveryCodeUsed),
            ("passkey_added", 1) => {
                Ok(Self::PasskeyAdded { facts: event.read()?, name: event.read_personal()? })
            }
            ("passkey_used", 1) => event.read().map(Self::PasskeyUsed),
            ("passkey_count_refused", 1) => event.read().map(Self::PasskeyCountRefused),
            ("passkey_removed", 1) => event.read().map(Self::PasskeyRemoved),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
