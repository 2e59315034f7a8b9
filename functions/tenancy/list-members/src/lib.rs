//! `GET /v1/members`: the members of the organization, those who joined last first.

use application_tenancy as tenancy;
use domain::authority::{Authority, ReadMembers};
use edge::cursor::CursorCodec;
use edge::{ReadLimit, Request, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct ListMembers {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

impl Route for ListMembers {
    type Permission = ReadMembers;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ReadMembers>) -> RouteFuture<'a> {
        let page = request.list_parameters(&[]).requested_page(&self.cursors, authority.caller())?;
        Ok(Box::pin(async move {
            let found =
                tenancy::list_members(self.store.as_ref(), &authority, page.limit_and_start()).await?;
            page.answer(&found, presentation::member)
        }))
    }
}
