//! `POST /v1/ai/fine-tunes/{id}/cancel`: cancels a fine-tune; canceling one that has ended changes nothing.

use application_ai::fine_tunes;
use domain::authority::ManageFineTunes;
use domain::id::FineTuneId;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct CancelFineTune {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Handler for CancelFineTune {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<ManageFineTunes>(store, &context, &request.caller()?).await?;
            let id: FineTuneId = request.id("id")?;
            let key = request.idempotency_key("cancelFineTune")?;
            let precondition = request.precondition()?;
            let answer =
                fine_tunes::cancel_fine_tune(store, &context, &authority, &id, &precondition, key.as_ref())
                    .await?;
            Ok(Response::json(200, &presentation::fine_tune(&answer.value.state))?
                .with_etag(answer.value.version)
                .replayed(answer.replayed))
        })
    }
}
