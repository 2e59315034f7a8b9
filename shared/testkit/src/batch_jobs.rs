//! A provider of batches without models: jobs that end when a test says so. It keeps a provider's promises (one job for
//! each name, for example) and fails where a test says so.

use ports::{BatchInference, BatchJob, BatchJobState, BoxFuture, JobName, ProviderJobError};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How late a late answer is.
const LATE: Duration = Duration::from_millis(300);

/// How starting a job fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchFault {
    /// The provider does not answer.
    Away,
    /// It starts the job, but its answer is lost.
    LostStart,
    /// It starts the job, and answers late.
    Slow,
    /// It has no room.
    Busy,
    /// It refuses the job.
    Refused,
}

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<JobName, BatchJobState>,
    started: Vec<BatchJob>,
    stops: u32,
    fault: Option<BatchFault>,
    goes_on: bool,
    /// Whether the list of jobs has none of them yet.
    unlisted: bool,
}

/// The jobs of a test.
#[derive(Debug, Default)]
pub struct TestBatchJobs(Mutex<State>);

impl TestBatchJobs {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, job: &BatchJob) {
        let mut state = self.state();
        if !state.jobs.contains_key(&job.name) {
            state.jobs.insert(job.name.clone(), BatchJobState::Running);
            state.started.push(job.clone());
        }
    }

    /// Sets the state of every job.
    pub fn end(&self, state: &BatchJobState) {
        self.state().jobs.values_mut().for_each(|job| *job = state.clone());
    }

    /// Makes starting fail from now on; `None` ends that.
    pub fn fail(&self, fault: Option<BatchFault>) {
        self.state().fault = fault;
    }

    /// Makes jobs run on when they are stopped.
    pub fn go_on_when_stopped(&self) {
        self.state().goes_on = true;
    }

    /// Whether jobs can't be found by their names, as in a list that is behind.
    pub fn unlist(&self, unlisted: bool) {
        self.state().unlisted = unlisted;
    }

    /// The jobs that were started, each once.
    pub fn started(&self) -> Vec<BatchJob> {
        self.state().started.clone()
    }

    /// How often a job was stopped.
    pub fn stops(&self) -> u32 {
        self.state().stops
    }
}

impl BatchInference for TestBatchJobs {
    fn start<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<String, ProviderJobError>> {
        Box::pin(async move {
            let fault = self.state().fault;
            match fault {
                Some(BatchFault::Away) => return Err(ProviderJobError::Unavailable("away".into())),
                Some(BatchFault::Busy) => return Err(ProviderJobError::Busy("no room".into())),
                Some(BatchFault::Refused) => {
                    return Err(ProviderJobError::Refused("ValidationException".to_owned()));
                }
                Some(BatchFault::LostStart | BatchFault::Slow) | None => {}
            }
            self.add(job);
            match fault {
                Some(BatchFault::LostStart) => {
                    Err(ProviderJobError::Unavailable("the answer is lost".into()))
                }
                Some(BatchFault::Slow) => {
                    tokio::time::sleep(LATE).await;
                    Ok(job.name.as_str().to_owned())
                }
                _ => Ok(job.name.as_str().to_owned()),
            }
        })
    }

    fn find<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<Option<String>, ProviderJobError>> {
        Box::pin(async move {
            let state = self.state();
            if state.fault == Some(BatchFault::Away) {
                return Err(ProviderJobError::Unavailable("away".into()));
            }
            let is_listed = state.jobs.contains_key(name) && !state.unlisted;
            Ok(is_listed.then(|| name.as_str().to_owned()))
        })
    }

    fn state<'a>(
        &'a self,
        job_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<BatchJobState>, ProviderJobError>> {
        Box::pin(async move {
            let state = self.state();
            Ok(state.jobs.iter().find(|(name, _)| name.as_str() == job_id).map(|(_, state)| state.clone()))
        })
    }

    fn stop<'a>(&'a self, job_id: &'a str) -> BoxFuture<'a, Result<(), ProviderJobError>> {
        Box::pin(async move {
            let mut state = self.state();
            state.stops += 1;
            if state.goes_on {
                return Ok(());
            }
            let job = state.jobs.iter_mut().find(|(name, _)| name.as_str() == job_id);
            if let Some((_, job)) = job
                && *job == BatchJobState::Running
            {
                *job = BatchJobState::Stopped { outputs: Vec::new() };
            }
            Ok(())
        })
    }
}
