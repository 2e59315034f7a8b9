//! Lists the organization's API keys, newest first, including revoked and expired ones: one query, and one read of
//! their last uses.

use application_core::{Context, Error};
use domain::authority::{Authority, ManageApiKeys};
use domain::id::ApiKeyId;
use domain::tenancy::ApiKey;
use domain::{AggregateType, Timestamp, Versioned};
use ports::{KeyUses, ListOrder, ListQuery, Page, Position, Store, StoredState};

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
    let query = ListQuery {
        tenant: authority.tenant(),
        kind: AggregateType::ApiKey,
        owner: None,
        order: ListOrder::Created,
        filters: Vec::new(),
        min_score: None,
        created_from: None,
        created_to: None,
        limit,
        after,
    };
    let page = store.list(&query).await?;
    let found: Vec<Versioned<ApiKey>> =
        page.items.into_iter().map(StoredState::decode).collect::<Result<_, _>>()?;
    let ids: Vec<ApiKeyId> = found.iter().map(|key| key.state.id).collect();
    let last = uses.last(authority.tenant(), &ids, context.now).await?;
    let listed = |key: Versioned<ApiKey>| {
        let last_used_at = last.get(&key.state.id).copied();
        ListedApiKey { record: key.state, last_used_at }
    };
    Ok(Page { items: found.into_iter().map(listed).collect(), next: page.next })
}
