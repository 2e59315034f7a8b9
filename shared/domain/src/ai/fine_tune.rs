//! A fine-tune: a model that is trained with an organization's file of examples. It waits for the file, has it checked,
//! is trained and deployed by the provider, and answers until it is canceled. It never holds a line of the file, only
//! numbers of lines and their faults.

mod commands;
mod event;
mod failure;

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::ai::FineTunedModel;
use crate::event::EventMeta;
use crate::id::{AccountId, AiRequestId, FineTuneId, new_id};
use crate::lists::{List, ListEntry, ListIndex, Rank, Ranking, Within};
use serde::{Deserialize, Serialize};

pub use commands::{
    CreateFineTune, cancel_fine_tune, complete_fine_tune, create_fine_tune, fail_fine_tune,
    fail_for_missing_file, judge_file, start_fine_tune, stop_fine_tune, train_fine_tune,
};
pub use event::{
    Completed, FileAccepted, FineTuneCanceled, FineTuneCreated, FineTuneEvent, FineTuneFailed,
    FineTuneStarted, FineTuneTrained, Stopped,
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
/// How long the provider is asked again when it has no room for a job or a deployment or does not answer, in seconds.
pub const SUBMIT_FOR: i64 = 3 * 24 * 3600;
/// The bytes of a training file that count as one token. Bedrock reports no trained tokens, and four bytes of English,
/// and two to three of most other text, are one token.
const BYTES_OF_A_TOKEN: u64 = 3;

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
    /// The model exists; the provider is making it ready for requests.
    Deploying,
    /// The model can be asked.
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
            Self::Deploying => "deploying",
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
    /// Whether it ended while the provider may still have a job, a model or a deployment of it.
    pub stopping: bool,
    /// The account that created it.
    pub created_by: AccountId,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub changed_at: Timestamp,
    /// When its file was accepted. Absent before that, and in states from before training was metered.
    #[serde(default)]
    pub accepted_at: Option<Timestamp>,
    /// The provider's name of the deployed model, by which requests reach it. Absent until it is deployed, and for models
    /// from before models were deployed.
    #[serde(default)]
    pub deployment: Option<String>,
}

impl FineTune {
    /// The fine-tunes of an organization, newest first.
    pub const BY_TIME: List = List { name: "by_time", index: ListIndex::First, ranking: Ranking::Time };
    /// The fine-tunes with which the job has to go on, of all organizations.
    pub const OPEN: List = List { name: "open", index: ListIndex::Second, ranking: Ranking::Time };
    /// The fine-tunes of an organization whose models can be asked, newest first.
    pub const MODELS: List = List { name: "models", index: ListIndex::Third, ranking: Ranking::Time };

    /// The name of its model for callers; `None` while the model can't be asked.
    pub fn model(&self) -> Option<FineTunedModel> {
        let deployed = self.status == FineTuneStatus::Completed && self.deployment.is_some();
        deployed.then(|| self.model_name())
    }

    /// The name that its model has or will have, in records of its training too.
    pub fn model_name(&self) -> FineTunedModel {
        FineTunedModel { base_model: self.base_model.clone(), fine_tune: self.id }
    }

    /// The tokens of its training, by an estimate: those of the file, in each pass over it. Text without words may have up
    /// to three times as many.
    pub fn training_tokens(&self) -> u64 {
        let passes = u64::from(self.hyper_parameters.epoch_count);
        self.training_file.bytes.div_ceil(BYTES_OF_A_TOKEN).saturating_mul(passes)
    }

    /// The request under which its training is paid. It began when the file was accepted, and is the same at each
    /// attempt, so that the money is set aside and charged once.
    pub fn training_request(&self) -> AiRequestId {
        let [_, _, _, _, _, _, random @ ..] = self.id.uuid().into_bytes();
        new_id(self.accepted_at.unwrap_or(self.created_at), &random)
    }

    /// Whether it has not ended, or is being stopped.
    pub fn is_open(&self) -> bool {
        self.has_not_ended() || self.stopping
    }

    /// Whether it has not ended.
    fn has_not_ended(&self) -> bool {
        use FineTuneStatus::{AwaitingFile, Deploying, Submitting, Training};
        matches!(self.status, AwaitingFile | Submitting | Training | Deploying)
    }

    /// Whether it can be canceled: it has not ended, or has a model that can be retired.
    fn can_be_canceled(&self) -> bool {
        self.has_not_ended() || self.status == FineTuneStatus::Completed
    }

    /// Whether the provider was asked for a job, or for a deployment, for longer than [`SUBMIT_FOR`].
    pub fn submission_timed_out(&self, at: Timestamp) -> bool {
        matches!(self.status, FineTuneStatus::Submitting | FineTuneStatus::Deploying)
            && at >= self.changed_at.plus_seconds(SUBMIT_FOR)
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
                    accepted_at: None,
                    deployment: None,
                });
            }
            (None, _) => return None,
            (Some(state), _) => state,
        };
        let to = |status| Self { status, changed_at: meta.at, ..state.clone() };
        Some(match event {
            FineTuneEvent::FileAccepted(facts) if state.status == FineTuneStatus::AwaitingFile => {
                let (records, accepted_at) = (Some(facts.records), Some(meta.at));
                Self { records, accepted_at, ..to(FineTuneStatus::Submitting) }
            }
            FineTuneEvent::Started(facts) if state.status == FineTuneStatus::Submitting => {
                Self { provider_job: Some(facts.provider_job.clone()), ..to(FineTuneStatus::Training) }
            }
            FineTuneEvent::Trained(facts) if state.status == FineTuneStatus::Training => {
                Self { custom_model: Some(facts.custom_model.clone()), ..to(FineTuneStatus::Deploying) }
            }
            // Before models were deployed, a fine-tune was completed when its training was.
            FineTuneEvent::Completed(facts)
                if matches!(state.status, FineTuneStatus::Training | FineTuneStatus::Deploying) =>
            {
                Self {
                    custom_model: Some(facts.custom_model.clone()),
                    deployment: facts.deployment.clone(),
                    ..to(FineTuneStatus::Completed)
                }
            }
            FineTuneEvent::Failed(facts) if state.has_not_ended() => {
                // The provider has a model, or a run may have asked it for a job whose money is still set aside.
                let stopping = matches!(state.status, FineTuneStatus::Submitting | FineTuneStatus::Deploying);
                Self { failure: Some(facts.failure.clone()), stopping, ..to(FineTuneStatus::Failed) }
            }
            FineTuneEvent::Canceled(_) if state.can_be_canceled() => {
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
        let open = ListEntry { list: Self::OPEN, within: Within::Open, rank: rank.clone() };
        let model = ListEntry { list: Self::MODELS, within: Within::Organization, rank };
        let mut entries = vec![listed];
        entries.extend(self.is_open().then_some(open));
        entries.extend(self.model().map(|_| model));
        entries
    }
}
