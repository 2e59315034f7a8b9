//! Gives out new recovery codes in the place of all earlier ones.

use super::own_factors_key;
use super::recovery_codes::RecoveryCodes;
use application_core::command::retry_on_conflict;
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error};
use domain::authority::{Authority, UseAccount};
use domain::identity::{AccountFactors, generate_recovery_codes};
use ports::Store;

/// New recovery codes.
///
/// # Errors
///
/// [`Error::SignInNotRecent`] after an old sign-in, and [`Error::NotFound`] for an account without a factor.
pub async fn regenerate_recovery_codes(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
) -> Result<RecoveryCodes, Error> {
    authority.require_recent_sign_in(context.now)?;
    retry_on_conflict(|| Box::pin(attempt(store, context, authority))).await
}

async fn attempt(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
) -> Result<RecoveryCodes, Error> {
    let pending = PendingChange::<AccountFactors>::load(store, own_factors_key(authority), &[]).await?;
    let mut pending = pending.ok_or(Error::NotFound)?;
    let codes = RecoveryCodes::generate(context)?;
    let event = generate_recovery_codes(pending.state(), codes.hashes()).ok_or(Error::NotFound)?;
    pending.record(&event, context, &Actor::account(authority.account()))?;
    pending.commit(store).await?;
    Ok(codes)
}
