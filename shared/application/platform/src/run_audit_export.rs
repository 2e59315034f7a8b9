//! Writes entries of the audit log to a file of JSON Lines, as a job. Entries never change, and the job fixes how many of
//! them it reads when it begins. So each part has the same bytes whoever writes it and however often, and a worker that
//! is killed, or started twice, harms nothing: the next one goes on after the last recorded part.

use application_core::jobs::{JobWorker, job_key};
use application_core::{Context, Error, repository};
use domain::Timestamp;
use domain::audit::export_line;
use domain::id::{JobId, OrganizationId};
use domain::job::{Job, JobFact, JobFacts, JobKind};
use futures_util::stream::{self, StreamExt};
use ports::{AuditFilter, AuditReader, JobFileKey, JobFiles, Store};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The entries of a part, which a worker holds in memory: some megabytes. Jobs that run while it is changed fail.
const PART: u64 = 5_000;
/// No part is begun, and no file put together, with less time left.
const TIME_FOR_A_STEP: Duration = Duration::from_secs(20);
/// The name of the result.
const RESULT: &str = "audit-entries.jsonl";
/// The name of the worker in events.
const WORKER: &str = "run-audit-export";

/// The ports of the export.
#[derive(Clone, Copy)]
pub struct AuditExportTools<'a> {
    /// Loads and commits the job.
    pub store: &'a dyn Store,
    /// Reads the log.
    pub log: &'a dyn AuditReader,
    /// Writes the file.
    pub files: &'a dyn JobFiles,
}

/// Carries the export out, or goes on with it.
///
/// # Errors
///
/// [`Error::DeadlineExceeded`] when the next delivery has to go on.
pub async fn run_audit_export(
    tools: AuditExportTools<'_>,
    context: &Context,
    tenant: OrganizationId,
    id: &JobId,
) -> Result<(), Error> {
    let key = job_key(tenant, id);
    let Some(found) = repository::load::<Job>(tools.store, &key).await? else { return Ok(()) };
    let job = found.state;
    if job.kind != JobKind::AuditExport || job.has_ended() || context.now >= job.kept_until() {
        return Ok(());
    }
    let worker = JobWorker { store: tools.store, context, function: WORKER, key };
    let Some(filter) = filter(&job.input) else {
        return worker.fail("invalid_input", "The filter of the export can't be read.").await;
    };
    let extent = match job.extent {
        Some(extent) => extent,
        None => tools.log.count(tenant).await?,
    };
    // Another worker may have begun at the same time with another number; the recorded one counts.
    let Some(job) = worker.begin(extent).await? else { return Ok(()) };
    let extent = job.extent.unwrap_or(extent);
    let mut position = job.position;
    while position < extent {
        if context.time_left() < TIME_FOR_A_STEP {
            return Err(Error::DeadlineExceeded);
        }
        let last = extent.min(position.saturating_add(PART));
        let lines = lines(tools.log, tenant, &filter, (position.saturating_add(1), last)).await?;
        let part = JobFileKey::part(tenant, id, position);
        tools.files.write(&part, stream::iter([Ok(lines)]).boxed()).await?;
        if worker.progress(last, "reading").await?.is_none() {
            return Ok(());
        }
        position = last;
    }
    if context.time_left() < TIME_FOR_A_STEP {
        return Err(Error::DeadlineExceeded);
    }
    let entries = put_together(tools.files, tenant, id, extent).await?;
    let result = [("entries", entries), ("read_through_sequence", extent)];
    let result = result.map(|(name, number)| (name.to_owned(), JobFact::Number(number)));
    worker.succeed(result.into(), Some(RESULT)).await
}

/// The filter in a job's input.
fn filter(input: &JobFacts) -> Option<AuditFilter> {
    let mut filter = AuditFilter::default();
    for (name, fact) in input {
        let JobFact::Text(text) = fact else { return None };
        match name.as_str() {
            "actor" => filter.actor = Some(text.clone()),
            "action" => filter.action = Some(text.clone()),
            "from" => filter.from = Some(Timestamp::parse(text).ok()?),
            "to" => filter.to = Some(Timestamp::parse(text).ok()?),
            _ => return None,
        }
    }
    Some(filter)
}

/// The lines of the entries between two numbers, both included, that satisfy the filter.
async fn lines(
    log: &dyn AuditReader,
    tenant: OrganizationId,
    filter: &AuditFilter,
    (first, last): (u64, u64),
) -> Result<Vec<u8>, Error> {
    let mut lines = Vec::new();
    for entry in log.range(tenant, first, last).await? {
        if filter.takes(&entry.record) {
            lines.extend_from_slice(&export_line(&entry.hash, &entry.stored));
            lines.push(b'\n');
        }
    }
    Ok(lines)
}

/// Makes the file of its parts, and returns the number of its lines.
async fn put_together(
    files: &dyn JobFiles,
    tenant: OrganizationId,
    id: &JobId,
    extent: u64,
) -> Result<u64, Error> {
    let lines = AtomicU64::new(0);
    let begins =
        (0..).map(|number: u64| number.saturating_mul(PART)).take_while(move |begin| *begin < extent);
    let parts = stream::iter(begins).then(|begin| {
        let (place, lines) = (JobFileKey::part(tenant, id, begin), &lines);
        async move {
            let part = files.read(&place).await?;
            let ends = part.iter().filter(|byte| **byte == b'\n').count();
            lines.fetch_add(u64::try_from(ends).unwrap_or(u64::MAX), Ordering::Relaxed);
            Ok(part)
        }
    });
    files.write(&JobFileKey::result(tenant, id, RESULT), parts.boxed()).await?;
    Ok(lines.load(Ordering::Relaxed))
}
