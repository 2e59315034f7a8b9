//! The state of a batch after each of its events.

use super::{Batch, BatchCreated, BatchEnd, BatchEvent, BatchProgress, BatchStatus, BatchTimes, add_usage};
use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::EventMeta;
use crate::lists::{ListEntry, Rank, Within};

impl Batch {
    fn progressed(mut self, progress: &BatchProgress, at: Timestamp) -> Self {
        self.lines_done = self.lines_done.saturating_add(progress.lines);
        self.bytes_done = self.bytes_done.saturating_add(progress.bytes);
        self.completed = self.completed.saturating_add(progress.completed);
        self.failed = self.failed.saturating_add(progress.failed);
        self.attempts = self.attempts.saturating_add(progress.attempts);
        add_usage(&mut self.usage, &progress.usage);
        self.claimed_until = None;
        if self.status == BatchStatus::InProgress && self.lines_left() == 0 {
            self.status = BatchStatus::Finalizing;
            self.end = Some(BatchEnd::Completed);
            self.times.finalizing = Some(at);
        }
        self
    }

    /// Goes on to its end: at once when nothing was asked, otherwise when its results are put together.
    fn ending(mut self, end: BatchEnd, at: Timestamp) -> Self {
        if end == BatchEnd::Cancelled {
            self.times.cancelling = Some(at);
        }
        if self.reservation.is_none() {
            return self.ended(end, at);
        }
        self.end = Some(end);
        if end == BatchEnd::Cancelled {
            self.status = BatchStatus::Cancelling;
        } else {
            self.status = BatchStatus::Finalizing;
            self.times.finalizing = Some(at);
        }
        self
    }

    fn ended(mut self, end: BatchEnd, at: Timestamp) -> Self {
        self.status = match end {
            BatchEnd::Completed => BatchStatus::Completed,
            BatchEnd::Expired => BatchStatus::Expired,
            BatchEnd::Cancelled => BatchStatus::Cancelled,
        };
        self.end = Some(end);
        self.claimed_until = None;
        self.times.ended = Some(at);
        self
    }
}

impl Aggregate for Batch {
    const TYPE: AggregateType = AggregateType::Batch;
    type Event = BatchEvent;

    fn apply(state: Option<Self>, event: &BatchEvent, meta: EventMeta) -> Option<Self> {
        let state = match (state, event) {
            (None, BatchEvent::Created(facts)) => return Some(created(facts, meta.at)),
            (None, _) => return None,
            (Some(state), _) => state,
        };
        let validating = state.status == BatchStatus::Validating;
        let goes_on = validating || state.status == BatchStatus::InProgress;
        Some(match event {
            BatchEvent::Claimed(facts) if state.has_not_ended() => {
                Self { claimed_until: Some(facts.until), ..state }
            }
            BatchEvent::Started(facts) if validating => Self {
                status: BatchStatus::InProgress,
                lines: facts.lines,
                reservation: Some(facts.reservation.clone()),
                provider_model: facts.provider_model.clone(),
                claimed_until: None,
                times: BatchTimes { in_progress: Some(meta.at), ..state.times },
                ..state
            },
            BatchEvent::Submitted(facts) if state.provider_model.is_some() && state.has_not_ended() => {
                Self { provider_job: Some(facts.provider_job.clone()), claimed_until: None, ..state }
            }
            BatchEvent::Requeued(_) if state.status == BatchStatus::InProgress && state.lines_done == 0 => {
                Self { provider_model: None, provider_job: None, claimed_until: None, ..state }
            }
            BatchEvent::Progressed(facts) if state.reservation.is_some() && state.has_not_ended() => {
                state.progressed(&facts.progress, meta.at)
            }
            BatchEvent::Failed(facts) if validating => Self {
                status: BatchStatus::Failed,
                failure: Some(facts.failure.clone()),
                claimed_until: None,
                times: BatchTimes { ended: Some(meta.at), ..state.times },
                ..state
            },
            BatchEvent::Cancelled(_) if goes_on => state.ending(BatchEnd::Cancelled, meta.at),
            BatchEvent::Expired(_) if goes_on => state.ending(BatchEnd::Expired, meta.at),
            BatchEvent::Ended(facts) if state.has_not_ended() => state.ended(facts.end, meta.at),
            _ => state,
        })
    }

    fn lists(&self) -> Vec<ListEntry> {
        let rank = Rank::Time(self.created_at);
        let entry = |list, within| ListEntry { list, within, rank: rank.clone() };
        let mut entries = vec![
            entry(Self::BY_TIME, Within::Organization),
            entry(Self::OF_OWNER_BY_TIME, Within::Owner(self.created_by)),
        ];
        if self.has_not_ended() {
            entries.push(entry(Self::OPEN, Within::Open));
        }
        entries
    }
}

fn created(facts: &BatchCreated, at: Timestamp) -> Batch {
    Batch {
        id: facts.batch_id,
        input_file: facts.input_file.clone(),
        metadata: facts.metadata.clone(),
        created_by: facts.created_by,
        api_key: facts.api_key_id,
        status: BatchStatus::Validating,
        end: None,
        failure: None,
        lines: 0,
        lines_done: 0,
        bytes_done: 0,
        completed: 0,
        failed: 0,
        attempts: 0,
        usage: Vec::new(),
        reservation: None,
        provider_model: None,
        provider_job: None,
        claimed_until: None,
        created_at: at,
        times: BatchTimes::default(),
    }
}
