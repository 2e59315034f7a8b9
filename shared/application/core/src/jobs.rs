//! Jobs, for the commands that start them and for the workers that carry them out. A command starts a job in its own
//! transaction. A worker is started at least once and may be killed at any time, so each of its steps can be repeated.

use crate::command::{Change, Command, Idempotency, change};
use crate::precondition::Precondition;
use crate::repository::{Actor, PendingChange};
use crate::{AccessDecision, Context, Error};
use domain::authority::Caller;
use domain::id::{JobId, OrganizationId};
use domain::job::{
    self, CreateJob, Job, JobEvent, JobFacts, JobFailure, JobKind, JobStatus, end_canceled_job, fail_job,
    progress_job, succeed_job,
};
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, Store};

/// The key of a job.
pub fn job_key(tenant: OrganizationId, id: &JobId) -> AggregateKey {
    AggregateKey::new(tenant, AggregateType::Job, id)
}

/// The first event of a job that a caller starts, with the key of the job.
pub fn new_job(
    context: &Context,
    caller: &Caller,
    kind: JobKind,
    input: JobFacts,
) -> Result<(AggregateKey, JobEvent), Error> {
    let id = context.new_id()?;
    let event = job::create_job(CreateJob { id, kind, created_by: caller.account, input });
    Ok((job_key(caller.tenant, &id), event))
}

/// A job that a caller starts, to be committed in the transaction of the command that needs it.
pub fn start_job(
    context: &Context,
    caller: &Caller,
    kind: JobKind,
    input: JobFacts,
) -> Result<PendingChange<Job>, Error> {
    let (key, event) = new_job(context, caller, kind, input)?;
    PendingChange::create(key, [], &event, context, &Actor::caller(caller))
}

/// The worker of one job.
pub struct JobWorker<'a> {
    /// Loads and commits the job.
    pub store: &'a dyn Store,
    /// The message that started the worker.
    pub context: &'a Context,
    /// The name of the function.
    pub function: &'static str,
    /// The key of the job.
    pub key: AggregateKey,
}

impl JobWorker<'_> {
    /// Begins the job, or goes on with it. `None` when it has ended, also because somebody canceled it.
    pub async fn begin(&self, extent: u64) -> Result<Option<Job>, Error> {
        self.record(&|job| end_canceled_job(job).or_else(|| job::start_job(job, extent))).await
    }

    /// Records that everything before a position is done. `None` when the worker must stop.
    pub async fn progress(&self, position: u64, step: &str) -> Result<Option<Job>, Error> {
        self.record(&|job| end_canceled_job(job).or_else(|| progress_job(job, position, step))).await
    }

    /// Ends the job with its result, unless it has ended or somebody canceled it.
    pub async fn succeed(&self, result: JobFacts, file: Option<&str>) -> Result<(), Error> {
        let file = file.map(str::to_owned);
        self.record(&|job| succeed_job(job, result.clone(), file.clone())).await.map(drop)
    }

    /// Ends the job with a fixed reason, unless it has ended.
    pub async fn fail(&self, code: &str, message: &str) -> Result<(), Error> {
        let failure = JobFailure { code: code.to_owned(), message: message.to_owned() };
        self.record(&|job| fail_job(job, failure.clone())).await.map(drop)
    }

    /// Records the event that follows from the current state, and decides again after a concurrent change. Returns the
    /// job if it runs.
    async fn record(&self, decide: &(dyn Fn(&Job) -> Option<JobEvent> + Sync)) -> Result<Option<Job>, Error> {
        // Steps of one run happen at different times.
        let context = Context { now: self.context.clock(), ..self.context.clone() };
        let (store, actor) = (self.store, Actor::system(self.function));
        let command = Command { store, context: &context, actor, idempotency: Idempotency::Unkeyed };
        let step = Change {
            key: self.key.clone(),
            subjects: &[],
            precondition: &Precondition::default(),
            access: &|_: &Job| AccessDecision::Granted,
            decide: &|job: &Versioned<Job>| Ok(decide(&job.state).into_iter().collect()),
            erases: &[],
            removes: false,
        };
        let job = change(&command, &step).await?.value.state;
        Ok((job.status == JobStatus::Running).then_some(job))
    }
}
