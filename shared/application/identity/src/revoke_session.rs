//! Ends sessions of the caller: a named one, or all except the one that sends the request.

use super::list_sessions::active_sessions;
use application_core::command::{Change, Command, Idempotency, change};
use application_core::repository::Actor;
use application_core::{Context, Error, Precondition, check_owner, lists};
use domain::authority::{Authority, UseAccount};
use domain::id::SessionId;
use domain::identity::{Revocation, Session, revoke_session as decide};
use domain::{AggregateType, Versioned};
use futures_util::future::try_join_all;
use ports::{AggregateKey, Store};

/// The sessions in one page of the list, which are ended at the same time.
const PAGE: u32 = 20;

/// Ends one of the caller's sessions: one read, one write. Ending it again changes nothing. A session of another account is
/// answered like one that does not exist, and the audit log is told if it belongs to a colleague.
pub async fn revoke_session(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
    id: &SessionId,
    precondition: &Precondition,
) -> Result<(), Error> {
    let actor = Actor::caller(authority.caller());
    let command = Command { store, context, actor, idempotency: Idempotency::Unkeyed };
    let revocation = Change {
        key: AggregateKey::new(authority.tenant(), AggregateType::Session, id),
        subjects: &[],
        precondition,
        access: &|session: &Session| check_owner(authority, session.account_id),
        decide: &|session: &Versioned<Session>| {
            Ok(decide(&session.state, Revocation::EndedByOwner).into_iter().collect())
        },
        erases: &[],
        removes: true,
    };
    change(&command, &revocation).await.map(drop)
}

/// Ends all sessions of the caller in the organization except the one that sends the request: one query for each page, one
/// read and one write for each session. The list is an index that follows its table, so a session that started a moment ago
/// may be missed. If this fails half-way, repeating it ends the rest.
pub async fn revoke_other_sessions(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
) -> Result<(), Error> {
    let mut query = active_sessions(authority, context, PAGE, None);
    loop {
        let page = lists::page::<Session>(store, &query).await?;
        let others = page
            .items
            .iter()
            .map(|item| &item.state)
            .filter(|session| session.is_active(context.now) && Some(session.id) != authority.session());
        try_join_all(others.map(|session| async {
            match revoke_session(store, context, authority, &session.id, &Precondition::NONE).await {
                // A session that no longer exists has ended.
                Err(Error::NotFound) => Ok(()),
                result => result,
            }
        }))
        .await?;
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(()),
        }
    }
}
