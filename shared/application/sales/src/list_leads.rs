//! Lists leads: one query.

use application_core::{Error, RefusedAccess};
use domain::authority::{Authority, ReadLeads};
use domain::id::AccountId;
use domain::sales::{Lead, LeadStatus};
use domain::{AggregateType, Timestamp, Versioned};
use ports::{Filter, FilterField, ListOrder, ListQuery, Page, Position, Store, StoredState};

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

/// A page of the leads that the caller may see. [`Error::Refused`] if the caller asks for the leads of another owner
/// and may see only their own.
pub async fn list_leads(
    store: &dyn Store,
    authority: &Authority<ReadLeads>,
    filters: LeadFilters,
    (limit, after): (u32, Option<Position>),
) -> Result<Page<Versioned<Lead>>, Error> {
    if let Some(owner) = filters.owner.filter(|owner| !authority.covers(*owner)) {
        let refused = RefusedAccess::new(authority, AggregateType::Account, &owner);
        return Err(Error::Refused(Box::new(refused)));
    }
    let status =
        filters.status.map(|status| Filter { field: FilterField::Status, value: status.as_str().to_owned() });
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
}
