//! Reads and cancels jobs: everybody those that they started, admins all of the organization. A job of somebody else is
//! answered like a missing one, and so is a job whose time is over.

use application_core::command::{Change, Command, change};
use application_core::idempotency::RepeatableResult;
use application_core::jobs::job_key;
use application_core::repository::Actor;
use application_core::{AccessDecision, Context, Error, Precondition, check_owner, lists, repository};
use domain::authority::{Authority, UseJobs};
use domain::id::{JobId, OrganizationId};
use domain::job::{self, Job, JobKind, JobStatus, KEPT_SECONDS};
use domain::lists::{Filter, FilterValue};
use domain::{Timestamp, Versioned};
use ports::{
    Condition, IdempotencyKey, JobFileKey, JobLinks, ListQuery, ListScope, Page, Position, RankBound, Store,
};
use std::time::Duration;

/// How long the address of a result is valid: 15 minutes. It is made for each answer and never stored.
const DOWNLOAD_VALID: Duration = Duration::from_secs(15 * 60);

/// Which jobs are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct JobFilters {
    /// Only jobs with this status.
    pub status: Option<JobStatus>,
    /// Only jobs of this kind.
    pub kind: Option<JobKind>,
}

/// A page of the jobs that the caller may see, newest first: one query for each round.
pub async fn list_jobs(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseJobs>,
    filters: JobFilters,
    (limit, after): (u32, Option<Position>),
) -> Result<Page<Versioned<Job>>, Error> {
    let tenant = authority.tenant();
    let (list, scope) = match authority.only_owner() {
        Some(owner) => (Job::OF_OWNER_BY_TIME, ListScope::Owner(tenant, owner)),
        None => (Job::BY_TIME, ListScope::Organization(tenant)),
    };
    let mut query = ListQuery::of::<Job>(list, scope, limit, after);
    // DynamoDB deletes jobs some time after their end; until then they must not be seen.
    query.at_least = Some(RankBound::Time(context.now.plus_seconds(1 - KEPT_SECONDS)));
    let equals = |filter, name: &str| Condition::Equals(filter, FilterValue::Text(name.to_owned()));
    query.conditions.extend(filters.status.map(|status| equals(Filter::Status, status.as_str())));
    query.conditions.extend(filters.kind.map(|kind| equals(Filter::Kind, kind.as_str())));
    Ok(lists::page::<Job>(store, &query).await?)
}

/// One job: one read.
pub async fn get_job(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseJobs>,
    id: &JobId,
) -> Result<Versioned<Job>, Error> {
    let key = job_key(authority.tenant(), id);
    let job = repository::load::<Job>(store, &key).await?.ok_or(Error::NotFound)?;
    access(authority, &job.state, context.now).enforce(&key)?;
    Ok(job)
}

/// Cancels a job: one read, one write, and one more write to claim an idempotency key. A job that no worker has begun
/// ends at once; a running one ends when its worker sees the cancellation; one that has ended stays as it is.
pub async fn cancel_job(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseJobs>,
    id: &JobId,
    precondition: &Precondition,
    idempotency: Option<&IdempotencyKey>,
) -> Result<RepeatableResult<Versioned<Job>>, Error> {
    let actor = Actor::caller(authority.caller());
    let command = Command { store, context, actor, idempotency: idempotency.into() };
    let cancellation = Change {
        key: job_key(authority.tenant(), id),
        subjects: &[],
        precondition,
        access: &|job: &Job| access(authority, job, context.now),
        decide: &|job: &Versioned<Job>| {
            let event = job::request_job_cancel(&job.state, authority.account(), context.now);
            Ok(event.into_iter().collect())
        },
        erases: &[],
        removes: false,
    };
    change(&command, &cancellation).await
}

/// The address of the result; none when the job has no file. It makes no call.
pub async fn result_url(
    links: &dyn JobLinks,
    context: &Context,
    tenant: OrganizationId,
    job: &Job,
) -> Result<Option<String>, Error> {
    let Some(name) = &job.result_file else { return Ok(None) };
    let place = JobFileKey::result(tenant, &job.id, name);
    Ok(Some(links.download(&place, context.now, DOWNLOAD_VALID).await?))
}

fn access(authority: &Authority<UseJobs>, job: &Job, now: Timestamp) -> AccessDecision {
    if now >= job.kept_until() {
        return AccessDecision::Missing;
    }
    check_owner(authority, job.created_by)
}
