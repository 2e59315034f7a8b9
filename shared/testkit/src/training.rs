//! Training without a provider: files in memory, and jobs that end when a test says so. It keeps a provider's promises
//! (one job for each name, for example) and fails where a test says so.

use ports::{
    BoxFuture, FileError, FileKey, JobName, JobState, Trainer, TrainerError, TrainingFiles, TrainingJob,
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

fn lost() -> TrainerError {
    TrainerError::Unavailable("the provider is away".into())
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
    fn start<'a>(&'a self, job: &'a TrainingJob) -> BoxFuture<'a, Result<String, TrainerError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.faults.contains(&TrainingFault::Provider) {
                return Err(lost());
            }
            if state.faults.contains(&TrainingFault::Refused) {
                return Err(TrainerError::Refused("ValidationException".to_owned()));
            }
            if state.faults.contains(&TrainingFault::Busy) {
                return Err(TrainerError::Busy("no room".into()));
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

    fn job_state<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<Option<JobState>, TrainerError>> {
        Box::pin(async move {
            let state = self.state();
            if state.faults.contains(&TrainingFault::Provider) {
                return Err(lost());
            }
            Ok(state.jobs.get(name).cloned())
        })
    }

    fn stop<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<(), TrainerError>> {
        Box::pin(async move {
            let mut state = self.state();
            state.stops += 1;
            if let Some(job) = state.jobs.get_mut(name)
                && *job == JobState::Running
            {
                *job = JobState::Stopped;
            }
            Ok(())
        })
    }

    fn delete_model<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<(), TrainerError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.faults.contains(&TrainingFault::Discard) {
                return Err(lost());
            }
            state.discarded.push(model.to_owned());
            Ok(())
        })
    }
}
