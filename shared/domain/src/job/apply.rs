//! The state of a job after each of its events.

use super::{Job, JobCreated, JobEvent, JobStatus};
use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::EventMeta;
use crate::lists::{Filter, FilterValue, ListEntry, Rank, Within};

impl Job {
    fn ended(self, status: JobStatus, at: Timestamp) -> Self {
        Self { status, finished_at: Some(at), step: None, ..self }
    }

    /// The progress at a position, from 0 to 99: a job is complete only when it has succeeded.
    fn progress_at(&self, position: u64) -> u8 {
        let extent = self.extent.unwrap_or(0).max(1);
        let percent = u128::from(position) * 100 / u128::from(extent);
        u8::try_from(percent.min(99)).unwrap_or(99).max(self.progress)
    }
}

impl Aggregate for Job {
    const TYPE: AggregateType = AggregateType::Job;
    type Event = JobEvent;

    fn apply(state: Option<Self>, event: &JobEvent, meta: EventMeta) -> Option<Self> {
        let state = match (state, event) {
            (None, JobEvent::Created(facts)) => return Some(created(facts, meta.at)),
            (None, _) => return None,
            (Some(state), _) if state.has_ended() => return Some(state),
            (Some(state), _) => Self { active_at: meta.at, ..state },
        };
        Some(match event {
            JobEvent::Created(_) => state,
            JobEvent::Started(facts) => Self {
                status: JobStatus::Running,
                extent: Some(facts.extent),
                started_at: Some(meta.at),
                ..state
            },
            JobEvent::Progressed(facts) => Self {
                progress: state.progress_at(facts.position),
                position: facts.position.max(state.position),
                step: Some(facts.step.clone()),
                ..state
            },
            JobEvent::CancelRequested(_) => Self { cancel_requested: true, ..state },
            JobEvent::Canceled(_) => state.ended(JobStatus::Canceled, meta.at),
            JobEvent::Succeeded(facts) => Self {
                progress: 100,
                result: Some(facts.result.clone()),
                result_file: facts.result_file.clone(),
                ..state.ended(JobStatus::Succeeded, meta.at)
            },
            JobEvent::Failed(facts) => {
                Self { failure: Some(facts.failure.clone()), ..state.ended(JobStatus::Failed, meta.at) }
            }
        })
    }

    fn lists(&self) -> Vec<ListEntry> {
        let rank = Rank::Time(self.created_at);
        let entry = |list, within| ListEntry { list, within, rank: rank.clone() };
        vec![
            entry(Self::BY_TIME, Within::Organization),
            entry(Self::OF_OWNER_BY_TIME, Within::Owner(self.created_by)),
        ]
    }

    fn filters(&self) -> Vec<(Filter, FilterValue)> {
        let text = |value: &str| FilterValue::Text(value.to_owned());
        vec![(Filter::Status, text(self.status.as_str())), (Filter::Kind, text(self.kind.as_str()))]
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.kept_until())
    }
}

fn created(facts: &JobCreated, at: Timestamp) -> Job {
    Job {
        id: facts.job_id,
        kind: facts.kind,
        created_by: facts.created_by,
        input: facts.input.clone(),
        status: JobStatus::Queued,
        cancel_requested: false,
        progress: 0,
        step: None,
        position: 0,
        extent: None,
        result: None,
        result_file: None,
        failure: None,
        created_at: at,
        started_at: None,
        active_at: at,
        finished_at: None,
    }
}
