//! `GET /v1/batches`: the batches that the caller may see, newest first, in OpenAI's format.

use application_ai::batches;
use contracts::openai::{Batch, BatchList};
use domain::authority::{Authority, UseBatches};
use domain::id::BatchId;
use edge::problem::ProblemFormat;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The number of batches of a page without `limit`, and the most, as OpenAI has them.
const USUAL_LIMIT: u32 = 20;
const LARGEST_LIMIT: u32 = 100;

/// The handler and its ports.
pub struct ListBatches {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for ListBatches {
    type Permission = UseBatches;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseBatches>) -> RouteFuture<'a> {
        let mut parameters = request.parameters(&["limit", "after"]);
        let limit = parameters.whole_number("limit", 1..=LARGEST_LIMIT).unwrap_or(USUAL_LIMIT);
        let after: Option<BatchId> =
            parameters.read("after", "must be the id of a batch", |text| text.parse().ok());
        parameters.finish()?;
        Ok(Box::pin(async move {
            let store = self.store.as_ref();
            let page = batches::list_batches(store, &authority, limit, after.as_ref()).await?;
            let data: Vec<Batch> = page.batches.iter().map(presentation::batch).collect();
            let body = BatchList {
                object: "list".to_owned(),
                first_id: data.first().map(|batch| batch.id.clone()),
                last_id: data.last().map(|batch| batch.id.clone()),
                data,
                has_more: page.has_more,
            };
            Response::json(200, &body)
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}
