//! Enrolls an authenticator app. It protects the account only after a code of it was shown (`activate_totp`).

use super::totp::{SECRET_BYTES, STEP_SECONDS, base32};
use super::{PRODUCT_NAME, own_factors_key};
use application_core::command::{ChangeOrCreate, Command, Idempotency, change_or_create};
use application_core::repository::{Actor, load, random};
use application_core::{Context, Error, Precondition};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::AggregateType;
use domain::authority::{Authority, UseAccount};
use domain::identity::{Account, AccountFactors, enroll_totp as decide};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ports::{AggregateKey, SecretSealing, Store};
use std::fmt;
use std::sync::Arc;

/// The ports of the use case.
pub struct EnrollTotp {
    /// Loads the account and commits the enrollment.
    pub store: Arc<dyn Store>,
    /// Seals the secret.
    pub secrets: Arc<dyn SecretSealing>,
}

/// An enrolled app, in the two forms in which people give its secret to the app.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpEnrollment {
    /// The secret in base 32, for typing.
    pub secret: String,
    /// The URL in the QR code.
    pub otpauth_url: String,
}

impl fmt::Debug for TotpEnrollment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpEnrollment(..)")
    }
}

/// Enrolls an app with a new secret, in the place of one that was enrolled and not activated.
///
/// # Errors
///
/// [`Error::SignInNotRecent`] after an old sign-in: whoever found an open browser must not add a factor.
pub async fn enroll_totp(
    needs: &EnrollTotp,
    context: &Context,
    authority: &Authority<UseAccount>,
) -> Result<TotpEnrollment, Error> {
    authority.require_recent_sign_in(context.now)?;
    let (organization, account) = (authority.account_organization(), authority.account());
    let account_key = AggregateKey::new(organization, AggregateType::Account, &account);
    let stored = load::<Account>(needs.store.as_ref(), &account_key).await?.ok_or(Error::NotFound)?;
    let person = stored.state.person.ok_or(Error::NotFound)?;
    let secret: [u8; SECRET_BYTES] = random(context.entropy.as_ref())?;
    let sealed = URL_SAFE_NO_PAD.encode(needs.secrets.seal(organization, account, &secret).await?);
    let command = Command {
        store: needs.store.as_ref(),
        context,
        actor: Actor::account(account),
        idempotency: Idempotency::Unkeyed,
    };
    let enrollment = ChangeOrCreate::<AccountFactors> {
        key: own_factors_key(authority),
        precondition: &Precondition::default(),
        decide: &|_| Ok(vec![decide(account, sealed.clone())]),
    };
    change_or_create(&command, &enrollment).await?;
    let secret = base32(&secret);
    Ok(TotpEnrollment { otpauth_url: otpauth_url(&person.email, &secret), secret })
}

/// The URL that apps read from a QR code (Key Uri Format of Google Authenticator).
fn otpauth_url(email: &str, secret: &str) -> String {
    let email = utf8_percent_encode(email, NON_ALPHANUMERIC);
    format!(
        "otpauth://totp/{PRODUCT_NAME}:{email}?secret={secret}&issuer={PRODUCT_NAME}&algorithm=SHA1&digits=6\
         &period={STEP_SECONDS}"
    )
}
