//! Batches that a provider runs by itself, at its batch prices: the jobs, and the records of their files.
//!
//! A record holds a prompt and a result holds a completion, so nothing here may be logged but names and ids.

use super::{BoxFuture, JobName, ModelAnswer, ModelCall, ModelError, ProviderJobError, Source};
use domain::id::OrganizationId;

/// A job for the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchJob {
    /// Its name, the same at each attempt: a provider that has the job starts no other.
    pub name: JobName,
    /// The model that answers every record, by the provider's name.
    pub model: String,
    /// The key of the input file in the bucket of batches. It ends in `.jsonl`.
    pub input: String,
    /// The beginning of the keys of the results, in the same bucket.
    pub output_prefix: String,
    /// The tenant.
    pub tenant: OrganizationId,
    /// The number of records in the input file. Providers take a least and a most number.
    pub records: u64,
    /// The hours from its start after which it ends at the latest: then one that waits expires, and one that runs ends with
    /// the results that it has. Bedrock takes 24 to 168.
    pub timeout_hours: i32,
}

/// The state of a job at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchJobState {
    /// It is waiting, being checked, running or stopping.
    Running,
    /// It ended with results. A record without a result did not run in time.
    Completed {
        /// The keys of the files of results.
        outputs: Vec<String>,
    },
    /// It failed as a whole. The provider's message may quote the file or name resources, so it is not read.
    Failed,
    /// It was stopped. The provider bills the records that it had answered.
    Stopped {
        /// The keys of the files of results. A job that was stopped before it began has none of these files.
        outputs: Vec<String>,
    },
    /// It did not begin within its time.
    Expired,
}

/// Runs batches.
pub trait BatchInference: Send + Sync {
    /// Starts a job unless one with its name exists; returns the provider's id of the job.
    fn start<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<String, ProviderJobError>>;

    /// The provider's id of the job with this name; `None` when there is no such job. It starts none.
    fn find<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<Option<String>, ProviderJobError>>;

    /// The state of the job with this id of the provider; `None` when it does not exist.
    fn state<'a>(&'a self, job_id: &'a str)
    -> BoxFuture<'a, Result<Option<BatchJobState>, ProviderJobError>>;

    /// Stops a job. A job that has ended, or that does not exist, stays as it is.
    fn stop<'a>(&'a self, job_id: &'a str) -> BoxFuture<'a, Result<(), ProviderJobError>>;
}

/// Turns calls into records of an input file, and records of results into completions. It calls nobody.
pub trait BatchRecords: Send + Sync {
    /// Whether the provider's batches take this call. Bedrock's take no tools, and so no schema and no history of calls, and
    /// no guardrail.
    fn takes(&self, call: &ModelCall) -> bool;

    /// The line of a call in an input file, without its line end. The id is 11 letters and digits. The call's `time_left`
    /// has no meaning here.
    fn record<'a>(
        &'a self,
        record_id: &'a str,
        call: &'a ModelCall,
    ) -> BoxFuture<'a, Result<Vec<u8>, ModelError>>;

    /// The id of the record that a line of results is about. Results need not have the order of the input.
    fn record_id(&self, line: &[u8]) -> Result<String, Source>;

    /// The completion in a line of results, with the caller's own names of tools, for the call of its record.
    fn completion<'a>(
        &'a self,
        call: &'a ModelCall,
        line: &'a [u8],
    ) -> BoxFuture<'a, Result<ModelAnswer, ModelError>>;
}
