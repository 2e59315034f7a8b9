//! A fine-tune: a model that is trained with an organization's file of examples. It waits for the file, has it checked,
//! is trained by the provider, and ends. It never holds a line of the file, only numbers of lines and their faults.

mod commands;
mod event;
mod failure;

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::EventMeta;
use crate::id::{AccountId, FineTuneId};
use crate::lists::{List, ListEntry, ListIndex, Rank, Ranking, Within};
use serde::{Deserialize, Serialize};

pub use commands::{
    CreateFineTune, cancel_fine_tune, complete_fine_tune, create_fine_tune, fail_fine_tune,
    fail_for_missing_file, judge_file, start_fine_tune, stop_fine_tune,
};
pub use event::{
    Completed, FileAccepted, FineTuneCanceled, FineTuneCreated, FineTuneEvent, FineTuneFailed,
    FineTuneStarted, Stopped,
};
pub use failure::{Failure, FailureReason};

/// The largest training file, in bytes. Bedrock accepts larger ones; this is the most that one run of the job can
/// check.
pub const MOST_BYTES: u64 = 100_000_000;
/// How long a fine-tune waits for its file, in seconds.
pub const WAIT_FOR_FILE: i64 = 24 * 3600;
/// How long after a cancellation a job of the provider may still appear: longer than any run of the job that starts it,
/// in seconds.
pub const LATE_START: i64 = 3600;
/// How long the provider is asked again when it has no room for a job or does not answer, in seconds.
pub const SUBMIT_FOR: i64 = 3 * 24 * 3600;

/// Parameters of the training. The ranges are Bedrock's for Amazon Nova
/// (docs.aws.amazon.com/bedrock/latest/userguide/cm-hp-nova-mm.html, read 2026-11-21).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HyperParameters {
    /// The number of passes over the file, 1 to 5.
    pub epoch_count: u32,
    /// The learning rate, 0.000001 to 0.0001.
    pub learning_rate: f64,
    /// The number of steps until the learning rate is reached, 0 to 100.
    pub warmup_steps: u32,
}

impl Default for HyperParameters {
    fn default() -> Self {
        Self { epoch_count: 2, learning_rate: 0.000_01, warmup_steps: 10 }
    }
}

/// The training file, as its owner declares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingFile {
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256, base64.
    pub sha256: String,
}

/// The status of a fine-tune.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FineTuneStatus {
    /// Its file is missing or not checked yet.
    AwaitingFile,
    /// Its file is valid; the provider is being asked to train.
    Submitting,
    /// The provider is training.
    Training,
    /// The model exists.
    Completed,
    /// No model was made.
    Failed,
    /// An admin canceled it.
    Canceled,
}

impl FineTuneStatus {
    /// The name in bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingFile => "awaiting_file",
            Self::Submitting => "submitting",
            Self::Training => "training",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }
}

/// The state of a fine-tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FineTune {
    /// Its identifier.
    pub id: FineTuneId,
    /// The name that its owner gave it.
    pub name: String,
    /// The model to train, by its name in the registry.
    pub base_model: String,
    /// The same model, by the provider's name for training.
    pub training_model: String,
    /// The parameters of the training.
    pub hyper_parameters: HyperParameters,
    /// The file to train with.
    pub training_file: TrainingFile,
    /// The number of examples in the file, once it was checked.
    pub records: Option<u32>,
    /// The status.
    pub status: FineTuneStatus,
    /// The provider's job, once it exists.
    pub provider_job: Option<String>,
    /// The provider's name for the new model, once it exists.
    pub custom_model: Option<String>,
    /// The failure, if it failed.
    pub failure: Option<Failure>,
    /// Whether it was canceled while the provider may still be training.
    pub stopping: bool,
    /// The account that created it.
    pub created_by: AccountId,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub changed_at: Timestamp,
}

impl FineTune {
    /// The fine-tunes of an organization, newest first.
    pub const BY_TIME: List = List { name: "by_time", index: ListIndex::First, ranking: Ranking::Time };
    /// The fine-tunes with which the job has to go on, of all organizations.
    pub const OPEN: List = List { name: "open", index: ListIndex::Second, ranking: Ranking::Time };

    /// Whether it has not ended, or is being stopped.
    pub fn is_open(&self) -> bool {
        self.has_not_ended() || self.stopping
    }

    /// Whether it has not ended.
    fn has_not_ended(&self) -> bool {
        use FineTuneStatus::{AwaitingFile, Submitting, Training};
        matches!(self.status, AwaitingFile | Submitting | Training)
    }

    /// Whether the provider was asked for a job for longer than [`SUBMIT_FOR`].
    pub fn submission_timed_out(&self, at: Timestamp) -> bool {
        self.status == FineTuneStatus::Submitting && at >= self.changed_at.plus_seconds(SUBMIT_FOR)
    }

    /// Whether a provider without a job for it may still start one.
    pub fn may_still_start(&self, at: Timestamp) -> bool {
        at < self.changed_at.plus_seconds(LATE_START)
    }
}

impl Aggregate for FineTune {
    const TYPE: AggregateType = AggregateType::FineTune;
    type Event = FineTuneEvent;

    fn apply(state: Option<Self>, event: &FineTuneEvent, meta: EventMeta) -> Option<Self> {
        let state = match (state, event) {
            (None, FineTuneEvent::Created(facts)) => {
                return Some(Self {
                    id: facts.fine_tune_id,
                    name: facts.name.clone(),
                    base_model: facts.base_model.clone(),
                    training_model: facts.training_model.clone(),
                    hyper_parameters: facts.hyper_parameters,
                    training_file: facts.training_file.clone(),
                    records: None,
                    status: FineTuneStatus::AwaitingFile,
                    provider_job: None,
                    custom_model: None,
                    failure: None,
                    stopping: false,
                    created_by: facts.created_by,
                    created_at: meta.at,
                    changed_at: meta.at,
                });
            }
            (None, _) => return None,
            (Some(state), _) => state,
        };
        let to = |status| Self { status, changed_at: meta.at, ..state.clone() };
        Some(match event {
            FineTuneEvent::FileAccepted(facts) if state.status == FineTuneStatus::AwaitingFile => {
                Self { records: Some(facts.records), ..to(FineTuneStatus::Submitting) }
            }
            FineTuneEvent::Started(facts) if state.status == FineTuneStatus::Submitting => {
                Self { provider_job: Some(facts.provider_job.clone()), ..to(FineTuneStatus::Training) }
            }
            FineTuneEvent::Completed(facts) if state.status == FineTuneStatus::Training => {
                Self { custom_model: Some(facts.custom_model.clone()), ..to(FineTuneStatus::Completed) }
            }
            FineTuneEvent::Failed(facts) if state.has_not_ended() => {
                Self { failure: Some(facts.failure.clone()), ..to(FineTuneStatus::Failed) }
            }
            FineTuneEvent::Canceled(_) if state.has_not_ended() => {
                let stopping = state.status != FineTuneStatus::AwaitingFile;
                Self { stopping, ..to(FineTuneStatus::Canceled) }
            }
            FineTuneEvent::Stopped(_) => Self { stopping: false, ..state },
            _ => state,
        })
    }

    fn lists(&self) -> Vec<ListEntry> {
        let rank = Rank::Time(self.created_at);
        let listed = ListEntry { list: Self::BY_TIME, within: Within::Organization, rank: rank.clone() };
        let open = ListEntry { list: Self::OPEN, within: Within::Open, rank };
        if self.is_open() { vec![listed, open] } else { vec![listed] }
    }
}
