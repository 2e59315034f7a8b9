//! Takes the open batches of all tenants further: checks uploaded files, asks lines, and puts results together.
//!
//! Runs overlap. A step of a batch is claimed in its history before it is carried out, for no longer than the run can
//! live, and its result is in a file before it is recorded. So no two runs ask the same lines, and the next run completes
//! a run that was killed at any point. A run takes a chunk of each batch in turn, so that a large batch does not keep
//! others waiting.

use super::line_format::LineFormat;
use super::{ask, check, finish, provider};
use crate::completion::Completions;
use application_core::lists::{self, ListedKeys};
use application_core::repository::{self, Actor, PendingChange, random};
use application_core::{Context, Error};
use domain::Timestamp;
use domain::ai::batch::{self, Batch, BatchEvent, BatchStatus};
use domain::id::BatchId;
use ports::{
    AggregateKey, BatchFiles, BatchInference, BatchRecords, BoxFuture, ListQuery, ListScope, ModelGateway,
    Store, StoreError,
};
use std::time::Duration;

/// The most batches that a run reads; all open ones must be among them. They are those of 10,000 organizations.
const MOST: usize = 100_000;
/// The batches in one page of the list.
const PAGE: u32 = 1_000;
/// No step is begun with less time left. Asking lines takes up to a minute until the last one is begun, and 90 seconds.
const TIME_TO_ASK: Duration = Duration::from_secs(180);
/// No other step is begun with less time left: it reads or writes a whole file of up to 50 MB, or all chunks.
pub(super) const TIME_FOR_A_FILE: Duration = Duration::from_secs(600);
/// Results of a provider are not begun to be taken with less time left, nor another part of them: one part takes seconds.
pub(super) const TIME_TO_TAKE: Duration = Duration::from_secs(240);
/// How much longer a claim lasts than its run, because clocks differ.
const CLAIM_BEYOND: Duration = Duration::from_secs(60);

/// The ports of the job.
#[derive(Clone, Copy)]
pub struct BatchTools<'a> {
    /// Finds, loads and commits batches.
    pub store: &'a dyn Store,
    /// Reads and writes their files.
    pub files: &'a dyn BatchFiles,
    /// The models, and the gateway to them.
    pub completions: &'a Completions<dyn ModelGateway>,
    /// The wire format of lines.
    pub format: LineFormat,
    /// The provider that runs batches by itself, if the deployment has one.
    pub provider: Option<ProviderBatches<'a>>,
}

/// A provider that runs batches by itself.
#[derive(Clone, Copy)]
pub struct ProviderBatches<'a> {
    /// Runs them.
    pub jobs: &'a dyn BatchInference,
    /// The form of their files.
    pub records: &'a dyn BatchRecords,
    /// The region in which they run.
    pub region: &'a str,
}

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchReport {
    /// The number of batches that were looked at.
    pub seen: u32,
    /// The number of steps that were carried out.
    pub steps: u32,
}

/// A batch with which a run goes on.
#[derive(Debug, Clone)]
pub(super) struct OpenBatch {
    pub(super) key: AggregateKey,
    pub(super) id: BatchId,
    pub(super) state: Batch,
}

/// What a run did with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BatchStep {
    /// A step was carried out; the batch may go on at once.
    Made,
    /// Nothing can be done for it at present.
    Waits,
}

/// Takes open batches further, in turns, until none can go on or the deadline is near. A failing batch, or an entry that
/// can't be read, does not stop the others; at the end the run fails with the first failure, and the next run tries them
/// again.
pub async fn advance_batches(tools: BatchTools<'_>, context: &Context) -> Result<BatchReport, Error> {
    let mut report = BatchReport::default();
    let query = ListQuery::of::<Batch>(Batch::OPEN, ListScope::Open, PAGE, None);
    let ListedKeys { keys: mut open, failures } = lists::keys(tools.store, query, MOST).await?;
    if let Some(error) = failures.first() {
        let (error, unreadable) = (error as &dyn std::error::Error, failures.len());
        tracing::error!(error, unreadable, "entries of open batches can't be read; they are left");
    }
    let mut failure = failures.into_iter().next().map(Error::from);
    // Runs that always began with the same batch would keep the last ones waiting.
    if !open.is_empty() {
        let anywhere = usize::try_from(u32::from_be_bytes(random(context.entropy.as_ref())?)).unwrap_or(0);
        let start = anywhere % open.len();
        open.rotate_left(start);
    }
    report.seen = u32::try_from(open.len()).unwrap_or(u32::MAX);
    while !open.is_empty() {
        let mut going_on = Vec::with_capacity(open.len());
        for key in open {
            if context.time_left() < TIME_TO_ASK {
                tracing::info!("batches are left for the next run");
                return failure.map_or(Ok(report), Err);
            }
            match advance(tools, context, &key).await {
                Ok(BatchStep::Made) => {
                    report.steps += 1;
                    going_on.push(key);
                }
                // Another run has the step, or the batch was cancelled.
                Ok(BatchStep::Waits) | Err(Error::Conflict) => {}
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        batch = key.id(),
                        "a batch could not go on; the next run tries again"
                    );
                    failure.get_or_insert(error);
                }
            }
        }
        open = going_on;
    }
    failure.map_or(Ok(report), Err)
}

