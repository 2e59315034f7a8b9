//! The events of a fine-tune and their stored form.

use super::{Failure, FailureReason, HyperParameters, TrainingFile};
use crate::event::{DecodeError, DomainEvent, EncodedEvent};
use crate::id::{AccountId, FineTuneId};
use serde::{Deserialize, Serialize};

/// An event of a fine-tune.
#[derive(Debug, Clone, PartialEq)]
pub enum FineTuneEvent {
    /// It was created.
    Created(FineTuneCreated),
    /// Its file is valid.
    FileAccepted(FileAccepted),
    /// The provider began to train.
    Started(FineTuneStarted),
    /// The model exists; it can't be asked yet.
    Trained(FineTuneTrained),
    /// The model can be asked.
    Completed(Completed),
    /// No model was made.
    Failed(FineTuneFailed),
    /// An admin canceled it.
    Canceled(FineTuneCanceled),
    /// After a cancellation or a failure, the provider has no job, model or deployment of it any more.
    Stopped(Stopped),
}

/// The facts of `fine_tune_created`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FineTuneCreated {
    pub(super) fine_tune_id: FineTuneId,
    pub(super) name: String,
    pub(super) base_model: String,
    pub(super) training_model: String,
    pub(super) hyper_parameters: HyperParameters,
    pub(super) training_file: TrainingFile,
    pub(super) created_by: AccountId,
}

/// The facts of `fine_tune_file_accepted`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileAccepted {
    pub(super) fine_tune_id: FineTuneId,
    pub(super) records: u32,
}

/// The facts of `fine_tune_started`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FineTuneStarted {
    pub(super) fine_tune_id: FineTuneId,
    pub(super) provider_job: String,
}

/// The facts of `fine_tune_trained`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FineTuneTrained {
    pub(super) fine_tune_id: FineTuneId,
    pub(super) custom_model: String,
}

/// The facts of `fine_tune_completed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completed {
    /// The fine-tune.
    pub fine_tune_id: FineTuneId,
    /// The account that created it.
    pub created_by: AccountId,
    pub(super) custom_model: String,
    /// Absent in version 1, from before models were deployed.
    #[serde(default)]
    pub(super) deployment: Option<String>,
}

/// The facts of `fine_tune_failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FineTuneFailed {
    /// The fine-tune.
    pub fine_tune_id: FineTuneId,
    /// The account that created it.
    pub created_by: AccountId,
    /// The failure.
    #[serde(flatten)]
    pub failure: Failure,
}

/// The facts of `fine_tune_canceled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FineTuneCanceled {
    pub(super) fine_tune_id: FineTuneId,
    pub(super) canceled_by: AccountId,
}

/// The facts of `fine_tune_stopped`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    pub(super) fine_tune_id: FineTuneId,
}

impl DomainEvent for FineTuneEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Created(facts) => EncodedEvent::facts("fine_tune_created", facts),
            Self::FileAccepted(facts) => EncodedEvent::facts("fine_tune_file_accepted", facts),
            Self::Started(facts) => EncodedEvent::facts("fine_tune_started", facts),
            Self::Trained(facts) => EncodedEvent::facts("fine_tune_trained", facts),
            Self::Completed(facts) => EncodedEvent::facts("fine_tune_completed", facts).with_version(2),
            Self::Failed(facts) => {
                // The second version has the reason `budget_exceeded`. It is written for that reason only, so that a
                // reader of the first version still reads all other failures.
                let over_budget = facts.failure.reason == FailureReason::BudgetExceeded;
                EncodedEvent::facts("fine_tune_failed", facts).with_version(if over_budget { 2 } else { 1 })
            }
            Self::Canceled(facts) => EncodedEvent::facts("fine_tune_canceled", facts),
            Self::Stopped(facts) => EncodedEvent::facts("fine_tune_stopped", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("fine_tune_created", 1) => event.read().map(Self::Created),
            ("fine_tune_file_accepted", 1) => event.read().map(Self::FileAccepted),
            ("fine_tune_started", 1) => event.read().map(Self::Started),
            ("fine_tune_trained", 1) => event.read().map(Self::Trained),
            ("fine_tune_completed", 1 | 2) => event.read().map(Self::Completed),
            ("fine_tune_failed", 1 | 2) => event.read().map(Self::Failed),
            ("fine_tune_canceled", 1) => event.read().map(Self::Canceled),
            ("fine_tune_stopped", 1) => event.read().map(Self::Stopped),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
