//! Cancels a fine-tune: one read, one write, and one more write to claim an idempotency key. The job stops the training
//! at the provider, also finds a job that is being started at this moment, and deletes deployment and model.

use super::key;
use crate::file_work::{CancelRequest, cancel};
use application_core::idempotency::RepeatableResult;
use application_core::{AccessDecision, Context, Error, Precondition};
use domain::Versioned;
use domain::ai::fine_tune::{self, FineTune};
use domain::authority::{Authority, ManageFineTunes};
use domain::id::FineTuneId;
use ports::{IdempotencyKey, Store};

/// Cancels the fine-tune, or retires its model, which can't be asked from now on. One that has failed or was canceled stays
/// as it is.
pub async fn cancel_fine_tune(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<ManageFineTunes>,
    id: &FineTuneId,
    precondition: &Precondition,
    idempotency: Option<&IdempotencyKey>,
) -> Result<RepeatableResult<Versioned<FineTune>>, Error> {
    let request = CancelRequest { store, context, caller: authority.caller(), precondition, idempotency };
    cancel(
        request,
        key(authority.tenant(), id),
        &|_: &FineTune| AccessDecision::Granted,
        &|fine_tune: &FineTune| fine_tune::cancel_fine_tune(fine_tune, authority.account()),
    )
    .await
}
