//! Cancels a fine-tune: one read, one write. What the provider trains is stopped by the job, which also finds what is
//! being started at this moment.

use super::key;
use crate::ports::Store;
use crate::repository::{Actor, Work};
use crate::{Context, Error};
use domain::ai::fine_tune::{self, FineTune};
use domain::authority::{Authority, ManageFineTunes};
use domain::id::FineTuneId;

/// Cancels the fine-tune; one that has ended stays as it is.
pub async fn cancel_fine_tune(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<ManageFineTunes>,
    id: &FineTuneId,
) -> Result<FineTune, Error> {
    let key = key(authority.tenant(), id);
    for _ in 0..3 {
        let mut work = Work::<FineTune>::load(store, key.clone(), &[]).await?.ok_or(Error::NotFound)?;
        let state = work.state().ok_or(Error::NotFound)?;
        let Some(event) = fine_tune::cancel_fine_tune(state, authority.account()) else {
            return Ok(state.clone());
        };
        work.record(&event, context, &Actor::caller(authority.caller()))?;
        match work.commit(store).await {
            Err(Error::VersionMismatch) => {}
            result => return result.map(|after| after.state),
        }
    }
    Err(Error::Contended)
}