/// Takes one batch a step further.
async fn advance(tools: BatchTools<'_>, context: &Context, key: &AggregateKey) -> Result<BatchStep, Error> {
    let Some(found) = repository::load::<Batch>(tools.store, key).await? else { return Ok(BatchStep::Waits) };
    let id = key.id().parse().map_err(|_| StoreError::Malformed("the id of a batch"))?;
    let open = OpenBatch { key: key.clone(), id, state: found.state };
    let now = context.clock();
    if !open.state.has_not_ended() || open.state.claimed_until.is_some_and(|until| until > now) {
        return Ok(BatchStep::Waits);
    }
    if let Some(expired) = batch::expire_batch(&open.state, now) {
        record(tools, context, &open.key, |_| Some(expired.clone())).await?;
        return Ok(BatchStep::Made);
    }
    let time = match open.state.status {
        BatchStatus::InProgress if !provider::is_provider_s(&open.state) => TIME_TO_ASK,
        BatchStatus::InProgress if open.state.provider_job.is_some() => TIME_TO_TAKE,
        _ => TIME_FOR_A_FILE,
    };
    if context.time_left() < time {
        // The next run, which is a minute away, has the time.
        return Ok(BatchStep::Waits);
    }
    match open.state.status {
        BatchStatus::Validating => check::check_file(tools, context, open).await,
        BatchStatus::InProgress if provider::is_provider_s(&open.state) => {
            provider::go_on(tools, context, open).await
        }
        BatchStatus::InProgress => ask::ask_lines(tools, context, open).await,
        BatchStatus::Finalizing | BatchStatus::Cancelling => finish::finish(tools, context, open).await,
        BatchStatus::Completed | BatchStatus::Failed | BatchStatus::Expired | BatchStatus::Cancelled => {
            Ok(BatchStep::Waits)
        }
    }
}

/// A claimed step.
#[derive(Clone)]
pub(super) struct ClaimedStep {
    /// The batch after the claim.
    pub(super) batch: OpenBatch,
    /// The end of the claim, which names it.
    pub(super) until: Timestamp,
    /// Whether an earlier claim was given up, so that its results may lie there.
    pub(super) resumes: bool,
}

/// Claims the next step of a batch; `None` when another run has it.
pub(super) async fn claim(
    tools: BatchTools<'_>,
    context: &Context,
    open: OpenBatch,
) -> Result<Option<ClaimedStep>, Error> {
    let now = context.clock();
    let until = now.plus(context.time_left() + CLAIM_BEYOND);
    let resumes = open.state.claimed_until.is_some();
    let claimed = record(tools, context, &open.key, |state| {
        let same = state.status == open.state.status && state.lines_done == open.state.lines_done;
        batch::claim_batch(state, now, until).filter(|_| same)
    });
    let Some(state) = claimed.await? else { return Ok(None) };
    Ok(Some(ClaimedStep { batch: OpenBatch { state, ..open }, until, resumes }))
}

/// Loads a batch, and records the event that follows from its state. `None` when none follows. A conflict is the
/// caller's.
pub(super) fn record<'a>(
    tools: BatchTools<'a>,
    context: &'a Context,
    key: &'a AggregateKey,
    decide: impl FnOnce(&Batch) -> Option<BatchEvent> + Send + 'a,
) -> BoxFuture<'a, Result<Option<Batch>, Error>> {
    Box::pin(async move {
        let pending = PendingChange::<Batch>::load(tools.store, key.clone(), &[]).await?;
        let Some(mut pending) = pending else { return Ok(None) };
        let Some(event) = decide(pending.state()) else { return Ok(None) };
        // Steps of one run happen at different times.
        let context = Context { now: context.clock(), ..context.clone() };
        pending.record(&event, &context, &Actor::system("advance-batches"))?;
        Ok(Some(pending.commit(tools.store).await?.state))
    })
}
