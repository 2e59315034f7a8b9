//! Cancels a fine-tune: one read, one write, and one more write to claim an idempotency key. The job stops the training
//! at the provider, and also finds a job that is being started at this moment.

use super::key;
use application_core::idempotency::{Answer, claim, outcome, remember, replay};
use application_core::repository::{Actor, Work};
use application_core::{Context, Error};
use domain::Versioned;
use domain::ai::fine_tune::{self, FineTune};
use domain::authority::{Authority, ManageFineTunes};
use domain::id::FineTuneId;
use ports::{IdempotencyKey, Store, Transaction};

/// The most tries when the job changes the fine-tune at the same time.
const TRIES: usize = 3;

/// Cancels the fine-tune; one that has ended stays as it is.
pub async fn cancel_fine_tune(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<ManageFineTunes>,
    id: &FineTuneId,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Answer<FineTune>, Error> {
    if let Some(outcome) = claim(store, idempotency, context).await? {
        let key = |id: &str| id.parse().map(|id| key(authority.tenant(), &id)).map_err(|_| Error::NotFound);
        let earlier = replay::<FineTune>(store, key, outcome, |_| true).await?;
        let Answer { value, replayed } = earlier.ok_or(Error::NotFound)?;
        return Ok(Answer { value: value.state, replayed });
    }
    let (result, remembered) = match cancel(store, context, authority, id, idempotency).await {
        Ok((fine_tune, changed)) => (Ok(Answer::first(fine_tune.state)), changed),
        Err(error) => (Err(error), false),
    };
    if let (Some(key), false) = (idempotency, remembered) {
        // A failed release only delays the retry until the claim ends by itself.
        let _ = store.release(key).await;
    }
    result
}

/// The fine-tune, and whether it was canceled now.
async fn cancel(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<ManageFineTunes>,
    id: &FineTuneId,
    idempotency: Option<&IdempotencyKey>,
) -> Result<(Versioned<FineTune>, bool), Error> {
    let key = key(authority.tenant(), id);
    for _ in 0..TRIES {
        let mut work = Work::<FineTune>::load(store, key.clone(), &[]).await?.ok_or(Error::NotFound)?;
        let state = work.state().ok_or(Error::NotFound)?;
        let Some(event) = fine_tune::cancel_fine_tune(state, authority.account()) else {
            return Ok((work.finish()?.1, false));
        };
        work.record(&event, context, &Actor::caller(authority.caller()))?;
        let (change, after) = work.finish()?;
        let transaction = Transaction {
            changes: vec![change],
            idempotency: remember(idempotency, || outcome(id, after.version), context.now),
            idempotency_claimed: idempotency.is_some(),
            ..Transaction::default()
        };
        match store.commit(&transaction).await.map_err(Error::from) {
            Ok(()) => return Ok((after, true)),
            Err(Error::VersionMismatch) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}
