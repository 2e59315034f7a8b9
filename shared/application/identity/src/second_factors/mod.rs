//! Second factors: authenticator apps, recovery codes, and the challenge that a sign-in must answer with one of them.

mod activate_totp;
mod challenge;
mod challenge_token;
mod disable_totp;
mod enroll_totp;
mod recovery_codes;
mod regenerate_recovery_codes;
mod totp;
mod verify_mfa;

use domain::AggregateType;
use domain::authority::{Authority, UseAccount};
use domain::id::{AccountId, OrganizationId};
use ports::AggregateKey;

pub use activate_totp::{ActivateTotp, activate_totp};
pub use challenge::MfaChallenge;
pub(crate) use challenge::open_challenge;
pub use disable_totp::disable_totp;
pub use enroll_totp::{EnrollTotp, TotpEnrollment, enroll_totp};
pub use recovery_codes::RecoveryCodes;
pub use regenerate_recovery_codes::regenerate_recovery_codes;
pub use totp::totp_code;
pub use verify_mfa::{FactorAnswer, MfaAnswer, VerifyMfa, verify_mfa};

/// The name of the product in authenticator apps and in the dialogs of browsers.
pub(crate) const PRODUCT_NAME: &str = "Sextant";

/// The key of an account's second factors, which are in the organization where the account is stored.
pub(crate) fn factors_key(organization: OrganizationId, account: AccountId) -> AggregateKey {
    AggregateKey::new(organization, AggregateType::AccountFactors, &account)
}

/// The key of the caller's second factors.
pub(crate) fn own_factors_key(authority: &Authority<UseAccount>) -> AggregateKey {
    factors_key(authority.account_organization(), authority.account())
}
