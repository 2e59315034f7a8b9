//! The commands of a job. Each may be repeated: a worker is started at least once, and cancellations come at any time. A
//! command that changes nothing gives no event.

use super::{
    Job, JobCancelRequested, JobCanceled, JobCreated, JobEvent, JobFacts, JobFailed, JobFailure, JobKind,
    JobProgressed, JobStarted, JobStatus, JobSucceeded, SILENT_SECONDS,
};
use crate::Timestamp;
use crate::id::{AccountId, JobId};

/// The command that creates a job.
#[derive(Debug)]
pub struct CreateJob {
    /// Its identifier.
    pub id: JobId,
    /// Its kind.
    pub kind: JobKind,
    /// The account that starts it.
    pub created_by: AccountId,
    /// What it works on: numbers, ids, times and fixed names.
    pub input: JobFacts,
}

/// Decides `job_created`.
pub fn create_job(command: CreateJob) -> JobEvent {
    let CreateJob { id, kind, created_by, input } = command;
    JobEvent::Created(JobCreated { job_id: id, kind, created_by, input })
}

/// Decides `job_started` with how much there is to do; no event unless the job waits for a worker.
pub fn start_job(job: &Job, extent: u64) -> Option<JobEvent> {
    (job.status == JobStatus::Queued).then_some(JobEvent::Started(JobStarted { job_id: job.id, extent }))
}

/// Decides `job_progressed`; no event unless the job runs and the position is further than before.
pub fn progress_job(job: &Job, position: u64, step: &str) -> Option<JobEvent> {
    (job.status == JobStatus::Running && position > job.position)
        .then(|| JobEvent::Progressed(JobProgressed { job_id: job.id, position, step: step.to_owned() }))
}

/// Decides `job_succeeded`, or `job_canceled` when somebody canceled the job meanwhile; no event unless it runs.
pub fn succeed_job(job: &Job, result: JobFacts, result_file: Option<String>) -> Option<JobEvent> {
    if let Some(canceled) = end_canceled_job(job) {
        return Some(canceled);
    }
    let succeeded = JobSucceeded { job_id: job.id, result, result_file };
    (job.status == JobStatus::Running).then_some(JobEvent::Succeeded(succeeded))
}

/// Decides `job_failed`; no event when the job has ended.
pub fn fail_job(job: &Job, failure: JobFailure) -> Option<JobEvent> {
    (!job.has_ended()).then_some(JobEvent::Failed(JobFailed { job_id: job.id, failure }))
}

/// Decides `job_canceled` for a running job whose cancellation was requested.
pub fn end_canceled_job(job: &Job) -> Option<JobEvent> {
    (job.status == JobStatus::Running && job.cancel_requested)
        .then_some(JobEvent::Canceled(JobCanceled { job_id: job.id }))
}

/// Decides `job_canceled` for a job without a worker, and `job_cancel_requested` for one that its worker must end; no
/// event when the job has ended or its worker was told already. A worker that was silent for half an hour is gone.
pub fn request_job_cancel(job: &Job, requested_by: AccountId, now: Timestamp) -> Option<JobEvent> {
    let silent = now >= job.active_at.plus_seconds(SILENT_SECONDS);
    match job.status {
        JobStatus::Queued => Some(JobEvent::Canceled(JobCanceled { job_id: job.id })),
        JobStatus::Running if silent => Some(JobEvent::Canceled(JobCanceled { job_id: job.id })),
        JobStatus::Running if !job.cancel_requested => {
            Some(JobEvent::CancelRequested(JobCancelRequested { job_id: job.id, requested_by }))
        }
        JobStatus::Running | JobStatus::Succeeded | JobStatus::Failed | JobStatus::Canceled => None,
    }
}
