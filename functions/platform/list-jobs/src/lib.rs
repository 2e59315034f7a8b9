//! `GET /v1/jobs`: the jobs that the caller may see, newest first.

use application_platform::{JobFilters, list_jobs};
use domain::authority::{Authority, UseJobs};
use domain::job::{JobKind, JobStatus};
use edge::cursor::CursorCodec;
use edge::{ReadLimit, Request, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct ListJobs {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

const STATUS: &str = "must be one of queued, running, succeeded, failed, canceled";
const KIND: &str = "must be audit_export";

impl Route for ListJobs {
    type Permission = UseJobs;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseJobs>) -> RouteFuture<'a> {
        let mut parameters = request.list_parameters(&["status", "kind"]);
        let filters = JobFilters {
            status: parameters.read("status", STATUS, JobStatus::from_name),
            kind: parameters.read("kind", KIND, JobKind::from_name),
        };
        let page = parameters.requested_page(&self.cursors, authority.caller())?;
        let context = request.context();
        Ok(Box::pin(async move {
            let asked = page.limit_and_start();
            let found = list_jobs(self.store.as_ref(), &context, &authority, filters, asked).await?;
            page.answer(&found, |job| presentation::job(&job.state, None))
        }))
    }
}
