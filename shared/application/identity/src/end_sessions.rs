//! Ends all sessions of an account in an organization.

use application_core::command::retry_on_conflict;
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error, lists};
use domain::id::{AccountId, OrganizationId};
use domain::identity::{ABSOLUTE_SECONDS, Revocation, Session, revoke_session};
use ports::{AggregateKey, ListQuery, ListScope, RankBound, Store};

/// The sessions in one page of the list.
const PAGE: u32 = 100;
/// The most sessions that are ended. Nobody has as many; sign-ins are limited to 5 in 15 minutes for each account.
const MOST_SESSIONS: usize = 5000;

/// Ends the sessions: one read for each hundred, and a read and a write for each session. The list follows its table, so a
/// session that began in the last moment may be missed; it can't be refreshed after the password was changed.
pub(crate) async fn end_sessions(
    store: &dyn Store,
    context: &Context,
    (organization, account): (OrganizationId, AccountId),
    reason: Revocation,
) -> Result<(), Error> {
    let scope = ListScope::Owner(organization, account);
    let query = ListQuery {
        // Older ones have ended by time.
        at_least: Some(RankBound::Time(context.now.plus_seconds(-ABSOLUTE_SECONDS))),
        ..ListQuery::of::<Session>(Session::OF_ACCOUNT_BY_TIME, scope, PAGE, None)
    };
    let listed = lists::keys(store, query, MOST_SESSIONS).await?;
    for key in &listed.keys {
        retry_on_conflict(|| Box::pin(end(store, context, account, key, reason))).await?;
    }
    match listed.failures.into_iter().next() {
        Some(failure) => Err(failure.into()),
        None => Ok(()),
    }
}

async fn end(
    store: &dyn Store,
    context: &Context,
    account: AccountId,
    key: &AggregateKey,
    reason: Revocation,
) -> Result<(), Error> {
    // A session that no longer exists has ended.
    let Some(mut session) = PendingChange::<Session>::load(store, key.clone(), &[]).await? else {
        return Ok(());
    };
    if let Some(event) = revoke_session(session.state(), reason) {
        session.record(&event, context, &Actor::account(account))?;
        session.commit(store).await?;
    }
    Ok(())
}
