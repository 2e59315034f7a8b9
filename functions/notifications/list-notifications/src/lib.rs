//! `GET /v1/notifications`: the caller's notifications, newest first.

use application_notifications as notifications;
use domain::authority::{Authority, UseNotifications};
use edge::cursor::CursorCodec;
use edge::{ReadLimit, Request, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct ListNotifications {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

impl Route for ListNotifications {
    type Permission = UseNotifications;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseNotifications>) -> RouteFuture<'a> {
        let page = request.list_parameters(&[]).requested_page(&self.cursors, authority.caller())?;
        Ok(Box::pin(async move {
            let asked = page.limit_and_start();
            let found = notifications::list_notifications(self.store.as_ref(), &authority, asked).await?;
            page.answer(&found, |item| presentation::notification(&item.state))
        }))
    }
}
