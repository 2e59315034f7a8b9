//! Bodies of jobs.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A job, in every answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Id (`job_…`).
    pub id: String,
    /// What it does.
    pub kind: String,
    /// The account that started it.
    pub created_by: String,
    /// `queued`, `running`, `succeeded`, `failed` or `canceled`.
    pub status: String,
    /// Whether it was canceled and its worker has not ended it yet.
    pub cancel_requested: bool,
    /// From 0 to 100.
    pub progress: u8,
    /// What the worker does at present; null when none is at work.
    pub step: Option<String>,
    /// Numbers and ids of the result; null before it succeeded.
    pub result: Option<BTreeMap<String, Value>>,
    /// Where the result can be downloaded for 15 minutes; null when it has no file, and in lists.
    pub result_url: Option<String>,
    /// The reason of its failure; null unless it failed.
    pub error: Option<JobError>,
    /// RFC 3339 in UTC.
    pub created_at: String,
    /// When a worker began.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// When the job and its file are deleted.
    pub expires_at: String,
}

/// The address of the result is a credential.
impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}

/// The reason why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// A fixed name.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}
