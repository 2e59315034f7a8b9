//! Tells a person in the app that something happened. The notification's identifier is the event's, so that an event that
//! is delivered twice notifies once.

use application_core::repository::{Actor, Work};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::id::{AccountId, EventId, OrganizationId, derived};
use domain::notification::{Notification, NotificationKind, create_notification};
use ports::{AggregateKey, Store};

/// What happened, to whom.
#[derive(Debug, Clone)]
pub struct Cause {
    /// Whose data it is.
    pub tenant: OrganizationId,
    /// The event.
    pub event_id: EventId,
    /// Who is told.
    pub recipient: AccountId,
    /// What about.
    pub kind: NotificationKind,
}

/// Creates the notification unless the event has one; true when it was created now. One write.
pub async fn notify_in_app(store: &dyn Store, context: &Context, cause: Cause) -> Result<bool, Error> {
    let id = derived(&cause.event_id);
    let key = AggregateKey::new(cause.tenant, AggregateType::Notification, &id);
    let mut work = Work::<Notification>::create(key, []);
    let event = create_notification(id, cause.recipient, cause.kind);
    work.record(&event, context, &Actor::system("notify-in-app"))?;
    match work.commit(store).await {
        Ok(_) => Ok(true),
        Err(Error::VersionMismatch) => Ok(false),
        Err(error) => Err(error),
    }
}
