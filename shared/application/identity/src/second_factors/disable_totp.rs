//! Removes the authenticator app of the caller.

use super::own_factors_key;
use application_core::command::{Change, Command, Idempotency, change};
use application_core::repository::Actor;
use application_core::{AccessDecision, Context, Error, Precondition};
use domain::Versioned;
use domain::authority::{Authority, UseAccount};
use domain::identity::{AccountFactors, disable_totp as decide};
use ports::Store;

/// Removes the app, and with the last factor the recovery codes; repeating this changes nothing.
///
/// # Errors
///
/// [`Error::SignInNotRecent`] after an old sign-in.
pub async fn disable_totp(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
    precondition: &Precondition,
) -> Result<(), Error> {
    authority.require_recent_sign_in(context.now)?;
    let actor = Actor::account(authority.account());
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let removal = Change::<AccountFactors> {
        key: own_factors_key(authority),
        subjects: &[],
        precondition,
        access: &|_| AccessDecision::Granted,
        decide: &|factors: &Versioned<AccountFactors>| Ok(decide(&factors.state).into_iter().collect()),
        erases: &[],
        removes: true,
    };
    match change(&command, &removal).await {
        // An account that never had a factor has none.
        Ok(_) | Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}
