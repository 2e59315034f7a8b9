//! `GET /v1/ai/fine-tunes/{id}`: one fine-tune.

use application_ai::fine_tunes;
use domain::authority::ManageFineTunes;
use domain::id::FineTuneId;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetFineTune {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
}

impl Handler for GetFineTune {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<ManageFineTunes>(store, &context, &request.caller()?).await?;
            let id: FineTuneId = request.id("id")?;
            let limiter = self.limiter.as_ref();
            let (found, decision) =
                fine_tunes::get_fine_tune(store, limiter, &context, &authority, &id).await?;
            Ok(Response::json(200, &presentation::fine_tune(&found.state))?
                .with_etag(found.version)
                .with_rate_limit(decision))
        })
    }
}
