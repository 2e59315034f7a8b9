//! Creates a batch: a claim when there is an idempotency key, a query of the organization's open batches, one count, one
//! write. The file is uploaded with the answer's upload. A repeated request gets the same batch with a new upload while it
//! waits for its file, and does not count, so that a client that lost the first upload can go on.

use super::key;
use application_core::command::{Command, Creation, create_once};
use application_core::idempotency::RepeatableResult;
use application_core::limits::{BATCHES, OPEN_BATCHES, allowed};
use application_core::repository::{self, Actor};
use application_core::{AccessDecision, Context, Error, lists};
use domain::ai::batch::{self, Batch, BatchEvent, BatchStatus, CreateBatch, WINDOW};
use domain::authority::{Authority, Credential, UseBatches};
use domain::field::InvalidFields;
use domain::id::{BatchId, OrganizationId};
use domain::{Timestamp, Versioned};
use ports::{
    BatchFileKey, BatchLinks, IdempotencyKey, LimitDecision, Limiter, ListQuery, ListScope, RankBound, Store,
    Upload,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long an upload is valid.
const UPLOAD_VALID: Duration = Duration::from_secs(3600);
/// The longest time for which an open batch is looked for, in seconds: its window, and the time to put its results
/// together.
const LONGEST_OPEN: i64 = 2 * WINDOW;
/// The number of batches that a query reads.
const PAGE: u32 = 100;
/// The most batches of an organization that are open at once.
const MOST_OPEN: usize = OPEN_BATCHES.burst as usize;

/// The request of a caller.
#[derive(Debug)]
pub struct NewBatch<'a> {
    /// The route to which the lines are requests.
    pub endpoint: &'a str,
    /// The time within which it is run.
    pub completion_window: &'a str,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, base64.
    pub sha256: &'a str,
    /// Pairs of the caller.
    pub metadata: &'a BTreeMap<String, String>,
}

/// A created batch and the upload of its file.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatedBatch {
    /// The batch.
    pub batch: Versioned<Batch>,
    /// The request that uploads the file; `None` if a repeated request finds that the batch waits for no file any more.
    pub upload: Option<Upload>,
}

/// Checks the fields of a batch.
pub fn check_batch(
    context: &Context,
    authority: &Authority<UseBatches>,
    input: &NewBatch<'_>,
) -> Result<(), InvalidFields> {
    // The id is not checked; without randomness the request itself fails.
    let Ok(id) = context.new_id() else { return Ok(()) };
    decide(id, authority, input).map(drop)
}

fn decide(
    id: BatchId,
    authority: &Authority<UseBatches>,
    input: &NewBatch<'_>,
) -> Result<BatchEvent, InvalidFields> {
    batch::create_batch(&CreateBatch {
        id,
        endpoint: input.endpoint,
        completion_window: input.completion_window,
        bytes: input.bytes,
        sha256: input.sha256,
        metadata: input.metadata,
        created_by: authority.account(),
        api_key: match &authority.caller().credential {
            Credential::ApiKey { id, .. } => Some(*id),
            Credential::Session { .. } => None,
        },
    })
}

/// Creates a batch of the caller's organization.
pub async fn create_batch(
    (store, limiter): (&dyn Store, &dyn Limiter),
    links: &dyn BatchLinks,
    context: &Context,
    authority: &Authority<UseBatches>,
    input: &NewBatch<'_>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<RepeatableResult<CreatedBatch>, Error> {
    let tenant = authority.tenant();
    let id: BatchId = context.new_id()?;
    let event = decide(id, authority, input)?;
    let actor = Actor::caller(authority.caller());
    let command = Command { store, context, actor, idempotency: idempotency.into() };
    let creation = Creation {
        key: key(tenant, &id),
        subjects: &[],
        event: &event,
        access: &|_: &Batch| AccessDecision::Granted,
        admission: Some(Box::pin(admit((store, limiter), context, tenant))),
    };
    let RepeatableResult { value: batch, replayed } = create_once(&command, creation).await?;
    // The replayed state is the created one, and the batch may have gone on since.
    let awaits_file = if replayed {
        let current = repository::load::<Batch>(store, &key(tenant, &batch.state.id)).await?;
        current.is_some_and(|current| current.state.status == BatchStatus::Validating)
    } else {
        true
    };
    let upload = if awaits_file {
        let place = BatchFileKey::input(tenant, &batch.state.id);
        Some(links.upload(&place, &batch.state.input_file, context.now, UPLOAD_VALID).await?)
    } else {
        None
    };
    Ok(RepeatableResult { value: CreatedBatch { batch, upload }, replayed })
}

/// Whether the organization may have one more batch. The request counts in its limit.
async fn admit(
    (store, limiter): (&dyn Store, &dyn Limiter),
    context: &Context,
    tenant: OrganizationId,
) -> Result<(), Error> {
    if count_open(store, tenant, context.now).await? >= MOST_OPEN {
        return Err(Error::Limited(too_many_open()));
    }
    allowed(limiter.take(BATCHES, &tenant.to_string(), context.now).await?)?;
    Ok(())
}

/// The number of the organization's batches that have not ended. The list is an index that follows its table: one that
/// was created at this very moment may be missing.
async fn count_open(store: &dyn Store, tenant: OrganizationId, now: Timestamp) -> Result<usize, Error> {
    let scope = ListScope::Organization(tenant);
    let mut query = ListQuery::of::<Batch>(Batch::BY_TIME, scope, PAGE, None);
    query.at_least = Some(RankBound::Time(now.plus_seconds(-LONGEST_OPEN)));
    Ok(lists::count(store, query, MOST_OPEN, Batch::has_not_ended).await?)
}

/// The time at which one of them ends is not known; a caller may cancel one.
fn too_many_open() -> LimitDecision {
    let wait = OPEN_BATCHES.period_seconds;
    LimitDecision {
        limit: OPEN_BATCHES,
        allowed: false,
        remaining: 0,
        retry_after_seconds: wait,
        reset_seconds: wait,
    }
}
