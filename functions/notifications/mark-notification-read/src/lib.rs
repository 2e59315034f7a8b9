//! `POST /v1/notifications/{id}/read`: marks one of the caller's notifications as read.

use application_notifications as notifications;
use domain::authority::{Authority, UseNotifications};
use domain::id::NotificationId;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct MarkNotificationRead {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for MarkNotificationRead {
    type Permission = UseNotifications;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseNotifications>) -> RouteFuture<'a> {
        let id: NotificationId = request.id("id")?;
        let key = request.idempotency_key("markNotificationRead")?;
        let precondition = request.precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            let store = self.store.as_ref();
            let marked = notifications::mark_notification_read(
                store,
                &context,
                &authority,
                &id,
                &precondition,
                key.as_ref(),
            );
            let answer = marked.await?;
            Ok(Response::json(200, &presentation::notification(&answer.value.state))?
                .with_etag(answer.value.version)
                .replayed(answer.replayed))
        }))
    }
}
