//! Lists the organization's API keys, newest first, including revoked and expired ones: one query, and one read of
//! their last uses.

use application_core::{Context, Error, lists};
use domain::authority::{Authority, ManageApiKeys};
use domain::id::ApiKeyId;
use domain::tenancy::ApiKey;
use domain::{Timestamp, Versioned};
use ports::{KeyUses, ListQuery, ListScope, Page, Position, Store};

/// A key in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedApiKey {
    /// Its record.
    pub record: ApiKey,
    /// When it was last used, to the hour; none when it was never used.
    pub last_used_at: Option<Timestamp>,
}

/// A page of the keys.
pub async fn list_api_keys(
    (store, uses): (&dyn Store, &dyn KeyUses),
    context: &Context,
    authority: &Authority<ManageApiKeys>,
    (limit, after): (u32, Option<Position>),
) -> Result<Page<ListedApiKey>, Error> {
    let scope = ListScope::Organization(authority.tenant());
    let query = ListQuery::of::<ApiKey>(ApiKey::BY_TIME, scope, limit, after);
    let page = lists::page::<ApiKey>(store, &query).await?;
    let ids: Vec<ApiKeyId> = page.items.iter().map(|key| key.state.id).collect();
    let last = uses.last(authority.tenant(), &ids, context.now).await?;
    let listed = |key: Versioned<ApiKey>| {
        let last_used_at = last.get(&key.state.id).copied();
        ListedApiKey { record: key.state, last_used_at }
    };
    Ok(Page { items: page.items.into_iter().map(listed).collect(), next: page.next })
}
