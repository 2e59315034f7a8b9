//! Lists the caller's own notifications, newest first: one query.

use application_core::Error;
use domain::authority::{Authority, UseNotifications};
use domain::notification::Notification;
use domain::{AggregateType, Versioned};
use ports::{ListOrder, ListQuery, Page, Position, Store, StoredState};

/// A page of the caller's notifications.
pub async fn list_notifications(
    store: &dyn Store,
    authority: &Authority<UseNotifications>,
    (limit, after): (u32, Option<Position>),
) -> Result<Page<Versioned<Notification>>, Error> {
    let query = ListQuery {
        tenant: authority.tenant(),
        kind: AggregateType::Notification,
        owner: Some(authority.account()),
        order: ListOrder::Created,
        filters: Vec::new(),
        min_score: None,
        created_from: None,
        created_to: None,
        limit,
        after,
    };
    let page = store.list(&query).await?;
    let items = page.items.into_iter().map(StoredState::decode).collect::<Result<_, _>>()?;
    Ok(Page { items, next: page.next })
}
