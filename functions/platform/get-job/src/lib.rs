//! `GET /v1/jobs/{id}`: one job, with the address of its result when it has a file.

use application_platform::{get_job, result_url};
use domain::authority::{Authority, UseJobs};
use domain::id::JobId;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::{JobLinks, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetJob {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Signs downloads.
    pub links: Arc<dyn JobLinks>,
}

impl Route for GetJob {
    type Permission = UseJobs;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseJobs>) -> RouteFuture<'a> {
        let id: JobId = request.id("id")?;
        let context = request.context();
        Ok(Box::pin(async move {
            let found = get_job(self.store.as_ref(), &context, &authority, &id).await?;
            let url = result_url(self.links.as_ref(), &context, authority.tenant(), &found.state).await?;
            let has_url = url.is_some();
            let response =
                Response::json(200, &presentation::job(&found.state, url))?.with_etag(found.version);
            // The address is another one each time, while the job stays the same.
            Ok(if has_url { response.without_revalidation() } else { response })
        }))
    }
}
