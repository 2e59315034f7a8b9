//! Ends the caller's session. Its refresh token stops working at once; an access token works until its fifteen minutes
//! are over, because verifying it takes no look-up.

use application_core::repository::{Actor, Work};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::authority::{Authority, UseAccount};
use domain::identity::{Revocation, Session, revoke_session};
use ports::{AggregateKey, Store};

/// Ends the session; doing it again changes nothing.
pub async fn logout(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
) -> Result<(), Error> {
    // An API key has no session, and never has this authority.
    let Some(session) = authority.session() else { return Ok(()) };
    let key = AggregateKey::new(authority.tenant(), AggregateType::Session, &session);
    // A refresh at the same moment may win the first race; ending the session must win the second.
    for _ in 0..3 {
        let Some(mut work) = Work::<Session>::load(store, key.clone(), &[]).await? else { return Ok(()) };
        let own = work.state().filter(|session| session.account_id == authority.account());
        let Some(event) = own.and_then(|session| revoke_session(session, Revocation::Logout)) else {
            return Ok(());
        };
        work.record(&event, context, &Actor::account(authority.account()))?;
        match work.commit(store).await {
            Err(Error::VersionMismatch) => {}
            result => return result.map(drop),
        }
    }
    Err(Error::Contended)
}
