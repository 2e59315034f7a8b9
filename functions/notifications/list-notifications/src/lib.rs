//! `GET /v1/notifications`: the caller's notifications, newest first.

use application_notifications as notifications;
use contracts::list::List;
use domain::authority::UseNotifications;
use edge::cursor::CursorCodec;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct ListNotifications {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

impl Handler for ListNotifications {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let caller = request.caller()?;
            let (store, context) = (self.store.as_ref(), request.context());
            let authority = application_core::authorize::<UseNotifications>(store, &context, &caller).await?;
            let mut parameters = request.parameters(&["limit", "cursor"]);
            let page = parameters.page();
            parameters.finish()?;
            let fingerprint = request.list_fingerprint();
            let after =
                page.cursor.map(|cursor| self.cursors.open(cursor, &caller, &fingerprint)).transpose()?;
            let limiter = self.limiter.as_ref();
            let (found, decision) =
                notifications::list_notifications(store, limiter, &context, &authority, (page.limit, after))
                    .await?;
            let body = List {
                data: found.items.iter().map(|item| presentation::notification(&item.state)).collect(),
                next_cursor: found.next.map(|next| self.cursors.seal(&next, &caller, &fingerprint)),
            };
            Ok(Response::json(200, &body)?.with_rate_limit(decision))
        })
    }
}
