//! Reading lists: pages of the entries that aggregates declare (`domain::lists`).

use super::{AggregateKey, StoreError, StoredState};
use domain::id::{AccountId, OrganizationId};
use domain::lists::{Filter, FilterValue, List};
use domain::{Aggregate, AggregateType, Timestamp};

/// Whose list is read; it corresponds to `domain::lists::Within`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListScope {
    /// The list of an organization.
    Organization(OrganizationId),
    /// The list of one owner in an organization.
    Owner(OrganizationId, AccountId),
    /// The list of another aggregate of the organization.
    Parent(AggregateKey),
    /// The open aggregates of all organizations. Only jobs read it.
    Open,
}

/// An end of a range of ranks, for lists with the ranking of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RankBound {
    /// A time.
    Time(Timestamp),
    /// A score. Aggregates without a score are below 0.
    Score(u8),
    /// A text.
    Text(String),
}

/// Narrows a list to aggregates with a value that satisfies the condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The value equals this one.
    Equals(Filter, FilterValue),
    /// The value is this one or greater.
    AtLeast(Filter, FilterValue),
    /// The value is less than this one.
    Below(Filter, FilterValue),
}

/// The place where a page ended: the sort key of its last element. It must be signed before a client gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The index sort key.
    pub sort_key: String,
}

/// Which page of which list is read.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// The kind of the aggregates.
    pub kind: AggregateType,
    /// The list.
    pub list: List,
    /// Whose list it is.
    pub scope: ListScope,
    /// Only ranks from here on. Ranges cost nothing: entries outside of them are not read.
    pub at_least: Option<RankBound>,
    /// Only ranks below this one.
    pub below: Option<RankBound>,
    /// Only aggregates that satisfy all conditions. Entries that do not are read and left out.
    pub conditions: Vec<Condition>,
    /// The most entries of the page, at least 1. Routes allow 100.
    pub limit: u32,
    /// Only entries after this position; `None` for the first page.
    pub after: Option<Position>,
}

impl ListQuery {
    /// A page of a whole list of aggregates.
    pub fn of<A: Aggregate>(list: List, scope: ListScope, limit: u32, after: Option<Position>) -> Self {
        Self { kind: A::TYPE, list, scope, at_least: None, below: None, conditions: Vec::new(), limit, after }
    }
}

/// An aggregate in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedState {
    /// Its key.
    pub key: AggregateKey,
    /// Its state.
    pub stored: StoredState,
}

/// An entry of a list. One that can't be read does not hide the others: a job goes on with those, and a route fails.
pub type ListedEntry = Result<ListedState, StoreError>;

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The entries, in the order of the list.
    pub items: Vec<T>,
    /// The beginning of the next page; `None` at the end.
    pub next: Option<Position>,
}
