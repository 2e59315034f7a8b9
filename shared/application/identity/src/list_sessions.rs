//! Lists the caller's sessions in the organization, newest first: one query.

use application_core::{Context, Error, lists};
use domain::authority::{Authority, UseAccount};
use domain::identity::{ABSOLUTE_SECONDS, Session};
use ports::{ListQuery, ListScope, Page, Position, RankBound, Store};

/// A session in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// Whether it is the session that sent the request.
    pub is_current: bool,
}

/// A page of the caller's sessions. Sessions that have ended stay in the table for days and are left out after reading, so a
/// page may have fewer entries than its limit although another page follows.
pub async fn list_sessions(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseAccount>,
    (limit, after): (u32, Option<Position>),
) -> Result<Page<ListedSession>, Error> {
    let query = active_sessions(authority, context, limit, after);
    let page = lists::page::<Session>(store, &query).await?;
    let current = authority.session();
    let active =
        page.items.into_iter().map(|item| item.state).filter(|session| session.is_active(context.now));
    let items =
        active.map(|session| ListedSession { is_current: Some(session.id) == current, session }).collect();
    Ok(Page { items, next: page.next })
}

/// A query of the caller's sessions that started recently enough to be active.
pub(crate) fn active_sessions(
    authority: &Authority<UseAccount>,
    context: &Context,
    limit: u32,
    after: Option<Position>,
) -> ListQuery {
    let scope = ListScope::Owner(authority.tenant(), authority.account());
    let mut query = ListQuery::of::<Session>(Session::OF_ACCOUNT_BY_TIME, scope, limit, after);
    query.at_least = Some(RankBound::Time(context.now.plus_seconds(-ABSOLUTE_SECONDS)));
    query
}
