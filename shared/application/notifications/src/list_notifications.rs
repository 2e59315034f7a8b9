//! Lists the caller's own notifications, newest first: one query.

use application_core::{Error, lists};
use domain::Versioned;
use domain::authority::{Authority, UseNotifications};
use domain::notification::Notification;
use ports::{ListQuery, ListScope, Page, Position, Store};

/// A page of the caller's notifications.
pub async fn list_notifications(
    store: &dyn Store,
    authority: &Authority<UseNotifications>,
    (limit, after): (u32, Option<Position>),
) -> Result<Page<Versioned<Notification>>, Error> {
    let scope = ListScope::Owner(authority.tenant(), authority.account());
    let query = ListQuery::of::<Notification>(Notification::OF_RECIPIENT_BY_TIME, scope, limit, after);
    Ok(lists::page(store, &query).await?)
}
