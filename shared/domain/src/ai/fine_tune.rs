//! A fine-tune: a model that is trained with an organization's file of examples. It waits for the file, has it checked,
//! is trained by the provider, and ends. It never holds a line of the file, only numbers of lines and their faults.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::ai::training_file::{FileReport, LineFault};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, FineTuneId};
use crate::lists::{List, ListEntry, ListIndex, Rank, Ranking, Within};
use serde::{Deserialize, Serialize};

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
const LONGEST_NAME: usize = 100;
const LONGEST_MESSAGE: usize = 500;
/// A SHA-256, base64: 32 bytes.
const DIGEST_LENGTH: usize = 44;

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

/// The reason why there is no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// No file was uploaded in time.
    FileMissing,
    /// The uploaded file is not the declared one.
    FileDiffers,
    /// Lines of the file are wrong.
    InvalidLines,
    /// The file has too few examples.
    TooFewRecords,
    /// The file has too many examples.
    TooManyRecords,
    /// The provider refused to train, or failed.
    Provider,
}

impl FailureReason {
    /// The name in bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FileMissing => "file_missing",
            Self::FileDiffers => "file_differs",
            Self::InvalidLines => "invalid_lines",
            Self::TooFewRecords => "too_few_records",
            Self::TooManyRecords => "too_many_records",
            Self::Provider => "provider",
        }
    }
}

/// A failure and its details.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The reason.
    pub reason: FailureReason,
    /// The first wrong lines, if lines are wrong.
    pub lines: Vec<LineFault>,
    /// A provider's failure: its code or a fixed text, never the provider's own message.
    pub message: Option<String>,
}

impl Failure {
    /// A failure without details.
    pub fn of(reason: FailureReason) -> Self {
        Self { reason, lines: Vec::new(), message: None }
    }

    /// A failure of the provider, by its code or a fixed text: one line of at most 500 characters.
    pub fn of_provider(message: &str) -> Self {
        let plain = message.chars().map(|c| if c.is_control() { ' ' } else { c });
        let message: String = plain.take(LONGEST_MESSAGE).collect();
        Self { reason: FailureReason::Provider, lines: Vec::new(), message: Some(message) }
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

/// An event of a fine-tune.
#[derive(Debug, Clone, PartialEq)]
pub enum FineTuneEvent {
    /// It was created.
    Created(FineTuneCreated),
    /// Its file is valid.
    FileAccepted(FileAccepted),
    /// The provider began to train.
    Started(FineTuneStarted),
    /// The model exists.
    Completed(Completed),
    /// No model was made.
    Failed(FineTuneFailed),
    /// An admin canceled it.
    Canceled(FineTuneCanceled),
    /// After a cancellation, the provider stopped training.
    Stopped(Stopped),
}

/// The facts of `fine_tune_created`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FineTuneCreated {
    fine_tune_id: FineTuneId,
    name: String,
    base_model: String,
    training_model: String,
    hyper_parameters: HyperParameters,
    training_file: TrainingFile,
    created_by: AccountId,
}

/// The facts of `fine_tune_file_accepted`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileAccepted {
    fine_tune_id: FineTuneId,
    records: u32,
}

/// The facts of `fine_tune_started`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FineTuneStarted {
    fine_tune_id: FineTuneId,
    provider_job: String,
}

/// The facts of `fine_tune_completed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completed {
    /// The fine-tune.
    pub fine_tune_id: FineTuneId,
    /// The account that created it.
    pub created_by: AccountId,
    custom_model: String,
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
    fine_tune_id: FineTuneId,
    canceled_by: AccountId,
}

/// The facts of `fine_tune_stopped`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    fine_tune_id: FineTuneId,
}

/// The command that creates a fine-tune.
#[derive(Debug)]
pub struct CreateFineTune<'a> {
    /// Its identifier.
    pub id: FineTuneId,
    /// The name, 1 to 100 characters.
    pub name: &'a str,
    /// The model to train, by its name in the registry.
    pub base_model: &'a str,
    /// The same model, by the provider's name for training.
    pub training_model: &'a str,
    /// The parameters of the training.
    pub hyper_parameters: HyperParameters,
    /// The size of the file, 1 to 100,000,000 bytes.
    pub bytes: u64,
    /// SHA-256 of the file, base64 with padding.
    pub sha256: &'a str,
    /// The account that creates it.
    pub created_by: AccountId,
}

/// Decides `fine_tune_created`.
pub fn create_fine_tune(command: &CreateFineTune<'_>) -> Result<FineTuneEvent, InvalidFields> {
    let mut check = FieldChecks::default();
    let name = check.line("name", command.name, LONGEST_NAME);
    let HyperParameters { epoch_count, learning_rate, warmup_steps } = command.hyper_parameters;
    if !(1..=5).contains(&epoch_count) {
        check.wrong("hyper_parameters.epoch_count", "range", "must be from 1 to 5");
    }
    if !(0.000_001..=0.000_1).contains(&learning_rate) {
        check.wrong("hyper_parameters.learning_rate", "range", "must be from 0.000001 to 0.0001");
    }
    if warmup_steps > 100 {
        check.wrong("hyper_parameters.warmup_steps", "range", "must be from 0 to 100");
    }
    if !(1..=MOST_BYTES).contains(&command.bytes) {
        check.wrong("training_file.bytes", "range", format!("must be from 1 to {MOST_BYTES}"));
    }
    if !is_digest(command.sha256) {
        check.wrong("training_file.sha256", "format", "must be a SHA-256 in base64");
    }
    check.finish(())?;
    Ok(FineTuneEvent::Created(FineTuneCreated {
        fine_tune_id: command.id,
        name,
        base_model: command.base_model.to_owned(),
        training_model: command.training_model.to_owned(),
        hyper_parameters: command.hyper_parameters,
        training_file: TrainingFile { bytes: command.bytes, sha256: command.sha256.to_owned() },
        created_by: command.created_by,
    }))
}

