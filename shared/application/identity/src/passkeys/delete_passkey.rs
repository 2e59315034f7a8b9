//! Removes a passkey of the caller.

use crate::second_factors::own_factors_key;
use application_core::command::{Change, Command, Idempotency, change};
use application_core::repository::Actor;
use application_core::{AccessDecision, Context, Error, Precondition};
use domain::Versioned;
use domain::authority::{Authority, UseAccount};
use domain::id::PasskeyId;
use domain::identity::{AccountFactors, remove_passkey};
use ports::Store;

/// Removes the passkey, and with the last factor the recovery codes; repeating this changes nothing.
///
/// # Errors
///
/// [`Error::NotFound`] for a passkey that the account never had, and [`Error::SignInNotRecent`] after an old
/// sign-in.
pub async fn delete_passkey(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
    id: PasskeyId,
    precondition: &Precondition,
) -> Result<(), Error> {
    authority.require_recent_sign_in(context.now)?;
    let actor = Actor::account(authority.account());
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let removal = Change::<AccountFactors> {
        key: own_factors_key(authority),
        subjects: &[],
        precondition,
        access: &|factors| match factors.passkey(id).is_some() || factors.removed_passkeys.contains(&id) {
            true => AccessDecision::Granted,
            false => AccessDecision::Missing,
        },
        decide: &|factors: &Versioned<AccountFactors>| {
            Ok(remove_passkey(&factors.state, id).into_iter().collect())
        },
        erases: &[],
        removes: true,
    };
    change(&command, &removal).await.map(drop)
}
