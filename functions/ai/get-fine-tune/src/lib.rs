//! `GET /v1/ai/fine-tunes/{id}`: one fine-tune.

use application_ai::fine_tunes;
use domain::authority::{Authority, ManageFineTunes};
use domain::id::FineTuneId;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct GetFineTune {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for GetFineTune {
    type Permission = ManageFineTunes;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ManageFineTunes>) -> RouteFuture<'a> {
        let id: FineTuneId = request.id("id")?;
        Ok(Box::pin(async move {
            let found = fine_tunes::get_fine_tune(self.store.as_ref(), &authority, &id).await?;
            Ok(Response::json(200, &presentation::fine_tune(&found.state))?.with_etag(found.version))
        }))
    }
}
