//! Common parts of jobs: how their work fails, and how failures are reported to the service that delivers the messages.

use crate::guard::{GuardFailure, guarded};
use crate::log::chain;
use crate::runtime::{Failure, Json, written};
use application_core::Error;
use ports::{BoxFuture, CommitError, StoreError};
use serde::Serialize;
use std::time::Instant;

/// The work of a job was not done. It is delivered again until its source gives up.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The message does not have the form that the job expects; it will end in the dead-letter queue. The text never
    /// quotes it.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The use case failed.
    #[error(transparent)]
    Failed(Error),
}

impl From<Error> for JobError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<CommitError> for JobError {
    fn from(error: CommitError) -> Self {
        Self::Failed(error.into())
    }
}

/// The result of a job's work, or the reason of its failure as text for the log.
pub(crate) async fn attempt<T>(
    deadline: Instant,
    work: BoxFuture<'_, Result<T, JobError>>,
) -> Result<T, String> {
    match guarded(deadline, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(chain(&error)),
        Err(GuardFailure::TimedOut) => Err("not done in time".to_owned()),
        Err(GuardFailure::Panicked(location)) => Err(format!("panicked at {location}")),
    }
}

/// The answer by which Lambda learns of partial failures.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchFailures<'a> {
    batch_item_failures: Vec<BatchItemFailure<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure<'a> {
    item_identifier: &'a str,
}

/// Tells Lambda which messages of a batch must be delivered again.
pub(crate) fn batch_failures(identifiers: &[String]) -> Result<Json, Failure> {
    let failures = identifiers.iter().map(|id| BatchItemFailure { item_identifier: id });
    written(&BatchFailures { batch_item_failures: failures.collect() })
}
