//! Activates the enrolled authenticator app with its first code, and gives out the recovery codes.

use super::recovery_codes::RecoveryCodes;
use super::{own_factors_key, totp};
use application_core::command::retry_on_conflict;
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::authority::{Authority, UseAccount};
use domain::field::InvalidFields;
use domain::identity::{AccountFactors, activate_totp as decide};
use ports::{SecretSealing, Store, StoreError};
use std::sync::Arc;

/// The ports of the use case.
pub struct ActivateTotp {
    /// Loads and commits the factors.
    pub store: Arc<dyn Store>,
    /// Opens the secret.
    pub secrets: Arc<dyn SecretSealing>,
}

/// Activates the app. The recovery codes replace all earlier ones.
///
/// # Errors
///
/// [`Error::NotFound`] when no app was enrolled in the last hour, and [`Error::Invalid`] for a wrong code.
pub async fn activate_totp(
    needs: &ActivateTotp,
    context: &Context,
    authority: &Authority<UseAccount>,
    code: &str,
) -> Result<RecoveryCodes, Error> {
    retry_on_conflict(|| Box::pin(attempt(needs, context, authority, code))).await
}

async fn attempt(
    needs: &ActivateTotp,
    context: &Context,
    authority: &Authority<UseAccount>,
    code: &str,
) -> Result<RecoveryCodes, Error> {
    let account = authority.account();
    let pending =
        PendingChange::<AccountFactors>::load(needs.store.as_ref(), own_factors_key(authority), &[]);
    let mut pending = pending.await?.ok_or(Error::NotFound)?;
    let enrolled = pending.state().enrolled_totp.as_ref();
    let enrolled = enrolled.filter(|totp| totp.can_be_activated(context.now)).ok_or(Error::NotFound)?;
    let sealed = sealed_bytes(&enrolled.sealed_secret)?;
    let secret = needs.secrets.open(authority.account_organization(), account, &sealed).await?;
    let step = totp::matching_step(&secret, code, context.now).ok_or_else(|| {
        let message =
            "is not the code that the app shows now; check the clock of the device and type the next code";
        InvalidFields::one("code", "wrong", message)
    })?;
    let codes = RecoveryCodes::generate(context)?;
    pending.record(&decide(account, step, codes.hashes()), context, &Actor::account(account))?;
    pending.commit(needs.store.as_ref()).await?;
    Ok(codes)
}

/// The bytes of a stored sealed secret.
pub(super) fn sealed_bytes(stored: &str) -> Result<Vec<u8>, StoreError> {
    URL_SAFE_NO_PAD.decode(stored).map_err(|_| StoreError::Malformed("a sealed secret"))
}
