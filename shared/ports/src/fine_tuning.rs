//! What fine-tuning needs from outside: where training files are kept, who trains, and which fine-tunes are open.

use super::{AggregateKey, BoxFuture, Source, StoreError};
use domain::Timestamp;
use domain::ai::fine_tune::{FineTune, HyperParameters, TrainingFile};
use domain::id::{FineTuneId, OrganizationId};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Where the training file of a fine-tune is. It can't be made without a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileKey(String);

impl FileKey {
    /// The place of a tenant's fine-tune.
    pub fn new(tenant: OrganizationId, id: &FineTuneId) -> Self {
        Self(format!("fine-tunes/{tenant}/{id}/training.jsonl"))
    }

    /// The name of the object.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request that brings the file, and nothing else: whoever has it can make it without further authority. It must
/// never be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    /// `PUT`.
    pub method: String,
    /// Where to, signed.
    pub url: String,
    /// What the request has to carry; the signature covers it.
    pub headers: BTreeMap<String, String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Training files can't be reached.
#[derive(Debug, thiserror::Error)]
#[error("training files can't be reached")]
pub struct FileError(#[source] pub Source);

/// Lets a file be brought.
pub trait TrainingUploads: Send + Sync {
    /// A request that brings exactly this file, from `now` for as long as `valid`. It calls nobody.
    fn upload<'a>(
        &'a self,
        key: &'a FileKey,
        file: &'a TrainingFile,
        now: Timestamp,
        valid: Duration,
    ) -> BoxFuture<'a, Result<Upload, FileError>>;
}

/// Reads the files that were brought.
pub trait TrainingFiles: Send + Sync {
    /// The size of the file in bytes; `None` when it is not there.
    fn size<'a>(&'a self, key: &'a FileKey) -> BoxFuture<'a, Result<Option<u64>, FileError>>;

    /// `length` bytes of the file from `offset`; fewer at its end.
    fn read<'a>(
        &'a self,
        key: &'a FileKey,
        offset: u64,
        length: u64,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>>;
}

/// What the provider is to train.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingJob {
    /// Its name, the same each time it is asked for: a provider that has the job starts no other.
    pub name: JobName,
    /// The model that learns, as the provider names it.
    pub model: String,
    /// How.
    pub hyper_parameters: HyperParameters,
    /// From what.
    pub file: FileKey,
    /// Whose it is.
    pub tenant: OrganizationId,
}

impl TrainingJob {
    /// The job of a tenant's fine-tune.
    pub fn of(tenant: OrganizationId, fine_tune: &FineTune) -> Self {
        Self {
            name: JobName::of(&fine_tune.id),
            model: fine_tune.training_model.clone(),
            hyper_parameters: fine_tune.hyper_parameters,
            file: FileKey::new(tenant, &fine_tune.id),
            tenant,
        }
    }
}

/// The provider's name for the job of a fine-tune. Names there hold no underscores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(String);

impl JobName {
    /// The name of a fine-tune's job.
    pub fn of(id: &FineTuneId) -> Self {
        Self(id.to_string().replace('_', "-"))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a job stands at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// It trains, or is about to, or to stop.
    Running,
    /// There is a model with this name.
    Completed(String),
    /// It failed. Why is told at the provider, in words that may quote the file or name what is ours.
    Failed,
    /// It was stopped.
    Stopped,
}

/// A provider did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum TrainerError {
    /// It can't be reached, or refuses us for what we must mend.
    #[error("the provider does not answer")]
    Unavailable(#[source] Source),
    /// It throttles, or has no room now. Nothing is wrong.
    #[error("the provider has no room now")]
    Busy(#[source] Source),
    /// It will not do this, however often it is asked; with its code for that. Its words may quote the file or name what is
    /// ours, and are never kept.
    #[error("the provider refuses the job")]
    Refused(String),
}

/// Trains models.
pub trait Trainer: Send + Sync {
    /// Starts a job unless one with its name exists, and says what the provider calls it.
    fn start<'a>(&'a self, job: &'a TrainingJob) -> BoxFuture<'a, Result<String, TrainerError>>;

    /// How a job stands; `None` when there is none.
    fn look<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<Option<JobState>, TrainerError>>;

    /// Stops a job. One that has ended, or that does not exist, stays as it is.
    fn stop<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<(), TrainerError>>;

    /// Deletes a model that a job made, by the name that its end gave. One that is gone stays so.
    fn discard<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<(), TrainerError>>;
}

/// Fine-tunes that are open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenKeys {
    /// Their keys.
    pub keys: Vec<AggregateKey>,
    /// Entries that name no fine-tune. Somebody has to look at them; they stop nobody's.
    pub malformed: u32,
}

/// Finds fine-tunes that a job has to go on with, whosever they are.
pub trait OpenFineTunes: Send + Sync {
    /// At most so many of them, the oldest first. One that was opened or ended just now may be missing, or still there.
    fn open(&self, limit: u32) -> BoxFuture<'_, Result<OpenKeys, StoreError>>;
}
