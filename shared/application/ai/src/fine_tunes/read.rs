//! Reads the organization's fine-tunes: one read, or one query.

use super::key;
use application_core::{Error, lists, repository};
use domain::Versioned;
use domain::ai::fine_tune::FineTune;
use domain::authority::{Authority, ManageFineTunes};
use domain::id::FineTuneId;
use ports::{ListQuery, ListScope, Page, Position, Store};

/// One fine-tune.
pub async fn get_fine_tune(
    store: &dyn Store,
    authority: &Authority<ManageFineTunes>,
    id: &FineTuneId,
) -> Result<Versioned<FineTune>, Error> {
    repository::load::<FineTune>(store, &key(authority.tenant(), id)).await?.ok_or(Error::NotFound)
}

/// A page of them, newest first.
pub async fn list_fine_tunes(
    store: &dyn Store,
    authority: &Authority<ManageFineTunes>,
    (limit, after): (u32, Option<Position>),
) -> Result<Page<FineTune>, Error> {
    let scope = ListScope::Organization(authority.tenant());
    let query = ListQuery::of::<FineTune>(FineTune::BY_TIME, scope, limit, after);
    let page = lists::page::<FineTune>(store, &query).await?;
    Ok(Page { items: page.items.into_iter().map(|found| found.state).collect(), next: page.next })
}
