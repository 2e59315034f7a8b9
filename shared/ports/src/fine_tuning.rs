//! The ports of fine-tuning: the store of training files, the provider of training, and the list of open fine-tunes.

use super::{BoxFuture, JobName, ProviderJobError, Source};
use domain::Timestamp;
use domain::ai::fine_tune::{FineTune, HyperParameters, TrainingFile};
use domain::id::{FineTuneId, OrganizationId};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The key of a fine-tune's training file. It can't be made without a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileKey(String);

impl FileKey {
    /// The key for a tenant's fine-tune.
    pub fn new(tenant: OrganizationId, id: &FineTuneId) -> Self {
        Self(format!("fine-tunes/{tenant}/{id}/training.jsonl"))
    }

    /// The name of the object.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request that uploads the file, and nothing else: its holder can send it without further authority. It must never
/// be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    /// `PUT`.
    pub method: String,
    /// The signed address.
    pub url: String,
    /// The headers that the request must have; the signature covers them.
    pub headers: BTreeMap<String, String>,
    /// When the signature expires.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Files of organizations can't be reached, or can't be read.
#[derive(Debug, thiserror::Error)]
#[error("files can't be reached")]
pub struct FileError(#[source] pub Source);

/// Signs uploads of training files.
pub trait TrainingUploads: Send + Sync {
    /// A request that uploads exactly this file, valid from `now` for the time `valid`. It makes no call.
    fn upload<'a>(
        &'a self,
        key: &'a FileKey,
        file: &'a TrainingFile,
        now: Timestamp,
        valid: Duration,
    ) -> BoxFuture<'a, Result<Upload, FileError>>;
}

/// Reads uploaded files.
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

/// A job for the provider.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingJob {
    /// Its name, the same at each attempt: a provider that has the job starts no other.
    pub name: JobName,
    /// The model to train, by the provider's name.
    pub model: String,
    /// The parameters of the training.
    pub hyper_parameters: HyperParameters,
    /// The training file.
    pub file: FileKey,
    /// The tenant.
    pub tenant: OrganizationId,
}

impl TrainingJob {
    /// The job of a tenant's fine-tune.
    pub fn of(tenant: OrganizationId, fine_tune: &FineTune) -> Self {
        Self {
            name: JobName::of(fine_tune.id),
            model: fine_tune.training_model.clone(),
            hyper_parameters: fine_tune.hyper_parameters,
            file: FileKey::new(tenant, &fine_tune.id),
            tenant,
        }
    }
}

/// The state of a job at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// It is training, starting or stopping.
    Running,
    /// It ended with a model of this name.
    Completed(String),
    /// It failed. The provider's message may quote the file or name resources, so it is not read.
    Failed {
        /// Whether it may have begun to train, which is billed.
        trained: bool,
    },
    /// It was stopped.
    Stopped {
        /// Whether it may have begun to train, which is billed.
        trained: bool,
    },
}

/// The state of a model's deployment at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentState {
    /// It can't be asked yet.
    Creating,
    /// It can be asked by this name.
    Active(String),
    /// It failed. The provider's message may name resources, so it is not read.
    Failed,
}

/// A trained model that is to be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelDeployment {
    /// Its name, that of the job, the same at each attempt: a provider that has the deployment makes no other.
    pub name: JobName,
    /// The model, by the name in [`JobState::Completed`].
    pub model: String,
    /// The tenant.
    pub tenant: OrganizationId,
}

/// Trains models.
pub trait Trainer: Send + Sync {
    /// Starts a job unless one with its name exists; returns the provider's id of the job.
    fn start<'a>(&'a self, job: &'a TrainingJob) -> BoxFuture<'a, Result<String, ProviderJobError>>;

    /// The state of a job; `None` when it does not exist.
    fn job_state<'a>(
        &'a self,
        name: &'a JobName,
    ) -> BoxFuture<'a, Result<Option<JobState>, ProviderJobError>>;

    /// Stops a job. A job that has ended, or that does not exist, stays as it is.
    fn stop<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<(), ProviderJobError>>;

    /// Makes a model ready for requests unless it has a deployment with this name. [`Trainer::deployment_state`] says
    /// when it can be asked.
    fn deploy<'a>(&'a self, deployment: &'a ModelDeployment) -> BoxFuture<'a, Result<(), ProviderJobError>>;

    /// The state of a deployment; `None` when it does not exist.
    fn deployment_state<'a>(
        &'a self,
        name: &'a JobName,
    ) -> BoxFuture<'a, Result<Option<DeploymentState>, ProviderJobError>>;

    /// Deletes a deployment: its model can't be asked any more. Deleting a missing one changes nothing. One that is being
    /// made is [`ProviderJobError::Busy`].
    fn delete_deployment<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<(), ProviderJobError>>;

    /// Deletes the model of a job, by the name in [`JobState::Completed`]. Deleting a missing model changes nothing. One
    /// that is still deployed is [`ProviderJobError::Busy`].
    fn delete_model<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<(), ProviderJobError>>;
}
