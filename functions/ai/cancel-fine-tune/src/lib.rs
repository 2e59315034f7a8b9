//! `POST /v1/ai/fine-tunes/{id}/cancel`: cancels a fine-tune; canceling one that has ended changes nothing.

use application_ai::fine_tunes;
use domain::authority::{Authority, ManageFineTunes};
use domain::id::FineTuneId;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct CancelFineTune {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for CancelFineTune {
    type Permission = ManageFineTunes;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ManageFineTunes>) -> RouteFuture<'a> {
        let id: FineTuneId = request.id("id")?;
        let key = request.idempotency_key("cancelFineTune")?;
        let precondition = request.precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            let store = self.store.as_ref();
            let answer =
                fine_tunes::cancel_fine_tune(store, &context, &authority, &id, &precondition, key.as_ref())
                    .await?;
            Ok(Response::json(200, &presentation::fine_tune(&answer.value.state))?
                .with_etag(answer.value.version)
                .replayed(answer.replayed))
        }))
    }
}
