//! Takes the open fine-tunes of all tenants a step further: checks uploaded files, has the provider train and deploy,
//! reads the status of jobs and deployments, and removes what canceled ones have at the provider.
//!
//! Each step is carried out at the provider first and recorded afterwards, and repeating it changes nothing: a job has
//! the name of its fine-tune. The next run completes a run that was killed at any point, and two simultaneous runs do
//! no harm: the second one to record a step is refused and leaves it.

use super::step::next_event;
use crate::Registry;
use application_core::lists::{self, ListedKeys};
use application_core::repository::{Actor, PendingChange, random};
use application_core::{Context, Error};
use domain::ai::fine_tune::FineTune;
use ports::{AggregateKey, AiState, ListQuery, ListScope, ProviderJobError, Store, Trainer, TrainingFiles};
use std::time::Duration;

/// The most fine-tunes that a run reads. It begins at any of them and goes on until its time is over. All open ones
/// must be among them, or the last would never be reached: 100,000 are those of 33,333 organizations.
const MOST: usize = 100_000;
/// The fine-tunes in one page of the list.
const PAGE: u32 = 1_000;
/// No fine-tune is begun with less time left: reading and checking the largest file takes some ten seconds.
const TIME_FOR_ONE: Duration = Duration::from_secs(20);
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
    /// Sets the money for training aside.
    pub ai: &'a dyn AiState,
    /// The models and the prices of their training.
    pub registry: &'a Registry,
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
            Err(Error::ProviderJob(ProviderJobError::Busy(_))) => {
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
        let Some(event) = next_event(tools, context, key, pending.state()).await? else { break };
        pending.record(&event, context, &Actor::system("advance-fine-tunes"))?;
        pending.commit(tools.store).await?;
        steps += 1;
    }
    Ok(steps)
}
