//! Batches that a provider runs by itself, at its batch prices: when every line that can be asked names the same model,
//! the provider takes batches of it, and there are enough lines. The lines become records of a file, and the provider's
//! results become those of the lines. A batch that the provider does not take is asked line by line after all.

use super::advance::{BatchStep, BatchTools, ClaimedStep, OpenBatch, ProviderBatches, claim, record};
use super::records::ProviderRun;
use application_core::command::retry_on_conflict;
use application_core::{Context, Error, repository};
use domain::Timestamp;
use domain::ai::batch::{self, Batch, BatchStatus};
use ports::{BatchFileKey, BatchJob, BatchJobState, JobName, ProviderJobError};

/// The fewest records that Bedrock takes (quota "Minimum number of records per batch inference job").
pub(super) const FEWEST_RECORDS: u32 = 100;
/// How long a provider that has no room, or does not answer, is asked for a job, in seconds: then the lines are queued.
const TIME_TO_SUBMIT: i64 = 2 * 3600;
/// How long a batch that ends early looks for a job whose id was not recorded, in seconds: then it ends without one.
const TIME_TO_FIND: i64 = 2 * 3600;
/// How long after a batch began to end a job must be in the provider's list, in seconds. No run starts a job for a batch that
/// ends; one that began before lives for 15 minutes at most, and the list may be as far behind.
const TIME_UNTIL_LISTED: i64 = 30 * 60;
/// The hours after which the provider ends a job at the latest.
pub(super) const JOB_HOURS: i32 = 24;
/// How long before the lease of its money ends a batch that ends early waits for its provider no longer, in seconds: runs of
/// the job that put its results together. Its job has ended by itself by then.
const TIME_TO_FINISH: i64 = 3600;
/// How long before the lease of its money ends no more results are taken, in seconds: runs of the job that write errors for the
/// lines without one, put the results together, and settle.
const TIME_TO_END: i64 = 30 * 60;

/// Whether a batch is one for the provider, and not all of its results are taken yet.
pub(super) fn is_provider_s(batch: &Batch) -> bool {
    batch.provider_model.is_some() && batch.lines_left() > 0
}

/// Goes on with a batch that the provider runs.
pub(super) async fn go_on(
    tools: BatchTools<'_>,
    context: &Context,
    open: OpenBatch,
) -> Result<BatchStep, Error> {
    let Some(provider) = tools.provider else {
        return requeue(tools, context, &open, "The deployment runs no batches at a provider.").await;
    };
    let Some(job) = &open.state.provider_job else { return submit(tools, provider, context, open).await };
    match provider.jobs.state(job).await? {
        Some(BatchJobState::Running) => Ok(BatchStep::Waits),
        Some(BatchJobState::Completed { outputs }) => {
            take_all(tools, provider, context, open, (&outputs, true)).await
        }
        // It may have been stopped before it had results.
        Some(BatchJobState::Stopped { outputs }) => {
            take_all(tools, provider, context, open, (&outputs, false)).await
        }
        Some(BatchJobState::Failed) => {
            requeue(tools, context, &open, "The job failed at the provider.").await
        }
        Some(BatchJobState::Expired) => {
            requeue(tools, context, &open, "The job did not begin in time.").await
        }
        None => requeue(tools, context, &open, "The job is gone at the provider.").await,
    }
}

/// Takes the results of a job that ended by itself. Lines without a result get an error, so that every line has one.
async fn take_all(
    tools: BatchTools<'_>,
    provider: ProviderBatches<'_>,
    context: &Context,
    open: OpenBatch,
    (outputs, has_results): (&[String], bool),
) -> Result<BatchStep, Error> {
    let Some(claimed) = claim(tools, context, open).await? else { return Ok(BatchStep::Waits) };
    let open = &claimed.batch;
    let Some(run) = ProviderRun::new(tools, provider, context, open).await? else {
        tracing::error!(batch = open.key.id(), "the prices of a provider's batch are unknown");
        return requeue(tools, context, open, "The prices of the model's batches are unknown.").await;
    };
    // Once some are taken, the others can't be asked at other prices: lines whose results got lost have errors.
    if has_results && open.state.lines_done == 0 && !run.has_results(outputs).await? {
        tracing::error!(batch = open.key.id(), "the results of a job that completed are missing");
        return requeue(tools, context, open, "The results of the job are missing.").await;
    }
    // Its money is set aside for more than a day after it expires, so that no result comes too late here.
    run.take_results(&claimed, outputs, |_| false).await
}

