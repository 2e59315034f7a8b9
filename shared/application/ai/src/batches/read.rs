//! Reads batches: one read, or one query, and for a page after the first one a read of the last batch before it.

use super::key;
use application_core::{Context, Error, check_owner, lists, repository};
use domain::Versioned;
use domain::ai::batch::{Batch, BatchStatus};
use domain::authority::{Authority, UseBatches};
use domain::field::InvalidFields;
use domain::id::{BatchId, OrganizationId};
use ports::{BatchFileKey, BatchLinks, ListQuery, ListScope, RankBound, Store};
use std::time::Duration;

/// How long the address of a result is valid.
const DOWNLOAD_VALID: Duration = Duration::from_secs(3600);

/// How long files are kept, in seconds: 30 days, after which the bucket deletes them.
const KEPT: i64 = 30 * 24 * 3600;

/// The most batches that were created in the same millisecond and are told apart at the end of a page.
const AT_ONE_TIME: u32 = 10;

/// One batch, if the caller may see it.
pub async fn get_batch(
    store: &dyn Store,
    authority: &Authority<UseBatches>,
    id: &BatchId,
) -> Result<Versioned<Batch>, Error> {
    let key = key(authority.tenant(), id);
    let batch = repository::load::<Batch>(store, &key).await?.ok_or(Error::NotFound)?;
    check_owner(authority, batch.state.created_by).enforce(&key)?;
    Ok(batch)
}

/// The addresses of the results of a batch.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BatchLinksOf {
    /// Of the lines with a completion, if there are any.
    pub output: Option<String>,
    /// Of the lines with an error, if there are any.
    pub errors: Option<String>,
    /// When the addresses expire.
    pub expires_at: Option<domain::Timestamp>,
}

/// The addresses of the results; none while there are no results, or when they were deleted. It makes no call.
pub async fn links_of(
    links: &dyn BatchLinks,
    context: &Context,
    tenant: OrganizationId,
    batch: &Batch,
) -> Result<BatchLinksOf, Error> {
    let has_results =
        matches!(batch.status, BatchStatus::Completed | BatchStatus::Expired | BatchStatus::Cancelled)
            && batch.times.ended.is_some_and(|ended| context.now < ended.plus_seconds(KEPT));
    let mut found = BatchLinksOf::default();
    if has_results && batch.completed > 0 {
        let place = BatchFileKey::output(tenant, &batch.id);
        found.output = Some(links.download(&place, context.now, DOWNLOAD_VALID).await?);
    }
    if has_results && batch.failed > 0 {
        let place = BatchFileKey::errors(tenant, &batch.id);
        found.errors = Some(links.download(&place, context.now, DOWNLOAD_VALID).await?);
    }
    if found.output.is_some() || found.errors.is_some() {
        found.expires_at = Some(context.now.plus(DOWNLOAD_VALID));
    }
    Ok(found)
}

/// A page of batches.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchPage {
    /// The batches, newest first.
    pub batches: Vec<Batch>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// A page of the batches that the caller may see, newest first: those that were created before the batch `after`.
pub async fn list_batches(
    store: &dyn Store,
    authority: &Authority<UseBatches>,
    limit: u32,
    after: Option<&BatchId>,
) -> Result<BatchPage, Error> {
    let tenant = authority.tenant();
    let (list, scope) = match authority.only_owner() {
        Some(owner) => (Batch::OF_OWNER_BY_TIME, ListScope::Owner(tenant, owner)),
        None => (Batch::BY_TIME, ListScope::Organization(tenant)),
    };
    let mut query = ListQuery::of::<Batch>(list, scope, limit.saturating_add(1), None);
    if let Some(id) = after {
        let last = match get_batch(store, authority, id).await {
            Err(Error::NotFound | Error::Refused(_)) => {
                return Err(InvalidFields::one("after", "unknown", "must be the id of a batch").into());
            }
            found => found?,
        };
        // Equal times are ordered by identifier, so those of the last one's time are read again.
        let past = last.state.created_at.plus(Duration::from_millis(1));
        query.below = Some(RankBound::Time(past));
        query.limit = query.limit.saturating_add(AT_ONE_TIME);
    }
    let found = lists::page::<Batch>(store, &query).await?;
    let mut batches: Vec<Batch> = found.items.into_iter().map(|found| found.state).collect();
    if let Some(place) = after.and_then(|id| batches.iter().position(|batch| batch.id == *id)) {
        batches.drain(..=place);
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = batches.len() > most || found.next.is_some();
    batches.truncate(most);
    Ok(BatchPage { batches, has_more })
}
