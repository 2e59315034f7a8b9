//! Marks one of the caller's notifications as read: one read, one write, and one more to claim an idempotency key.

use application_core::command::{Change, Command, change};
use application_core::idempotency::RepeatableResult;
use application_core::repository::Actor;
use application_core::{Context, Error, Precondition, check_owner};
use domain::authority::{Authority, UseNotifications};
use domain::id::NotificationId;
use domain::notification::{self, Notification};
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, IdempotencyKey, Store};

/// Marks it; marking it again changes nothing.
pub async fn mark_notification_read(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseNotifications>,
    id: &NotificationId,
    precondition: &Precondition,
    idempotency: Option<&IdempotencyKey>,
) -> Result<RepeatableResult<Versioned<Notification>>, Error> {
    let actor = Actor::account(authority.account());
    let command = Command { store, context, actor, idempotency: idempotency.into() };
    let mark = Change {
        key: AggregateKey::new(authority.tenant(), AggregateType::Notification, id),
        subjects: &[],
        precondition,
        access: &|notification: &Notification| check_owner(authority, notification.recipient_id),
        decide: &|notification: &Versioned<Notification>| {
            Ok(notification::mark_notification_read(&notification.state).into_iter().collect())
        },
        erases: &[],
        removes: false,
    };
    change(&command, &mark).await
}
