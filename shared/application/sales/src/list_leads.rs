//! Lists leads: one query.

use application_core::{Error, RefusedAccess, lists};
use domain::authority::{Authority, ReadLeads};
use domain::id::AccountId;
use domain::lists::{Filter, FilterValue};
use domain::sales::{Lead, LeadStatus, ListedLead};
use domain::{AggregateType, Timestamp, Versioned};
use ports::{Condition, ListQuery, ListScope, Page, Position, RankBound, Store};

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
    pub order: LeadOrder,
}

/// Orders of a list of leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadOrder {
    /// Newest first.
    Created,
    /// Highest score first, leads without a score last, and the newest of equals first.
    Score,
}

impl LeadFilters {
    /// A filter by the rank of the list is a range of its keys; all other filters leave out leads that were read.
    fn query(self, authority: &Authority<ReadLeads>, limit: u32, after: Option<Position>) -> ListQuery {
        let (tenant, owner) = (authority.tenant(), authority.only_owner().or(self.owner));
        let scope = owner.map_or(ListScope::Organization(tenant), |owner| ListScope::Owner(tenant, owner));
        let list = match (self.order, owner) {
            (LeadOrder::Created, None) => Lead::BY_TIME,
            (LeadOrder::Score, None) => Lead::BY_SCORE,
            (LeadOrder::Created, Some(_)) => Lead::OF_OWNER_BY_TIME,
            (LeadOrder::Score, Some(_)) => Lead::OF_OWNER_BY_SCORE,
        };
        let mut query = ListQuery::of::<Lead>(list, scope, limit, after);
        let status = self.status.map(|status| FilterValue::Text(status.as_str().to_owned()));
        let status = status.map(|status| Condition::Equals(Filter::Status, status));
        let industry = self.industry.map(|name| Condition::Equals(Filter::Industry, FilterValue::Text(name)));
        query.conditions.extend(status.into_iter().chain(industry));
        match self.order {
            LeadOrder::Created => {
                query.at_least = self.created_from.map(RankBound::Time);
                query.below = self.created_to.map(RankBound::Time);
                let least = self.min_score.map(|score| FilterValue::Number(score.into()));
                query.conditions.extend(least.map(|score| Condition::AtLeast(Filter::Score, score)));
            }
            LeadOrder::Score => {
                query.at_least = self.min_score.map(RankBound::Score);
                let (from, to) =
                    (self.created_from.map(FilterValue::Time), self.created_to.map(FilterValue::Time));
                query.conditions.extend(from.map(|from| Condition::AtLeast(Filter::CreatedAt, from)));
                query.conditions.extend(to.map(|to| Condition::Below(Filter::CreatedAt, to)));
            }
        }
        query
    }
}

/// A page of the leads that the caller may see. [`Error::Refused`] if the caller asks for the leads of another owner
/// and may see only their own.
pub async fn list_leads(
    store: &dyn Store,
    authority: &Authority<ReadLeads>,
    filters: LeadFilters,
    (limit, after): (u32, Option<Position>),
) -> Result<Page<Versioned<ListedLead>>, Error> {
    if let Some(owner) = filters.owner.filter(|owner| !authority.covers(*owner)) {
        let refused = RefusedAccess::new(authority, AggregateType::Account, &owner);
        return Err(Error::Refused(Box::new(refused)));
    }
    Ok(lists::page_of_parts::<Lead, ListedLead>(store, &filters.query(authority, limit, after)).await?)
}
