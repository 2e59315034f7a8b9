//! `GET /v1/ai/fine-tunes`: the organization's fine-tunes, newest first.

use application_ai::fine_tunes;
use domain::authority::{Authority, ManageFineTunes};
use edge::cursor::CursorCodec;
use edge::{ReadLimit, Request, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct ListFineTunes {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

impl Route for ListFineTunes {
    type Permission = ManageFineTunes;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ManageFineTunes>) -> RouteFuture<'a> {
        let page = request.list_parameters(&[]).requested_page(&self.cursors, authority.caller())?;
        Ok(Box::pin(async move {
            let asked = page.limit_and_start();
            let found = fine_tunes::list_fine_tunes(self.store.as_ref(), &authority, asked).await?;
            page.answer(&found, presentation::fine_tune)
        }))
    }
}
