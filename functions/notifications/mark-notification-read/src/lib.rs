//! `POST /v1/notifications/{id}/read`: marks one of the caller's notifications as read.

use application_notifications as notifications;
use domain::authority::UseNotifications;
use domain::id::NotificationId;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct MarkNotificationRead {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Handler for MarkNotificationRead {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<UseNotifications>(store, &context, &request.caller()?).await?;
            let id: NotificationId = request.id("id")?;
            let key = request.idempotency_key("markNotificationRead")?;
            let precondition = request.precondition()?;
            let answer = notifications::mark_notification_read(
                store,
                &context,
                &authority,
                &id,
                &precondition,
                key.as_ref(),
            )
            .await?;
            Ok(Response::json(200, &presentation::notification(&answer.value.state))?
                .with_etag(answer.value.version)
                .replayed(answer.replayed))
        })
    }
}
