//! Training without a provider: files in memory, and jobs that end when a test says so. It keeps a provider's promises
//! (one job for each name, for example) and fails where a test says so.

use ports::{
    BoxFuture, DeploymentState, FileError, FileKey, JobName, JobState, ModelDeployment, ProviderJobError,
    Trainer, TrainingFiles, TrainingJob,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A place where training can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrainingFault {
    /// Reading files fails.
    Files,
    /// Calls to the provider fail without an effect.
    Provider,
    /// The provider starts the job, but its answer is lost.
    LostStart,
    /// The provider has no room for the job.
    Busy,
    /// The provider does not delete models.
    Discard,
    /// The provider makes the deployment, but its answer is lost.
    LostDeployment,
    /// The provider refuses to deploy.
    DeploymentRefused,
    /// The provider has no room for the deployment.
    DeploymentBusy,
    /// The provider refuses the job.
    Refused,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    jobs: BTreeMap<JobName, JobState>,
    started: Vec<TrainingJob>,
    stops: u32,
    discarded: Vec<String>,
    deployments: BTreeMap<JobName, DeploymentState>,
    deployed: Vec<ModelDeployment>,
    reads: Vec<u64>,
    faults: BTreeSet<TrainingFault>,
}

/// The files and jobs of a test.
#[derive(Debug, Default)]
pub struct TestTraining(Mutex<State>);

impl TestTraining {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a file.
    pub fn bring(&self, key: &FileKey, file: impl Into<Vec<u8>>) {
        self.state().files.insert(key.as_str().to_owned(), file.into());
    }

    /// Sets the status of a job.
    pub fn end(&self, name: &JobName, state: JobState) {
        self.state().jobs.insert(name.clone(), state);
    }

    /// The state of a job, if the provider knows it.
    pub fn end_of(&self, name: &JobName) -> Option<JobState> {
        self.state().jobs.get(name).cloned()
    }

    /// Makes the provider forget a job; its model stays.
    pub fn forget(&self, name: &JobName) {
        self.state().jobs.remove(name);
    }

    /// Makes this place fail from now on.
    pub fn fail(&self, fault: TrainingFault) {
        self.state().faults.insert(fault);
    }

    /// Makes all places work again.
    pub fn mend(&self) {
        self.state().faults.clear();
    }

    /// The jobs that were started, each once.
    pub fn started(&self) -> Vec<TrainingJob> {
        self.state().started.clone()
    }

    /// Sets the state of a deployment.
    pub fn deploy_as(&self, name: &JobName, state: DeploymentState) {
        self.state().deployments.insert(name.clone(), state);
    }

    /// The deployments that were made, each once.
    pub fn deployed(&self) -> Vec<ModelDeployment> {
        self.state().deployed.clone()
    }

    /// The deployments that exist.
    pub fn deployments(&self) -> BTreeMap<JobName, DeploymentState> {
        self.state().deployments.clone()
    }

    /// How often a job was stopped.
    pub fn stops(&self) -> u32 {
        self.state().stops
    }

    /// The models that were deleted.
    pub fn discarded(&self) -> Vec<String> {
        self.state().discarded.clone()
    }

    /// The number of bytes of each read.
    pub fn reads(&self) -> Vec<u64> {
        self.state().reads.clone()
    }
}

fn lost() -> ProviderJobError {
    ProviderJobError::Unavailable("the provider is away".into())
}

impl TrainingFiles for TestTraining {
    fn size<'a>(&'a self, key: &'a FileKey) -> BoxFuture<'a, Result<Option<u64>, FileError>> {
        Box::pin(async move {
            let state = self.state();
            if state.faults.contains(&TrainingFault::Files) {
                return Err(FileError("files are away".into()));
            }
            Ok(state.files.get(key.as_str()).map(|file| file.len() as u64))
        })
    }

    fn read<'a>(
        &'a self,
        key: &'a FileKey,
        offset: u64,
        length: u64,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(async move {
            let mut state = self.state();
            state.reads.push(length);
            let file = state.files.get(key.as_str()).ok_or(FileError("no such file".into()))?;
            let from = usize::try_from(offset).expect("small").min(file.len());
            let to = from.saturating_add(usize::try_from(length).expect("small")).min(file.len());
            Ok(file[from..to].to_vec())
        })
    }
}

