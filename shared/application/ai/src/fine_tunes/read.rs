//! Reads the organization's fine-tunes: one read, or one query.

use super::{key, list_query};
use application_core::limits::{READS, limited};
use application_core::repository;
use application_core::{Context, Error};
use domain::Versioned;
use domain::ai::fine_tune::FineTune;
use domain::authority::{Authority, ManageFineTunes};
use domain::id::FineTuneId;
use ports::{LimitDecision, Limiter, Page, Position, Store, StoredState};

/// One fine-tune.
pub async fn get_fine_tune(
    store: &dyn Store,
    limiter: &dyn Limiter,
    context: &Context,
    authority: &Authority<ManageFineTunes>,
    id: &FineTuneId,
) -> Result<(Versioned<FineTune>, LimitDecision), Error> {
    let read = async {
        let found = repository::load::<FineTune>(store, &key(authority.tenant(), id)).await?;
        found.ok_or(Error::NotFound)
    };
    limited(limiter, READS, &authority.account().to_string(), context.now, Box::pin(read)).await
}

/// A page of them, newest first.
pub async fn list_fine_tunes(
    store: &dyn Store,
    limiter: &dyn Limiter,
    context: &Context,
    authority: &Authority<ManageFineTunes>,
    page: (u32, Option<Position>),
) -> Result<(Page<FineTune>, LimitDecision), Error> {
    let query = list_query(authority.tenant(), page);
    let read = async {
        let page = store.list(&query).await?;
        let found: Vec<Versioned<FineTune>> =
            page.items.into_iter().map(StoredState::decode).collect::<Result<_, _>>()?;
        Ok(Page { items: found.into_iter().map(|found| found.state).collect(), next: page.next })
    };
    limited(limiter, READS, &authority.account().to_string(), context.now, Box::pin(read)).await
}
