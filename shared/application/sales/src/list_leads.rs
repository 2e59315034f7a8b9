//! Lists leads: one query, with the rate limit at the same time.

use application_core::denial;
use application_core::limits::{READS, allowed, limited};
use application_core::{Context, Error};
use domain::authority::{Authority, ReadLeads};
use domain::id::AccountId;
use domain::sales::{Lead, LeadStatus};
use domain::{AggregateType, Timestamp, Versioned};
use ports::{
    Filter, FilterField, LimitDecision, Limiter, ListOrder, ListQuery, Page, Position, Store, StoredState,
};

/// Filters and order of a list of leads.
#[derive(Debug, Clone)]
pub struct LeadFilters {
    /// Only leads of this owner.
    pub owner: Option<AccountId>,
    /// Only leads in this status.
    pub status: Option<LeadStatus>,
    /// Only leads of exactly this industry.
    pub industry: Option<String>,
    /// Only leads with at least this score.
    pub min_score: Option<u8>,
    /// Only leads created at or after this time.
    pub created_from: Option<Timestamp>,
    /// Only leads created before this time.
    pub created_to: Option<Timestamp>,
    /// The order.
    pub order: ListOrder,
}

/// A page of the leads that the caller may see.
pub async fn list_leads(
    store: &dyn Store,
    limiter: &dyn Limiter,
    context: &Context,
    authority: &Authority<ReadLeads>,
    filters: LeadFilters,
    (limit, after): (u32, Option<Position>),
) -> Result<(Page<Versioned<Lead>>, LimitDecision), Error> {
    // A sales rep who asks for another owner's leads sees none, as if there were none.
    if let Some(owner) = filters.owner.filter(|owner| !authority.covers(*owner)) {
        let decision = allowed(limiter.take(READS, &authority.account().to_string(), context.now).await?)?;
        let resource = (AggregateType::Account, owner.to_string());
        denial::record(store, context, authority.caller(), authority.permission(), resource).await;
        return Ok((Page { items: Vec::new(), next: None }, decision));
    }
    let read = async {
        let status = filters
            .status
            .map(|status| Filter { field: FilterField::Status, value: status.as_str().to_owned() });
        let industry = filters.industry.map(|value| Filter { field: FilterField::Industry, value });
        let query = ListQuery {
            tenant: authority.tenant(),
            kind: AggregateType::Lead,
            owner: authority.only_owner().or(filters.owner),
            order: filters.order,
            filters: status.into_iter().chain(industry).collect(),
            min_score: filters.min_score,
            created_from: filters.created_from,
            created_to: filters.created_to,
            limit,
            after,
        };
        let page = store.list(&query).await?;
        let items = page.items.into_iter().map(StoredState::decode).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    };
    limited(limiter, READS, &authority.account().to_string(), context.now, Box::pin(read)).await
}