/// Whether a text is 32 bytes in canonical base64: the last letter holds four bits.
fn is_digest(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let Some(body) = text.strip_suffix('=') else { return false };
    text.len() == DIGEST_LENGTH
        && body.bytes().all(letter)
        && body.ends_with(|last| "AEIMQUYcgkosw048".contains(last))
}

/// Decides the event that follows from the check of the file; none when the fine-tune is not waiting for a file.
pub fn judge_file(fine_tune: &FineTune, report: FileReport) -> Option<FineTuneEvent> {
    if fine_tune.status != FineTuneStatus::AwaitingFile {
        return None;
    }
    let reason = match &report {
        FileReport { faults, .. } if !faults.is_empty() => FailureReason::InvalidLines,
        report if report.too_few() => FailureReason::TooFewRecords,
        report if report.too_many() => FailureReason::TooManyRecords,
        report => {
            return Some(FineTuneEvent::FileAccepted(FileAccepted {
                fine_tune_id: fine_tune.id,
                records: report.records,
            }));
        }
    };
    fail_fine_tune(fine_tune, Failure { reason, lines: report.faults, message: None })
}

/// Decides `fine_tune_failed` when no file was uploaded in time.
pub fn fail_for_missing_file(fine_tune: &FineTune, at: Timestamp) -> Option<FineTuneEvent> {
    let late = at >= fine_tune.created_at.plus_seconds(WAIT_FOR_FILE);
    (late && fine_tune.status == FineTuneStatus::AwaitingFile)
        .then(|| fail_fine_tune(fine_tune, Failure::of(FailureReason::FileMissing)))
        .flatten()
}

/// Decides `fine_tune_started`.
pub fn start_fine_tune(fine_tune: &FineTune, provider_job: &str) -> Option<FineTuneEvent> {
    (fine_tune.status == FineTuneStatus::Submitting).then(|| {
        FineTuneEvent::Started(FineTuneStarted {
            fine_tune_id: fine_tune.id,
            provider_job: provider_job.to_owned(),
        })
    })
}

/// Decides `fine_tune_completed`.
pub fn complete_fine_tune(fine_tune: &FineTune, custom_model: &str) -> Option<FineTuneEvent> {
    (fine_tune.status == FineTuneStatus::Training).then(|| {
        FineTuneEvent::Completed(Completed {
            fine_tune_id: fine_tune.id,
            created_by: fine_tune.created_by,
            custom_model: custom_model.to_owned(),
        })
    })
}

/// Decides `fine_tune_failed`; no event when it has ended.
pub fn fail_fine_tune(fine_tune: &FineTune, failure: Failure) -> Option<FineTuneEvent> {
    let (fine_tune_id, created_by) = (fine_tune.id, fine_tune.created_by);
    fine_tune.has_not_ended().then_some(FineTuneEvent::Failed(FineTuneFailed {
        fine_tune_id,
        created_by,
        failure,
    }))
}

/// Decides `fine_tune_canceled`; no event when it has ended.
pub fn cancel_fine_tune(fine_tune: &FineTune, canceled_by: AccountId) -> Option<FineTuneEvent> {
    fine_tune
        .has_not_ended()
        .then_some(FineTuneEvent::Canceled(FineTuneCanceled { fine_tune_id: fine_tune.id, canceled_by }))
}

/// Decides `fine_tune_stopped`; no event when the provider was never asked, or is known to have stopped.
pub fn stop_fine_tune(fine_tune: &FineTune) -> Option<FineTuneEvent> {
    fine_tune.stopping.then_some(FineTuneEvent::Stopped(Stopped { fine_tune_id: fine_tune.id }))
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

impl DomainEvent for FineTuneEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Created(facts) => EncodedEvent::facts("fine_tune_created", facts),
            Self::FileAccepted(facts) => EncodedEvent::facts("fine_tune_file_accepted", facts),
            Self::Started(facts) => EncodedEvent::facts("fine_tune_started", facts),
            Self::Completed(facts) => EncodedEvent::facts("fine_tune_completed", facts),
            Self::Failed(facts) => EncodedEvent::facts("fine_tune_failed", facts),
            Self::Canceled(facts) => EncodedEvent::facts("fine_tune_canceled", facts),
            Self::Stopped(facts) => EncodedEvent::facts("fine_tune_stopped", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("fine_tune_created", 1) => event.read().map(Self::Created),
            ("fine_tune_file_accepted", 1) => event.read().map(Self::FileAccepted),
            ("fine_tune_started", 1) => event.read().map(Self::Started),
            ("fine_tune_completed", 1) => event.read().map(Self::Completed),
            ("fine_tune_failed", 1) => event.read().map(Self::Failed),
            ("fine_tune_canceled", 1) => event.read().map(Self::Canceled),
            ("fine_tune_stopped", 1) => event.read().map(Self::Stopped),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
