//! `GET /v1/ai/fine-tunes`: the organization's fine-tunes, newest first.

use application_ai::fine_tunes;
use contracts::list::List;
use domain::authority::ManageFineTunes;
use edge::cursor::CursorCodec;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct ListFineTunes {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

impl Handler for ListFineTunes {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context, caller) = (self.store.as_ref(), request.context(), request.caller()?);
            let authority = application_core::authorize::<ManageFineTunes>(store, &context, &caller).await?;
            let mut parameters = request.parameters(&["limit", "cursor"]);
            let page = parameters.page();
            parameters.finish()?;
            let fingerprint = request.list_fingerprint();
            let after =
                page.cursor.map(|cursor| self.cursors.open(cursor, &caller, &fingerprint)).transpose()?;
            let limiter = self.limiter.as_ref();
            let page = (page.limit, after);
            let (found, decision) =
                fine_tunes::list_fine_tunes(store, limiter, &context, &authority, page).await?;
            let body = List {
                data: found.items.iter().map(presentation::fine_tune).collect(),
                next_cursor: found.next.map(|next| self.cursors.seal(&next, &caller, &fingerprint)),
            };
            Ok(Response::json(200, &body)?.with_rate_limit(decision))
        })
    }
}
