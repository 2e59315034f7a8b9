//! Cancels a batch: one read, one write, and one more write to claim an idempotency key. Lines that are being asked at
//! this moment are finished; the job puts the results together and gives the rest of the money back.

use super::key;
use crate::file_work::{CancelRequest, cancel};
use application_core::idempotency::RepeatableResult;
use application_core::{Context, Error, Precondition, check_owner};
use domain::Versioned;
use domain::ai::batch::{self, Batch};
use domain::authority::{Authority, UseBatches};
use domain::id::BatchId;
use ports::{IdempotencyKey, Store};

/// Cancels the batch; one that has ended, or that only has its results put together, stays as it is.
pub async fn cancel_batch(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseBatches>,
    id: &BatchId,
    precondition: &Precondition,
    idempotency: Option<&IdempotencyKey>,
) -> Result<RepeatableResult<Versioned<Batch>>, Error> {
    let request = CancelRequest { store, context, caller: authority.caller(), precondition, idempotency };
    cancel(
        request,
        key(authority.tenant(), id),
        &|batch: &Batch| check_owner(authority, batch.created_by),
        &|batch: &Batch| batch::cancel_batch(batch, authority.account()),
    )
    .await
}
