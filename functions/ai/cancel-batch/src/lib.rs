//! `POST /v1/batches/{id}/cancel`: cancels a batch, in OpenAI's format; cancelling one that has ended changes nothing.

use application_ai::batches;
use domain::authority::{Authority, UseBatches};
use domain::id::BatchId;
use edge::problem::ProblemFormat;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct CancelBatch {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for CancelBatch {
    type Permission = UseBatches;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseBatches>) -> RouteFuture<'a> {
        let id: BatchId = request.id("id")?;
        let key = request.idempotency_key("cancelBatch")?;
        let precondition = request.precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            let store = self.store.as_ref();
            let answer =
                batches::cancel_batch(store, &context, &authority, &id, &precondition, key.as_ref()).await?;
            Ok(Response::json(200, &presentation::batch(&answer.value.state))?
                .with_etag(answer.value.version)
                .replayed(answer.replayed))
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}
