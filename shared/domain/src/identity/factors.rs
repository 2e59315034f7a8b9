//! The second factors of an account: an authenticator app (TOTP), recovery codes and passkeys. They are an aggregate of
//! their own, with the account's identifier, in the organization where the account is stored. Nothing in it may allow a
//! reader of the tables to sign in: the secret of the app is sealed, recovery codes are hashes, and of passkeys only the
//! public halves are kept.

mod event;

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::EventMeta;
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, PasskeyId};
use serde::{Deserialize, Serialize};
use std::fmt;

pub use event::AccountFactorsEvent;
use event::{
    PasskeyAdded, PasskeyCounted, PasskeyRemoved, RecoveryCodeUsed, RecoveryCodesGenerated, TotpActivated,
    TotpCodeAccepted, TotpDisabled, TotpEnrolled,
};

/// The number of recovery codes that an account gets at once.
pub const RECOVERY_CODES: usize = 10;
/// The most passkeys of one account.
pub const MOST_PASSKEYS: usize = 20;
/// The removed passkeys that an account remembers.
const REMEMBERED_REMOVALS: usize = 50;
/// An authenticator app that was enrolled must be activated within this time, in seconds: one hour.
pub const ENROLLMENT_SECONDS: i64 = 3600;

/// A way to prove one's identity after the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorMethod {
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A passkey (WebAuthn).
    Passkey,
    /// A recovery code, which works once.
    RecoveryCode,
}

impl FactorMethod {
    /// The name in requests, answers and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// An authenticator app whose owner has not yet shown a code of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnrolledTotp {
    /// The secret, sealed by the key service and in base64url.
    pub sealed_secret: String,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
}

impl EnrolledTotp {
    /// Whether it can still be activated at `at`.
    pub fn can_be_activated(&self, at: Timestamp) -> bool {
        at <= self.enrolled_at.plus_seconds(ENROLLMENT_SECONDS)
    }
}

/// An authenticator app in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActiveTotp {
    /// The secret, sealed by the key service and in base64url.
    pub sealed_secret: String,
    /// When it was activated.
    pub activated_at: Timestamp,
    /// The time step of the last accepted code. Codes of this step and of earlier ones are used up.
    pub last_step: u64,
}

/// A public key and the identifiers by which its authenticator is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PasskeyCredential {
    /// The identifier that the authenticator chose, base64url, 1 to 1,023 bytes.
    pub id: String,
    /// The public key in the form of COSE (RFC 9053), base64url.
    pub public_key: String,
    /// How a browser can reach the authenticator, as the browser said: `internal`, `hybrid`, `usb`, `nfc`, `ble`.
    pub transports: Vec<String>,
    /// Whether the passkey may be copied to other devices of its owner, as password managers do.
    pub backup_eligible: bool,
}

/// The name of a passkey; erased together with the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyName {
    /// What the person calls it, 1 to 100 characters.
    pub name: String,
}

impl fmt::Debug for PasskeyName {
    /// Prints no value, because people name devices after themselves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasskeyName(..)")
    }
}

/// A passkey of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passkey {
    /// Its identifier.
    pub id: PasskeyId,
    /// Its name; `None` after erasure.
    pub name: Option<PasskeyName>,
    /// The credential.
    pub credential: PasskeyCredential,
    /// The authenticator's count of signatures at its last use; authenticators that do not count always say 0.
    pub sign_count: u32,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used to sign in.
    pub last_used_at: Option<Timestamp>,
}

impl Passkey {
    /// Whether this count can follow the last one. A count that does not grow means that the passkey was copied
    /// (WebAuthn Level 3, section 6.1.1).
    pub fn accepts_count(&self, sign_count: u32) -> bool {
        (sign_count == 0 && self.sign_count == 0) || sign_count > self.sign_count
    }
}

/// The state of an account's second factors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountFactors {
    /// The account.
    pub account_id: AccountId,
    /// The authenticator app in use.
    pub totp: Option<ActiveTotp>,
    /// The authenticator app that waits for its first code.
    pub enrolled_totp: Option<EnrolledTotp>,
    /// SHA-256 of the recovery codes that were not used, base64url.
    pub recovery_code_hashes: Vec<String>,
    /// The passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
    /// The last removed passkeys, at most 50, so that a repeated removal is recognized.
    pub removed_passkeys: Vec<PasskeyId>,
}

impl AccountFactors {
    /// Whether a password alone does not sign the account in.
    pub fn is_required_at_login(&self) -> bool {
        self.totp.is_some() || !self.passkeys.is_empty()
    }

    /// The ways in which the account can answer a challenge.
    pub fn methods(&self) -> Vec<FactorMethod> {
        let held = [
            (FactorMethod::Totp, self.totp.is_some()),
            (FactorMethod::Passkey, !self.passkeys.is_empty()),
            (FactorMethod::RecoveryCode, !self.recovery_code_hashes.is_empty()),
        ];
        held.into_iter().filter(|(_, held)| *held).map(|(method, _)| method).collect()
    }

