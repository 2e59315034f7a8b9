//! Goes on with every open fine-tune, whosever it is: checks files that were brought, has the provider train, looks how it
//! stands, stops what was canceled.
//!
//! Each step is asked of the provider first and recorded after, and asking twice changes nothing: a job has the name of
//! its fine-tune. A run that is killed anywhere is made good by the next one, and two at once do no harm: who records
//! second is refused and leaves it.

use application_core::repository::{Actor, PendingChange, random};
use application_core::{Context, Error};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ai::fine_tune::{
    self, Failure, FailureReason, FineTune, FineTuneEvent, FineTuneStatus, TrainingFile,
};
use domain::ai::training_file::FileCheck;
use ports::{
    AggregateKey, FileKey, JobName, JobState, OpenFineTunes, OpenKeys, Store, StoreError, Trainer,
    TrainerError, TrainingFiles, TrainingJob,
};
use ring::digest::{Context as Digest, SHA256};
use std::time::Duration;

/// The most that one run chooses from, beginning anywhere among them and going on until its time is over. All that are open
/// have to be among them, or the last would never be seen: 100,000 are those of 33,333 organizations.
const MOST: u32 = 100_000;
/// None is begun with less time left: to read and check the largest file takes some ten seconds.
const TIME_FOR_ONE: Duration = Duration::from_secs(20);
/// How much of a file is read at once, in bytes.
const PIECE: u64 = 8 * 1024 * 1024;
/// A fine-tune goes through this many steps in a run: its file is accepted, and it is started.
const STEPS: usize = 2;

/// What the job works with.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// Where fine-tunes are kept.
    pub store: &'a dyn Store,
    /// Which of them are open.
    pub open: &'a dyn OpenFineTunes,
    /// Where their files are.
    pub files: &'a dyn TrainingFiles,
    /// Who trains.
    pub trainer: &'a dyn Trainer,
}

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Advanced {
    /// Fine-tunes that were looked at.
    pub seen: u32,
    /// Events that were recorded.
    pub steps: u32,
    /// Fine-tunes that wait because the provider has no room.
    pub waiting: u32,
}

/// Goes on with open fine-tunes until all were seen or the deadline is near. One that fails does not stop the others; when
/// any did, the run fails in the end, with the first failure, and the next run tries them again.
pub async fn advance_fine_tunes(tools: Tools<'_>, context: &Context) -> Result<Advanced, Error> {
    let mut advanced = Advanced::default();
    let mut failure = None;
    let OpenKeys { keys: mut open, malformed } = tools.open.open(MOST).await?;
    if malformed > 0 {
        tracing::error!(malformed, "entries of open fine-tunes name none; they are left");
    }
    // Runs that always ended before the last one would never see it.
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
            // A full quota is nothing that anybody must mend.
            Err(Error::Trainer(TrainerError::Busy(_))) => {
                tracing::warn!(fine_tune = key.id(), "the provider has no room; the next run asks again");
                advanced.waiting += 1;
            }
            // Somebody else went on with it, or canceled it.
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

/// Goes on with one, and says how many events that took.
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
                // An answer may have been lost; a job that is there is never given up.
                Err(_)
                    if state.submitted_in_vain(context.now) && tools.trainer.look(&name).await?.is_none() =>
                {
                    Ok(fail(state, "The provider took no job for three days."))
                }
                Err(error) => Err(error.into()),
            }
        }
        FineTuneStatus::Training => Ok(match tools.trainer.look(&name).await? {
            Some(JobState::Running) => None,
            Some(JobState::Completed(model)) => fine_tune::complete_fine_tune(state, &model),
            Some(JobState::Failed) => fail(state, "The job failed at the provider."),
            Some(JobState::Stopped) => fail(state, "The job was stopped at the provider."),
            None => fail(state, "The job is gone at the provider."),
        }),
        FineTuneStatus::Canceled if state.stopping => match tools.trainer.look(&name).await? {
            Some(JobState::Running) => {
                tools.trainer.stop(&name).await?;
                Ok(None)
            }
            // A run that was about to start the job when it was canceled may do so yet.
            None if state.may_start_late(context.now) => Ok(None),
            // It was done before it could be stopped. Nobody wants the model, and no fine-tune would name it.
            Some(JobState::Completed(model)) => {
                tools.trainer.discard(&model).await?;
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

/// The check of a file that is there, and the end of waiting for one that is not.
async fn await_file(
    tools: Tools<'_>,
    context: &Context,
    key: &AggregateKey,
    state: &FineTune,
) -> Result<Option<FineTuneEvent>, Error> {
    let id = key.id().parse().map_err(|_| StoreError::Malformed("the id of a fine-tune"))?;
    let place = FileKey::new(key.tenant(), &id);
    let Some(size) = tools.files.size(&place).await? else {
        return Ok(fine_tune::miss_file(state, context.now));
    };
    let differs = || Ok(fine_tune::fail_fine_tune(state, Failure::of(FailureReason::FileDiffers)));
    let declared = &state.training_file;
    if size != declared.bytes {
        return differs();
    }
    match check(tools.files, &place, declared).await? {
        Some(check) => Ok(fine_tune::take_file(state, check.finish())),
        None => differs(),
    }
}

/// Reads the file piece by piece; nothing when it is not the declared one.
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
