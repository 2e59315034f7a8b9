//! `GET /v1/auth/sessions`: the caller's active sessions, newest first.

use application_identity as identity;
use domain::authority::{Authority, UseAccount};
use edge::cursor::CursorCodec;
use edge::{ReadLimit, Request, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct ListSessions {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

impl Route for ListSessions {
    type Permission = UseAccount;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        let page = request.list_parameters(&[]).requested_page(&self.cursors, authority.caller())?;
        let context = request.context();
        Ok(Box::pin(async move {
            let asked = page.limit_and_start();
            let found = identity::list_sessions(self.store.as_ref(), &context, &authority, asked).await?;
            page.answer(&found, |listed| presentation::session(&listed.session, listed.is_current))
        }))
    }
}