    /// The passkey with this credential, by the authenticator's identifier.
    pub fn passkey_of_credential(&self, credential_id: &str) -> Option<&Passkey> {
        self.passkeys.iter().find(|passkey| passkey.credential.id == credential_id)
    }

    /// The passkey with this identifier.
    pub fn passkey(&self, id: PasskeyId) -> Option<&Passkey> {
        self.passkeys.iter().find(|passkey| passkey.id == id)
    }

    fn none(account_id: AccountId) -> Self {
        Self {
            account_id,
            totp: None,
            enrolled_totp: None,
            recovery_code_hashes: Vec::new(),
            passkeys: Vec::new(),
            removed_passkeys: Vec::new(),
        }
    }

    /// Without another factor, recovery codes have nothing to recover.
    fn without_idle_recovery_codes(mut self) -> Self {
        if !self.is_required_at_login() {
            self.recovery_code_hashes.clear();
        }
        self
    }

    fn with_passkey(mut self, id: PasskeyId, change: impl FnOnce(&mut Passkey)) -> Self {
        if let Some(passkey) = self.passkeys.iter_mut().find(|passkey| passkey.id == id) {
            change(passkey);
        }
        self
    }
}

/// Decides `totp_enrolled`. It replaces an earlier enrollment, and not the app in use.
pub fn enroll_totp(account_id: AccountId, sealed_secret: String) -> AccountFactorsEvent {
    AccountFactorsEvent::TotpEnrolled(TotpEnrolled { account_id, totp_secret: sealed_secret })
}

/// Decides `totp_activated`, after a code of the enrolled app was shown. The app replaces the one in use, and the
/// recovery codes replace all earlier ones.
pub fn activate_totp(
    account_id: AccountId,
    step: u64,
    recovery_code_hashes: Vec<String>,
) -> AccountFactorsEvent {
    AccountFactorsEvent::TotpActivated(TotpActivated { account_id, step, recovery_code_hashes })
}

/// Decides `totp_disabled`; no event when there is neither an app in use nor an enrolled one.
pub fn disable_totp(factors: &AccountFactors) -> Option<AccountFactorsEvent> {
    let has_one = factors.totp.is_some() || factors.enrolled_totp.is_some();
    has_one.then_some(AccountFactorsEvent::TotpDisabled(TotpDisabled { account_id: factors.account_id }))
}

/// Decides `totp_code_accepted`; `None` when a code of this or of a later step was accepted before.
pub fn accept_totp_code(factors: &AccountFactors, step: u64) -> Option<AccountFactorsEvent> {
    let fresh = factors.totp.as_ref().is_some_and(|totp| step > totp.last_step);
    let accepted = TotpCodeAccepted { account_id: factors.account_id, step };
    fresh.then_some(AccountFactorsEvent::TotpCodeAccepted(accepted))
}

/// Decides `recovery_codes_generated`; `None` when the account has no factor that they could stand in for.
pub fn generate_recovery_codes(
    factors: &AccountFactors,
    recovery_code_hashes: Vec<String>,
) -> Option<AccountFactorsEvent> {
    factors.is_required_at_login().then(|| {
        let account_id = factors.account_id;
        AccountFactorsEvent::RecoveryCodesGenerated(RecoveryCodesGenerated {
            account_id,
            recovery_code_hashes,
        })
    })
}

/// Decides `recovery_code_used`; `None` for a code that the account does not have.
pub fn use_recovery_code(factors: &AccountFactors, hash: &str) -> Option<AccountFactorsEvent> {
    factors.recovery_code_hashes.iter().any(|held| held == hash).then(|| {
        AccountFactorsEvent::RecoveryCodeUsed(RecoveryCodeUsed {
            account_id: factors.account_id,
            recovery_code_hash: hash.to_owned(),
            remaining: u8::try_from(factors.recovery_code_hashes.len() - 1).unwrap_or(u8::MAX),
        })
    })
}

/// Checks the name of a passkey.
pub fn check_passkey_name(name: &str) -> Result<PasskeyName, InvalidFields> {
    let mut check = FieldChecks::default();
    let name = check.line("name", name, 100);
    check.finish(PasskeyName { name })
}

/// The command that adds a passkey, after its registration was verified.
#[derive(Debug)]
pub struct AddPasskey {
    /// The account.
    pub account_id: AccountId,
    /// Its identifier.
    pub id: PasskeyId,
    /// Its name.
    pub name: PasskeyName,
    /// The credential.
    pub credential: PasskeyCredential,
    /// The authenticator's count of signatures.
    pub sign_count: u32,
    /// Hashes of new recovery codes, which only the first factor of an account brings; otherwise none.
    pub recovery_code_hashes: Vec<String>,
}