/// Whether the job of a batch that ends early still runs; then it is told to stop.
pub(super) async fn still_runs(
    tools: BatchTools<'_>,
    context: &Context,
    open: &OpenBatch,
) -> Result<bool, Error> {
    let (Some(provider), Some(job)) = (tools.provider, &open.state.provider_job) else { return Ok(false) };
    let runs = async {
        let runs = provider.jobs.state(job).await? == Some(BatchJobState::Running);
        if runs {
            provider.jobs.stop(job).await?;
        }
        Ok(runs)
    };
    let runs: Result<bool, Error> = runs.await;
    if is_over(&open.state, context.clock()) && !matches!(runs, Ok(false)) {
        tracing::error!(batch = open.key.id(), "a batch ends although its job was not seen to end");
        return Ok(false);
    }
    runs
}

/// Whether a batch that ends early has waited long enough for its provider: results that come after the end of the lease can't
/// be charged any more. A job that is not known is looked for during [`TIME_TO_FIND`].
fn is_over(batch: &Batch, now: Timestamp) -> bool {
    let is_lost = ends_since(batch).is_some_and(|since| now >= since.plus_seconds(TIME_TO_FIND));
    (batch.provider_job.is_none() && is_lost) || lease_ends_within(TIME_TO_FINISH, batch, now)
}

fn lease_ends_within(seconds: i64, batch: &Batch, now: Timestamp) -> bool {
    let lease = batch.reservation.as_ref().map(|aside| aside.lease_until);
    lease.is_none_or(|lease| now >= lease.plus_seconds(-seconds))
}

/// Since when a batch ends early.
fn ends_since(batch: &Batch) -> Option<Timestamp> {
    batch.times.cancelling.or(batch.times.finalizing)
}

/// Takes the results of a job that was stopped, which the provider bills. None when it has none, or it is too late for
/// them: then the batch ends.
pub(super) async fn take_stopped(
    tools: BatchTools<'_>,
    context: &Context,
    claimed: &ClaimedStep,
) -> Result<Option<BatchStep>, Error> {
    let error = match take_what_there_is(tools, context, claimed).await {
        Err(error) => error,
        taken => return taken,
    };
    let open = &claimed.batch;
    // A part of the results may have been recorded before the failure. Then the step that ends the batch is another one.
    let found = repository::load::<Batch>(tools.store, &open.key).await?;
    let is_first = found.is_some_and(|found| found.state.lines_done == open.state.lines_done);
    if !is_first || !is_over(&open.state, context.clock()) {
        return Err(error);
    }
    tracing::error!(
        error = &error as &dyn std::error::Error,
        batch = open.key.id(),
        "a batch ends without the results of its provider"
    );
    Ok(None)
}

async fn take_what_there_is(
    tools: BatchTools<'_>,
    context: &Context,
    claimed: &ClaimedStep,
) -> Result<Option<BatchStep>, Error> {
    let (Some(provider), open) = (tools.provider, &claimed.batch) else { return Ok(None) };
    let Some(job) = &open.state.provider_job else {
        // A run may have been killed while it asked for a job, so that only the provider knows of it.
        return if claimed.resumes { find_job(tools, provider, context, open).await } else { Ok(None) };
    };
    let is_too_late = |batch: &Batch| lease_ends_within(TIME_TO_END, batch, context.clock());
    if is_too_late(&open.state) {
        tracing::error!(batch = open.key.id(), "a batch ends before all results of its provider are taken");
        return Ok(None);
    }
    let Some(BatchJobState::Completed { outputs } | BatchJobState::Stopped { outputs }) =
        provider.jobs.state(job).await?
    else {
        return Ok(None);
    };
    let Some(run) = ProviderRun::new(tools, provider, context, open).await? else {
        tracing::error!(batch = open.key.id(), "the prices of a provider's batch are unknown");
        return Ok(None);
    };
    run.take_results(claimed, &outputs, is_too_late).await.map(Some)
}

