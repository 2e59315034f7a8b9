//! Creates a batch: a claim when there is an idempotency key, a query of the organization's open batches, one count, one
//! write. The file is uploaded with the answer's upload. A repeated request gets the same batch with a new upload while it
//! waits for its file, and does not count, so that a client that lost the first upload can go on.

use super::key;
use crate::file_work::{UPLOAD_VALID, WorkLimits, upload_of};
use application_core::command::{Command, Creation, create_once};
use application_core::idempotency::RepeatableResult;
use application_core::limits::{BATCHES, OPEN_BATCHES};
use application_core::repository::Actor;
use application_core::{AccessDecision, Context, Error};
use domain::Versioned;
use domain::ai::batch::{self, Batch, BatchEvent, BatchStatus, CreateBatch, WINDOW};
use domain::authority::{Authority, Credential, UseBatches};
use domain::field::InvalidFields;
use domain::id::{BatchId, OrganizationId};
use ports::{BatchFileKey, BatchLinks, IdempotencyKey, Limiter, Store, Upload};
use std::collections::BTreeMap;

/// How many batches an organization may create and have open. An open batch is looked for in its window, the time for which
/// it waits for a provider's job, and the time to put its results together.
const LIMITS: WorkLimits<Batch> = WorkLimits {
    created: BATCHES,
    open: OPEN_BATCHES,
    by_time: Batch::BY_TIME,
    longest_open: 3 * WINDOW,
    is_open: Batch::has_not_ended,
};

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
    let place = BatchFileKey::input(tenant, &batch.state.id);
    let awaits_file = |batch: &Batch| batch.status == BatchStatus::Validating;
    let upload = links.upload(&place, &batch.state.input_file, context.now, UPLOAD_VALID);
    let upload = upload_of(store, &key(tenant, &batch.state.id), replayed, awaits_file, upload).await?;
    Ok(RepeatableResult { value: CreatedBatch { batch, upload }, replayed })
}

/// Whether the organization may have one more batch. The request counts in its limit.
async fn admit(
    (store, limiter): (&dyn Store, &dyn Limiter),
    context: &Context,
    tenant: OrganizationId,
) -> Result<(), Error> {
    let open = LIMITS.count_open(store, tenant, context.now).await?;
    LIMITS.admit(limiter, context, tenant, open).await
}