/// Decides `passkey_added`.
pub fn add_passkey(command: AddPasskey) -> AccountFactorsEvent {
    let facts = PasskeyAdded {
        account_id: command.account_id,
        passkey_id: command.id,
        passkey_credential: command.credential,
        sign_count: command.sign_count,
        recovery_code_hashes: command.recovery_code_hashes,
    };
    AccountFactorsEvent::PasskeyAdded { facts, name: Some(command.name) }
}

/// Decides `passkey_used`, or `passkey_count_refused` when the authenticator's count did not grow.
pub fn use_passkey(factors: &AccountFactors, passkey: &Passkey, sign_count: u32) -> AccountFactorsEvent {
    let facts = PasskeyCounted { account_id: factors.account_id, passkey_id: passkey.id, sign_count };
    match passkey.accepts_count(sign_count) {
        true => AccountFactorsEvent::PasskeyUsed(facts),
        false => AccountFactorsEvent::PasskeyCountRefused(facts),
    }
}

/// Decides `passkey_removed`; no event when the account does not have it.
pub fn remove_passkey(factors: &AccountFactors, id: PasskeyId) -> Option<AccountFactorsEvent> {
    factors.passkey(id).map(|passkey| {
        let account_id = factors.account_id;
        AccountFactorsEvent::PasskeyRemoved(PasskeyRemoved { account_id, passkey_id: passkey.id })
    })
}

impl Aggregate for AccountFactors {
    const TYPE: AggregateType = AggregateType::AccountFactors;
    type Event = AccountFactorsEvent;

    fn apply(state: Option<Self>, event: &AccountFactorsEvent, meta: EventMeta) -> Option<Self> {
        let mut factors = match (state, event) {
            (Some(factors), _) => factors,
            (None, AccountFactorsEvent::TotpEnrolled(facts)) => Self::none(facts.account_id),
            (None, AccountFactorsEvent::PasskeyAdded { facts, .. }) => Self::none(facts.account_id),
            (None, _) => return None,
        };
        Some(match event {
            AccountFactorsEvent::TotpEnrolled(facts) => {
                let sealed_secret = facts.totp_secret.clone();
                Self { enrolled_totp: Some(EnrolledTotp { sealed_secret, enrolled_at: meta.at }), ..factors }
            }
            AccountFactorsEvent::TotpActivated(facts) => match factors.enrolled_totp.take() {
                Some(EnrolledTotp { sealed_secret, .. }) => Self {
                    totp: Some(ActiveTotp { sealed_secret, activated_at: meta.at, last_step: facts.step }),
                    recovery_code_hashes: facts.recovery_code_hashes.clone(),
                    ..factors
                },
                None => factors,
            },
            AccountFactorsEvent::TotpCodeAccepted(facts) => {
                if let Some(totp) = &mut factors.totp {
                    totp.last_step = facts.step;
                }
                factors
            }
            AccountFactorsEvent::TotpDisabled(_) => {
                Self { totp: None, enrolled_totp: None, ..factors }.without_idle_recovery_codes()
            }
            AccountFactorsEvent::RecoveryCodesGenerated(facts) => {
                Self { recovery_code_hashes: facts.recovery_code_hashes.clone(), ..factors }
            }
            AccountFactorsEvent::RecoveryCodeUsed(facts) => {
                factors.recovery_code_hashes.retain(|held| *held != facts.recovery_code_hash);
                factors
            }
            AccountFactorsEvent::PasskeyAdded { facts, name } => {
                factors.passkeys.push(Passkey {
                    id: facts.passkey_id,
                    name: name.clone(),
                    credential: facts.passkey_credential.clone(),
                    sign_count: facts.sign_count,
                    created_at: meta.at,
                    last_used_at: None,
                });
                if !facts.recovery_code_hashes.is_empty() {
                    factors.recovery_code_hashes.clone_from(&facts.recovery_code_hashes);
                }
                factors
            }
            AccountFactorsEvent::PasskeyUsed(facts) => factors.with_passkey(facts.passkey_id, |passkey| {
                passkey.sign_count = facts.sign_count;
                passkey.last_used_at = Some(meta.at);
            }),
            AccountFactorsEvent::PasskeyCountRefused(_) => factors,
            AccountFactorsEvent::PasskeyRemoved(facts) => {
                factors.passkeys.retain(|passkey| passkey.id != facts.passkey_id);
                factors.removed_passkeys.push(facts.passkey_id);
                let surplus = factors.removed_passkeys.len().saturating_sub(REMEMBERED_REMOVALS);
                factors.removed_passkeys.drain(..surplus);
                factors.without_idle_recovery_codes()
            }
        })
    }
}
