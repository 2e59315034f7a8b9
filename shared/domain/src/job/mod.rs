//! A job: long work that a command starts and a worker carries out. Clients read its progress, its result, or the reason
//! of its failure, and may cancel it. It holds numbers, ids and fixed texts, never personal data.

mod apply;
mod commands;
mod event;

use crate::Timestamp;
use crate::id::{AccountId, JobId};
use crate::lists::{List, ListIndex, Ranking};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use commands::{
    CreateJob, create_job, end_canceled_job, fail_job, progress_job, request_job_cancel, start_job,
    succeed_job,
};
pub use event::{
    JobCancelRequested, JobCanceled, JobCreated, JobEvent, JobFailed, JobProgressed, JobStarted, JobSucceeded,
};

/// How long a job and its files are kept after its creation, in seconds: 30 days.
pub const KEPT_SECONDS: i64 = 30 * 24 * 3600;
/// A running job without an event for this long has no worker any more, because a function lives for 15 minutes at most.
pub const SILENT_SECONDS: i64 = 30 * 60;

/// The kinds of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Writes entries of the audit log to a file.
    AuditExport,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 1] = [Self::AuditExport];

    /// The name in bodies and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuditExport => "audit_export",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// The status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// No worker has begun it.
    Queued,
    /// A worker carries it out.
    Running,
    /// It is done.
    Succeeded,
    /// It can't be done.
    Failed,
    /// Somebody canceled it before it was done.
    Canceled,
}

impl JobStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Canceled];

    /// The name in bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// The status with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// A fact of the input or the result of a job. A text is an id, a time or a fixed name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum JobFact {
    /// A number.
    Number(u64),
    /// An id, a time or a fixed name.
    Text(String),
}

/// Facts of a job by name.
pub type JobFacts = BTreeMap<String, JobFact>;

/// The reason why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFailure {
    /// A fixed name, such as `file_too_large`.
    pub code: String,
    /// A fixed sentence.
    pub message: String,
}

/// The state of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its identifier.
    pub id: JobId,
    /// Its kind.
    pub kind: JobKind,
    /// The account that started it, which owns it.
    pub created_by: AccountId,
    /// What it works on, as its worker reads it.
    pub input: JobFacts,
    /// The status.
    pub status: JobStatus,
    /// Whether a running job was canceled and its worker has not ended it yet.
    pub cancel_requested: bool,
    /// From 0 to 100. It never decreases, and is 100 only for a job that succeeded.
    pub progress: u8,
    /// What the worker does at present, a fixed name.
    pub step: Option<String>,
    /// How much is done, in the unit of `extent`. Another worker goes on here.
    pub position: u64,
    /// How much there is to do, in a unit of the kind; none before a worker began.
    pub extent: Option<u64>,
    /// The facts of the result.
    pub result: Option<JobFacts>,
    /// The name of the file with the result, among the files of the job.
    pub result_file: Option<String>,
    /// The reason of its failure.
    pub failure: Option<JobFailure>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When a worker began.
    pub started_at: Option<Timestamp>,
    /// When it last had an event.
    pub active_at: Timestamp,
    /// When it ended, in whatever way.
    pub finished_at: Option<Timestamp>,
}

impl Job {
    /// The jobs of an organization, newest first.
    pub const BY_TIME: List = List { name: "by_time", index: ListIndex::First, ranking: Ranking::Time };
    /// The jobs of one account, newest first.
    pub const OF_OWNER_BY_TIME: List =
        List { name: "of_owner_by_time", index: ListIndex::Second, ranking: Ranking::Time };

    /// Whether nothing will happen to it any more.
    pub fn has_ended(&self) -> bool {
        !matches!(self.status, JobStatus::Queued | JobStatus::Running)
    }

    /// When it and its files are gone.
    pub fn kept_until(&self) -> Timestamp {
        self.created_at.plus_seconds(KEPT_SECONDS)
    }
}
