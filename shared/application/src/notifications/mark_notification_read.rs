//! Marks one of the caller's notifications as read: one read, one write.

use crate::ports::{AggregateKey, Store};
use crate::repository::{Actor, Work};
use crate::{Context, Error};
use domain::authority::{Authority, UseNotifications};
use domain::id::NotificationId;
use domain::notification::{self, Notification};
use domain::{AggregateType, Versioned};

/// Marks it; marking it again changes nothing.
pub async fn mark_notification_read(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseNotifications>,
    id: &NotificationId,
) -> Result<Versioned<Notification>, Error> {
    let key = AggregateKey::new(authority.tenant(), AggregateType::Notification, id);
    for _ in 0..3 {
        let mut work = Work::<Notification>::load(store, key.clone(), &[]).await?.ok_or(Error::NotFound)?;
        let own = work.state().filter(|notification| authority.covers(notification.recipient_id));
        let Some(event) = notification::mark_notification_read(own.ok_or(Error::NotFound)?) else {
            return Ok(work.finish()?.1);
        };
        work.record(&event, context, &Actor::account(authority.account()))?;
        match work.commit(store).await {
            Err(Error::VersionMismatch) => {}
            result => return result,
        }
    }
    Err(Error::Contended)
}
