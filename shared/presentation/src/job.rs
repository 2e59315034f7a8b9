//! Jobs.

use contracts::job::{Job as Shown, JobError};
use domain::job::{Job, JobFact};

/// A job as every answer shows it; the address of its result is made for each answer.
pub fn job(job: &Job, result_url: Option<String>) -> Shown {
    let fact = |fact: &JobFact| match fact {
        JobFact::Number(number) => (*number).into(),
        JobFact::Text(text) => text.clone().into(),
    };
    let result = job.result.as_ref();
    Shown {
        id: job.id.to_string(),
        kind: job.kind.as_str().to_owned(),
        created_by: job.created_by.to_string(),
        status: job.status.as_str().to_owned(),
        cancel_requested: job.cancel_requested,
        progress: job.progress,
        step: job.step.clone(),
        result: result.map(|facts| facts.iter().map(|(name, it)| (name.clone(), fact(it))).collect()),
        result_url,
        error: job
            .failure
            .as_ref()
            .map(|failure| JobError { code: failure.code.clone(), message: failure.message.clone() }),
        created_at: job.created_at.to_string(),
        started_at: job.started_at.map(|at| at.to_string()),
        finished_at: job.finished_at.map(|at| at.to_string()),
        expires_at: job.kept_until().to_string(),
    }
}