impl Trainer for TestTraining {
    fn start<'a>(&'a self, job: &'a TrainingJob) -> BoxFuture<'a, Result<String, ProviderJobError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.faults.contains(&TrainingFault::Provider) {
                return Err(lost());
            }
            if state.faults.contains(&TrainingFault::Refused) {
                return Err(ProviderJobError::Refused("ValidationException".to_owned()));
            }
            if state.faults.contains(&TrainingFault::Busy) {
                return Err(ProviderJobError::Busy("no room".into()));
            }
            if !state.jobs.contains_key(&job.name) {
                state.jobs.insert(job.name.clone(), JobState::Running);
                state.started.push(job.clone());
            }
            if state.faults.contains(&TrainingFault::LostStart) {
                return Err(lost());
            }
            Ok(format!("job/{}", job.name.as_str()))
        })
    }

    fn job_state<'a>(
        &'a self,
        name: &'a JobName,
    ) -> BoxFuture<'a, Result<Option<JobState>, ProviderJobError>> {
        Box::pin(async move {
            let state = self.state();
            if state.faults.contains(&TrainingFault::Provider) {
                return Err(lost());
            }
            Ok(state.jobs.get(name).cloned())
        })
    }

    fn stop<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<(), ProviderJobError>> {
        Box::pin(async move {
            let mut state = self.state();
            state.stops += 1;
            if let Some(job) = state.jobs.get_mut(name)
                && *job == JobState::Running
            {
                *job = JobState::Stopped { trained: true };
            }
            Ok(())
        })
    }

    fn deploy<'a>(&'a self, deployment: &'a ModelDeployment) -> BoxFuture<'a, Result<(), ProviderJobError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.faults.contains(&TrainingFault::Provider) {
                return Err(lost());
            }
            // A model that is gone can't be deployed.
            if state.faults.contains(&TrainingFault::DeploymentRefused)
                || state.discarded.contains(&deployment.model)
            {
                return Err(ProviderJobError::Refused("ValidationException".to_owned()));
            }
            if state.faults.contains(&TrainingFault::DeploymentBusy) {
                return Err(ProviderJobError::Busy("no room".into()));
            }
            if !state.deployments.contains_key(&deployment.name) {
                state.deployments.insert(deployment.name.clone(), DeploymentState::Creating);
                state.deployed.push(deployment.clone());
            }
            if state.faults.contains(&TrainingFault::LostDeployment) {
                return Err(lost());
            }
            Ok(())
        })
    }

    fn deployment_state<'a>(
        &'a self,
        name: &'a JobName,
    ) -> BoxFuture<'a, Result<Option<DeploymentState>, ProviderJobError>> {
        Box::pin(async move {
            let state = self.state();
            if state.faults.contains(&TrainingFault::Provider) {
                return Err(lost());
            }
            Ok(state.deployments.get(name).cloned())
        })
    }

    fn delete_deployment<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<(), ProviderJobError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.faults.contains(&TrainingFault::Discard) {
                return Err(lost());
            }
            if state.deployments.get(name) == Some(&DeploymentState::Creating) {
                return Err(ProviderJobError::Busy("it is being made".into()));
            }
            state.deployments.remove(name);
            Ok(())
        })
    }

    fn delete_model<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<(), ProviderJobError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.faults.contains(&TrainingFault::Discard) {
                return Err(lost());
            }
            if state.deployed.iter().any(|it| it.model == model && state.deployments.contains_key(&it.name)) {
                return Err(ProviderJobError::Busy("it is deployed".into()));
            }
            state.discarded.push(model.to_owned());
            Ok(())
        })
    }
}
