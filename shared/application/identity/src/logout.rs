//! Ends the caller's session. Its refresh token stops working at once; its access token stops within the minute for which the
//! gateway keeps the authorizer's answer.

use application_core::command::{Change, Command, Idempotency, change};
use application_core::repository::Actor;
use application_core::{AccessDecision, Context, Error, Precondition};
use domain::authority::{Authority, UseAccount};
use domain::identity::{Revocation, Session, revoke_session};
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, Store};

/// Ends the session; repeating this changes nothing. If a refresh at the same time is faster, the session ends after
/// it.
pub async fn logout(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
    precondition: &Precondition,
) -> Result<(), Error> {
    // An API key has no session, and never has this authority.
    let Some(session) = authority.session() else { return Ok(()) };
    let actor = Actor::account(authority.account());
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let revocation = Change {
        key: AggregateKey::new(authority.tenant(), AggregateType::Session, &session),
        subjects: &[],
        precondition,
        access: &|session: &Session| match session.account_id == authority.account() {
            true => AccessDecision::Granted,
            false => AccessDecision::Missing,
        },
        decide: &|session: &Versioned<Session>| {
            Ok(revoke_session(&session.state, Revocation::Logout).into_iter().collect())
        },
        erases: &[],
        removes: true,
    };
    match change(&command, &revocation).await {
        // A session that no longer exists has ended.
        Ok(_) | Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}
