//! `GET /v1/batches/{id}`: one batch in OpenAI's format, with addresses of its results when it has some.

use application_ai::batches;
use contracts::openai::Batch;
use domain::Timestamp;
use domain::authority::{Authority, UseBatches};
use domain::id::BatchId;
use edge::problem::ProblemFormat;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::{BatchLinks, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetBatch {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Signs downloads.
    pub links: Arc<dyn BatchLinks>,
}

impl Route for GetBatch {
    type Permission = UseBatches;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseBatches>) -> RouteFuture<'a> {
        let id: BatchId = request.id("id")?;
        let context = request.context();
        Ok(Box::pin(async move {
            let found = batches::get_batch(self.store.as_ref(), &authority, &id).await?;
            let (links, tenant) = (self.links.as_ref(), authority.tenant());
            let links = batches::links_of(links, &context, tenant, &found.state).await?;
            let has_links = links.expires_at.is_some();
            let body = Batch {
                output_url: links.output,
                error_url: links.errors,
                urls_expire_at: links.expires_at.map(Timestamp::seconds),
                ..presentation::batch(&found.state)
            };
            let response = Response::json(200, &body)?.with_etag(found.version);
            // The addresses are other ones each time, while the batch stays the same.
            Ok(if has_links { response.without_revalidation() } else { response })
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}
