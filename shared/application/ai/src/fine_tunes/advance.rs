//! Takes the open fine-tunes of all tenants a step further: checks uploaded files, has the provider train, reads the
//! status of jobs, and stops canceled ones.
//!
//! Each step is carried out at the provider first and recorded afterwards, and repeating it changes nothing: a job has
//! the name of its fine-tune. The next run completes a run that was killed at any point, and two simultaneous runs do
//! no harm: the second one to record a step is refused and leaves it.

use application_core::lists::{self, ListedKeys};
use application_core::repository::{Actor, PendingChange, random};
use application_core::{Context, Error};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ai::fine_tune::{
    self, Failure, FailureReason, FineTune, FineTuneEvent, FineTuneStatus, TrainingFile,
};
use domain::ai::training_file::FileCheck;
use ports::{
    AggregateKey, FileKey, JobName, JobState, ListQuery, ListScope, Store, StoreError, Trainer, TrainerError,
    TrainingFiles, TrainingJob,
};
use ring::digest::{Context as Digest, SHA256};
use std::time::Duration;

/// The most fine-tunes that a run reads. It begins at any of them and goes on until its time is over. All open ones
/// must be among them, or the last would never be reached: 100,000 are those of 33,333 organizations.
const MOST: usize = 100_000;
/// The fine-tunes in one page of the list.
const PAGE: u32 = 1_000;
/// No fine-tune is begun with less time left: reading and checking the largest file takes some ten seconds.
const TIME_FOR_ONE: Duration = Duration::from_secs(20);
/// The bytes of a file that are read at once.
const PIECE: u64 = 8 * 1024 * 1024;
/// The most steps of a fine-tune in a run: its file is accepted, and it is started.
const STEPS: usize = 2;

/// The ports of the job.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// Finds, loads and commits fine-tunes.
    pub store: &'a dyn Store,
    /// Reads their files.
    pub files: &'a dyn TrainingFiles,
    /// The provider of training.
    pub trainer: &'a dyn Trainer,
}

/// The result of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AdvanceReport {
    /// The number of fine-tunes that were looked at.
    pub seen: u32,
    /// The number of recorded events.
    pub steps: u32,
    /// The number of fine-tunes that wait because the provider has no room.
    pub waiting: u32,
}

/// Takes open fine-tunes further until all were seen or the deadline is near. A failing fine-tune, or an entry that can't
/// be read, does not stop the others; at the end the run fails with the first failure, and the next run tries them again.
pub async fn advance_fine_tunes(tools: Tools<'_>, context: &Context) -> Result<AdvanceReport, Error> {
    let mut advanced = AdvanceReport::default();
    let query = ListQuery::of::<FineTune>(FineTune::OPEN, ListScope::Open, PAGE, None);
    let ListedKeys { keys: mut open, failures } = lists::keys(tools.store, query, MOST).await?;
    if let Some(error) = failures.first() {
        let (error, unreadable) = (error as &dyn std::error::Error, failures.len());
        tracing::error!(error, unreadable, "entries of open fine-tunes can't be read; they are left");
    }
    let mut failure = failures.into_iter().next().map(Error::from);
    // Runs that always ended before the last fine-tune would never reach it.
    if !open.is_empty() {
        let anywhere = usize::try_from(u32::from_be_bytes(random(context.entropy.as_ref())?)).unwrap_or(0);
        let start = anywhere % open.len();
        open.rotate_left(start);
    }
    for key in open {
        if context.time_left() < TIME_FOR_ONE {
            tracing::warn!("fine-tunes are left for the next run");
            break;
        }
        advanced.seen += 1;
        match advance(tools, context, &key).await {
            Ok(steps) => advanced.steps += steps,
            // A full quota needs no action of an operator.
            Err(Error::Trainer(TrainerError::Busy(_))) => {
                tracing::warn!(fine_tune = key.id(), "the provider has no room; the next run asks again");
                advanced.waiting += 1;
            }
            // Another run took it further, or an admin canceled it.
            Err(Error::Conflict) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    fine_tune = key.id(),
                    "a fine-tune could not go on; the next run tries again"
                );
                failure.get_or_insert(error);
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(advanced),
    }
}

