//! The events of a job and their stored form.

use super::{JobFacts, JobFailure, JobKind};
use crate::event::{DecodeError, DomainEvent, EncodedEvent};
use crate::id::{AccountId, JobId};
use serde::{Deserialize, Serialize};

/// An event of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEvent {
    /// A command started it; it waits for a worker.
    Created(JobCreated),
    /// A worker began.
    Started(JobStarted),
    /// A part of it is done.
    Progressed(JobProgressed),
    /// Somebody canceled it while a worker was at it.
    CancelRequested(JobCancelRequested),
    /// It ended because somebody canceled it.
    Canceled(JobCanceled),
    /// It is done.
    Succeeded(JobSucceeded),
    /// It can't be done.
    Failed(JobFailed),
}

/// The facts of `job_created`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobCreated {
    pub(super) job_id: JobId,
    pub(super) kind: JobKind,
    pub(super) created_by: AccountId,
    pub(super) input: JobFacts,
}

/// The facts of `job_started`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobStarted {
    pub(super) job_id: JobId,
    pub(super) extent: u64,
}

/// The facts of `job_progressed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobProgressed {
    pub(super) job_id: JobId,
    pub(super) position: u64,
    pub(super) step: String,
}

/// The facts of `job_cancel_requested`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobCancelRequested {
    pub(super) job_id: JobId,
    pub(super) requested_by: AccountId,
}

/// The facts of `job_canceled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobCanceled {
    pub(super) job_id: JobId,
}

/// The facts of `job_succeeded`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobSucceeded {
    pub(super) job_id: JobId,
    pub(super) result: JobFacts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result_file: Option<String>,
}

/// The facts of `job_failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobFailed {
    pub(super) job_id: JobId,
    #[serde(flatten)]
    pub(super) failure: JobFailure,
}

impl DomainEvent for JobEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Created(facts) => EncodedEvent::facts("job_created", facts),
            Self::Started(facts) => EncodedEvent::facts("job_started", facts),
            Self::Progressed(facts) => EncodedEvent::facts("job_progressed", facts),
            Self::CancelRequested(facts) => EncodedEvent::facts("job_cancel_requested", facts),
            Self::Canceled(facts) => EncodedEvent::facts("job_canceled", facts),
            Self::Succeeded(facts) => EncodedEvent::facts("job_succeeded", facts),
            Self::Failed(facts) => EncodedEvent::facts("job_failed", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("job_created", 1) => event.read().map(Self::Created),
            ("job_started", 1) => event.read().map(Self::Started),
            ("job_progressed", 1) => event.read().map(Self::Progressed),
            ("job_cancel_requested", 1) => event.read().map(Self::CancelRequested),
            ("job_canceled", 1) => event.read().map(Self::Canceled),
            ("job_succeeded", 1) => event.read().map(Self::Succeeded),
            ("job_failed", 1) => event.read().map(Self::Failed),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
