//! `POST /v1/jobs/{id}/cancel`: cancels a job; cancelling one that has ended changes nothing.

use application_platform::cancel_job;
use domain::authority::{Authority, UseJobs};
use domain::id::JobId;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct CancelJob {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for CancelJob {
    type Permission = UseJobs;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseJobs>) -> RouteFuture<'a> {
        let id: JobId = request.id("id")?;
        let key = request.idempotency_key("cancelJob")?;
        let precondition = request.precondition()?;
        let context = request.context();
        Ok(Box::pin(async move {
            let store = self.store.as_ref();
            let answer = cancel_job(store, &context, &authority, &id, &precondition, key.as_ref()).await?;
            Ok(Response::json(200, &presentation::job(&answer.value.state, None))?
                .with_etag(answer.value.version)
                .replayed(answer.replayed))
        }))
    }
}
