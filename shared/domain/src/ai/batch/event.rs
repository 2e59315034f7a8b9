//! The events of a batch and their stored form.

use super::{BatchEnd, BatchFailure, BatchFile, BatchReservation};
use crate::Timestamp;
use crate::ai::usage::ModelUsage;
use crate::event::{DecodeError, DomainEvent, EncodedEvent};
use crate::id::{AccountId, ApiKeyId, BatchId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An event of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum BatchEvent {
    /// It was created.
    Created(BatchCreated),
    /// A run of the job took the next step for itself until a time.
    Claimed(BatchClaimed),
    /// Its file is valid, and the money for all of it is set aside.
    Started(BatchStarted),
    /// A provider runs all of it.
    Submitted(BatchSubmitted),
    /// The provider does not run it after all; its lines are asked one by one.
    Requeued(BatchRequeued),
    /// Further lines have results.
    Progressed(BatchProgressed),
    /// It can't be run.
    Failed(BatchFailed),
    /// A member or an API key cancelled it.
    Cancelled(BatchCancelled),
    /// Its time was over.
    Expired(BatchExpired),
    /// Its results were put together, and its money was settled.
    Ended(BatchEnded),
}

/// The facts of `batch_created`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchCreated {
    pub(super) batch_id: BatchId,
    pub(super) input_file: BatchFile,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) created_by: AccountId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) api_key_id: Option<ApiKeyId>,
}

/// The facts of `batch_claimed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchClaimed {
    pub(super) batch_id: BatchId,
    /// When another run may take the step. It is later than that of every earlier claim, and so names this one.
    pub until: Timestamp,
}

/// The facts of `batch_started`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchStarted {
    pub(super) batch_id: BatchId,
    pub(super) lines: u32,
    pub(super) reservation: BatchReservation,
    /// The model for which a provider runs the batch; absent when the calls are queued here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provider_model: Option<String>,
}

/// The facts of `batch_submitted`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchSubmitted {
    pub(super) batch_id: BatchId,
    pub(super) provider_job: String,
}

/// The facts of `batch_requeued`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchRequeued {
    pub(super) batch_id: BatchId,
    /// The provider's code, or a fixed text.
    pub(super) reason: String,
}

/// The facts of `batch_progressed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchProgressed {
    pub(super) batch_id: BatchId,
    /// The results that are recorded.
    #[serde(flatten)]
    pub(super) progress: BatchProgress,
}

/// Results of lines that follow each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchProgress {
    /// The number of lines.
    pub lines: u32,
    /// Their length in the file, in bytes.
    pub bytes: u64,
    /// The number of lines with a completion.
    pub completed: u32,
    /// The number of lines with an error.
    pub failed: u32,
    /// The number of calls to providers.
    pub attempts: u32,
    /// The usage, each model once.
    pub usage: Vec<ModelUsage>,
}

/// The facts of `batch_failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchFailed {
    pub(super) batch_id: BatchId,
    #[serde(flatten)]
    pub(super) failure: BatchFailure,
}

/// The facts of `batch_cancelled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchCancelled {
    pub(super) batch_id: BatchId,
    pub(super) cancelled_by: AccountId,
}

/// The facts of `batch_expired`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchExpired {
    pub(super) batch_id: BatchId,
}

/// The facts of `batch_ended`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchEnded {
    pub(super) batch_id: BatchId,
    pub(super) end: BatchEnd,
    pub(super) completed: u32,
    pub(super) failed: u32,
    pub(super) cost_nano_usd: u64,
}

impl DomainEvent for BatchEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Created(facts) => EncodedEvent::facts("batch_created", facts),
            Self::Claimed(facts) => EncodedEvent::facts("batch_claimed", facts),
            Self::Started(facts) => EncodedEvent::facts("batch_started", facts),
            Self::Submitted(facts) => EncodedEvent::facts("batch_submitted", facts),
            Self::Requeued(facts) => EncodedEvent::facts("batch_requeued", facts),
            Self::Progressed(facts) => EncodedEvent::facts("batch_progressed", facts),
            Self::Failed(facts) => EncodedEvent::facts("batch_failed", facts),
            Self::Cancelled(facts) => EncodedEvent::facts("batch_cancelled", facts),
            Self::Expired(facts) => EncodedEvent::facts("batch_expired", facts),
            Self::Ended(facts) => EncodedEvent::facts("batch_ended", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("batch_created", 1) => event.read().map(Self::Created),
            ("batch_claimed", 1) => event.read().map(Self::Claimed),
            ("batch_started", 1) => event.read().map(Self::Started),
            ("batch_submitted", 1) => event.read().map(Self::Submitted),
            ("batch_requeued", 1) => event.read().map(Self::Requeued),
            ("batch_progressed", 1) => event.read().map(Self::Progressed),
            ("batch_failed", 1) => event.read().map(Self::Failed),
            ("batch_cancelled", 1) => event.read().map(Self::Cancelled),
            ("batch_expired", 1) => event.read().map(Self::Expired),
            ("batch_ended", 1) => event.read().map(Self::Ended),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