/// Takes one fine-tune further; returns the number of events.
async fn advance(tools: Tools<'_>, context: &Context, key: &AggregateKey) -> Result<u32, Error> {
    let mut steps = 0;
    for _ in 0..STEPS {
        let pending = PendingChange::<FineTune>::load(tools.store, key.clone(), &[]).await?;
        let Some(mut pending) = pending else { break };
        let Some(event) = next(tools, context, key, pending.state()).await? else { break };
        pending.record(&event, context, &Actor::system("advance-fine-tunes"))?;
        pending.commit(tools.store).await?;
        steps += 1;
    }
    Ok(steps)
}

async fn next(
    tools: Tools<'_>,
    context: &Context,
    key: &AggregateKey,
    state: &FineTune,
) -> Result<Option<FineTuneEvent>, Error> {
    let name = JobName::of(&state.id);
    match state.status {
        FineTuneStatus::AwaitingFile => await_file(tools, context, key, state).await,
        FineTuneStatus::Submitting => {
            match tools.trainer.start(&TrainingJob::of(key.tenant(), state)).await {
                Ok(job) => Ok(fine_tune::start_fine_tune(state, &job)),
                Err(TrainerError::Refused(code)) => {
                    tracing::warn!(fine_tune = key.id(), code, "the provider refuses a job");
                    Ok(fail(state, &code))
                }
                // The answer may have been lost; an existing job is never given up.
                Err(_)
                    if state.submission_timed_out(context.now)
                        && tools.trainer.job_state(&name).await?.is_none() =>
                {
                    Ok(fail(state, "The provider took no job for three days."))
                }
                Err(error) => Err(error.into()),
            }
        }
        FineTuneStatus::Training => Ok(match tools.trainer.job_state(&name).await? {
            Some(JobState::Running) => None,
            Some(JobState::Completed(model)) => fine_tune::complete_fine_tune(state, &model),
            Some(JobState::Failed) => fail(state, "The job failed at the provider."),
            Some(JobState::Stopped) => fail(state, "The job was stopped at the provider."),
            None => fail(state, "The job is gone at the provider."),
        }),
        FineTuneStatus::Canceled if state.stopping => match tools.trainer.job_state(&name).await? {
            Some(JobState::Running) => {
                tools.trainer.stop(&name).await?;
                Ok(None)
            }
            // A run that was about to start the job when it was canceled may still do so.
            None if state.may_still_start(context.now) => Ok(None),
            // The job ended before it could be stopped. The model is not wanted, and no fine-tune would name it.
            Some(JobState::Completed(model)) => {
                tools.trainer.delete_model(&model).await?;
                Ok(fine_tune::stop_fine_tune(state))
            }
            None | Some(JobState::Failed | JobState::Stopped) => Ok(fine_tune::stop_fine_tune(state)),
        },
        FineTuneStatus::Completed | FineTuneStatus::Failed | FineTuneStatus::Canceled => Ok(None),
    }
}

fn fail(state: &FineTune, why: &str) -> Option<FineTuneEvent> {
    fine_tune::fail_fine_tune(state, Failure::of_provider(why))
}

/// Checks an existing file, or ends the wait for a missing one.
async fn await_file(
    tools: Tools<'_>,
    context: &Context,
    key: &AggregateKey,
    state: &FineTune,
) -> Result<Option<FineTuneEvent>, Error> {
    let id = key.id().parse().map_err(|_| StoreError::Malformed("the id of a fine-tune"))?;
    let place = FileKey::new(key.tenant(), &id);
    let Some(size) = tools.files.size(&place).await? else {
        return Ok(fine_tune::fail_for_missing_file(state, context.now));
    };
    let differs = || Ok(fine_tune::fail_fine_tune(state, Failure::of(FailureReason::FileDiffers)));
    let declared = &state.training_file;
    if size != declared.bytes {
        return differs();
    }
    match check(tools.files, &place, declared).await? {
        Some(check) => Ok(fine_tune::judge_file(state, check.finish())),
        None => differs(),
    }
}

/// Reads the file piece by piece; `None` when it is not the declared file.
async fn check(
    files: &dyn TrainingFiles,
    place: &FileKey,
    declared: &TrainingFile,
) -> Result<Option<FileCheck>, Error> {
    let mut check = FileCheck::default();
    let mut digest = Digest::new(&SHA256);
    let mut offset = 0;
    while offset < declared.bytes {
        let piece = files.read(place, offset, PIECE.min(declared.bytes - offset)).await?;
        if piece.is_empty() {
            return Ok(None);
        }
        digest.update(&piece);
        check.feed(&piece);
        offset = offset.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
    }
    let same = STANDARD.encode(digest.finish()) == declared.sha256;
    Ok((same && offset == declared.bytes).then_some(check))
}