/// Finds the job of a batch that ends early by its name; none is started. It is stopped, and its results are taken once
/// it has stopped. A job that is not in the provider's list may be younger than the list: it is looked for again until
/// [`TIME_UNTIL_LISTED`] is over.
async fn find_job(
    tools: BatchTools<'_>,
    provider: ProviderBatches<'_>,
    context: &Context,
    open: &OpenBatch,
) -> Result<Option<BatchStep>, Error> {
    if let Some(job) = provider.jobs.find(&JobName::of(open.id)).await? {
        return keep_job(tools, provider, context, open, &job).await.map(Some);
    }
    let listed_from = ends_since(&open.state).map(|since| since.plus_seconds(TIME_UNTIL_LISTED));
    let may_be_listed = listed_from.is_some_and(|from| context.clock() < from);
    Ok(may_be_listed.then_some(BatchStep::Waits))
}

/// Writes the records and starts the job.
async fn submit(
    tools: BatchTools<'_>,
    provider: ProviderBatches<'_>,
    context: &Context,
    open: OpenBatch,
) -> Result<BatchStep, Error> {
    let Some(ClaimedStep { batch: open, .. }) = claim(tools, context, open).await? else {
        return Ok(BatchStep::Waits);
    };
    let model = tools.completions.registry.model(open.state.provider_model.as_deref().unwrap_or_default());
    let has_terms = model.is_ok_and(|model| model.in_batch(provider.region).is_some());
    let run = ProviderRun::new(tools, provider, context, &open).await?;
    let Some(run) = run.filter(|_| has_terms) else {
        return requeue(tools, context, &open, "The model has no batches any more.").await;
    };
    let records = run.write_records().await?;
    if records < FEWEST_RECORDS {
        return requeue(tools, context, &open, "Too few lines can be asked.").await;
    }
    let error = match provider.jobs.start(&job_of(&open, records)).await {
        Ok(job) => return keep_job(tools, provider, context, &open, &job).await,
        Err(ProviderJobError::Refused(code)) => {
            tracing::warn!(batch = open.key.id(), code, "the provider refuses a batch; its lines are queued");
            return requeue(tools, context, &open, &code).await;
        }
        Err(error) => error,
    };
    let began = open.state.times.in_progress.unwrap_or(open.state.created_at);
    if context.clock() >= began.plus_seconds(TIME_TO_SUBMIT) {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            batch = open.key.id(),
            "the provider took no job in time; the lines of a batch are queued"
        );
        return requeue(tools, context, &open, "The provider took no job in time.").await;
    }
    if let ProviderJobError::Busy(error) = error {
        // It is asked again when the claim is over.
        tracing::warn!(error = error.as_ref() as &dyn std::error::Error, "the provider has no room");
        return Ok(BatchStep::Waits);
    }
    Err(error.into())
}

/// Records the provider's id of a job. A job of a batch that ends, or has ended, in the meantime is stopped.
async fn keep_job(
    tools: BatchTools<'_>,
    provider: ProviderBatches<'_>,
    context: &Context,
    open: &OpenBatch,
    job: &str,
) -> Result<BatchStep, Error> {
    let recorded =
        retry_on_conflict(|| record(tools, context, &open.key, move |state| batch::submit_batch(state, job)));
    let state = match recorded.await? {
        Some(state) => Some(state),
        None => repository::load::<Batch>(tools.store, &open.key).await?.map(|found| found.state),
    };
    let is_awaited = state.is_some_and(|state| {
        state.status == BatchStatus::InProgress && state.provider_job.as_deref() == Some(job)
    });
    if is_awaited {
        return Ok(BatchStep::Made);
    }
    provider.jobs.stop(job).await?;
    Ok(BatchStep::Waits)
}

async fn requeue(
    tools: BatchTools<'_>,
    context: &Context,
    open: &OpenBatch,
    reason: &str,
) -> Result<BatchStep, Error> {
    let requeued = record(tools, context, &open.key, |state| batch::requeue_batch(state, reason)).await?;
    Ok(if requeued.is_some() { BatchStep::Made } else { BatchStep::Waits })
}

fn job_of(open: &OpenBatch, records: u32) -> BatchJob {
    let tenant = open.key.tenant();
    BatchJob {
        name: JobName::of(open.id),
        model: open.state.provider_model.clone().unwrap_or_default(),
        input: BatchFileKey::records(tenant, &open.id).as_str().to_owned(),
        output_prefix: BatchFileKey::provider_results(tenant, &open.id).as_str().to_owned(),
        tenant,
        records: records.into(),
        timeout_hours: JOB_HOURS,
    }
}
