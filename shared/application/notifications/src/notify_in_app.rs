//! Tells a person about an event, in the app. The notification's id is derived from the event's, so that an event that
//! is delivered twice notifies once.

use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::id::{AccountId, EventId, OrganizationId, derived};
use domain::notification::{Notification, NotificationKind, create_notification};
use ports::{AggregateKey, Store};

/// The cause of a notification.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The tenant.
    pub tenant: OrganizationId,
    /// The event.
    pub event_id: EventId,
    /// The account that is notified.
    pub recipient: AccountId,
    /// The subject.
    pub kind: NotificationKind,
}

/// Creates the notification unless the event has one; true when it was created now. One write.
pub async fn notify_in_app(store: &dyn Store, context: &Context, cause: Cause) -> Result<bool, Error> {
    let id = derived(&cause.event_id);
    let key = AggregateKey::new(cause.tenant, AggregateType::Notification, &id);
    let event = create_notification(id, cause.recipient, cause.kind);
    let actor = Actor::system("notify-in-app");
    match PendingChange::<Notification>::create(key, [], &event, context, &actor)?.commit(store).await {
        Ok(_) => Ok(true),
        Err(Error::Conflict) => Ok(false),
        Err(error) => Err(error),
    }
}
