//! Pages of lists. All shards of a list are read at the same time and merged. DynamoDB checks conditions after reading,
//! so a page of a narrowed list may take several queries. The number of entries that they read is bounded, and a page that
//! could not be filled says where to go on.

use crate::failure::failed;
use crate::keys::{IndexPartition, Item, listed_key};
use crate::list_budget::ReadBudget;
use crate::list_entry::{Index, index};
use crate::list_selection::Selection;
use crate::state_item::{PROJECTION, projected_names, read_state_item};
use crate::store::DynamoStore;
use crate::value::read_text;
use domain::id::OrganizationId;
use futures_util::future::try_join_all;
use ports::{ListQuery, ListScope, ListedEntry, ListedState, Page, Position, StoreError};
use std::cmp::Ordering;
use std::collections::VecDeque;

/// The most rounds of queries for a page. Large entries make a query end early, after a megabyte.
const MOST_ROUNDS: u32 = 10;

impl DynamoStore {
    pub(crate) async fn read_page(&self, query: &ListQuery) -> Result<Page<ListedEntry>, StoreError> {
        let index = index(query.list.index);
        let Some(selection) = Selection::of(query, index) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let reading = Reading { query, table: self.state_table(query.kind), index, selection };
        let mut shards: Vec<ListShard> = self.partitions(query).into_iter().map(ListShard::new).collect();
        let shard_count = u32::try_from(shards.len()).unwrap_or(u32::MAX);
        let mut budget = ReadBudget::new(query.limit.max(1), shard_count, reading.selection.filter.is_some());
        let limit = usize::try_from(query.limit.max(1)).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        let mut last = None;
        for _ in 0..MOST_ROUNDS {
            let starving: Vec<&mut ListShard> =
                shards.iter_mut().filter(|shard| shard.is_starving()).collect();
            let Some(share) = budget.next_round(starving.len()) else { break };
            let fetches = starving.into_iter().map(|shard| self.fetch(&reading, shard, share));
            budget.count(try_join_all(fetches).await?.into_iter().sum());
            while items.len() < limit {
                let Some(found) = reading.take_next(&mut shards) else { break };
                last = Some(found.sort_key);
                items.push(found.entry);
            }
            if items.len() == limit || shards.iter().all(|shard| shard.end.is_none()) {
                break;
            }
        }
        let last_of_full = last.filter(|_| items.len() == limit);
        Ok(Page { items, next: reading.next_position(&shards, last_of_full) })
    }

    fn partitions(&self, query: &ListQuery) -> Vec<IndexPartition> {
        let kind = query.kind;
        match &query.scope {
            ListScope::Organization(tenant) => (0..self.shards.to_read(*tenant).max(1))
                .map(|shard| IndexPartition::organization(*tenant, kind, shard))
                .collect(),
            ListScope::Owner(tenant, owner) => vec![IndexPartition::owner(*tenant, kind, *owner)],
            ListScope::Parent(parent) => {
                let of = (parent.kind(), parent.id());
                vec![IndexPartition::parent(parent.tenant(), kind, of)]
            }
            ListScope::Open => vec![IndexPartition::open(kind)],
        }
    }

    /// Reads the next entries of a shard, at most `share`; returns how many were read, also those that were left out.
    async fn fetch(
        &self,
        reading: &Reading<'_>,
        shard: &mut ListShard,
        share: u32,
    ) -> Result<u32, StoreError> {
        let selection = &reading.selection;
        let mut values = selection.values.clone();
        values.insert(":pk".to_owned(), shard.partition.attribute());
        let mut names = selection.names.clone();
        names.extend(projected_names(reading.index));
        let request = self
            .client
            .query()
            .table_name(reading.table)
            .index_name(reading.index.name)
            .scan_index_forward(selection.ascending)
            .key_condition_expression(selection.condition)
            .set_filter_expression(selection.filter.clone())
            .projection_expression(PROJECTION)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .limit(i32::try_from(share).unwrap_or(i32::MAX))
            .set_exclusive_start_key(shard.end.take().flatten());
        let page = match request.send().await {
            Ok(page) => page,
            Err(error) => return Err(failed("Query", error)),
        };
        let read = u32::try_from(page.scanned_count).unwrap_or(share);
        for item in page.items.unwrap_or_default() {
            let sort_key = read_text(&item, reading.index.sk)?.to_owned();
            // The end of the page before is part of the range.
            if reading.goes_on_at(&sort_key) {
                shard.found.push_back(FoundState { sort_key, entry: reading.entry(&item) });
            }
        }
        shard.frontier = match &page.last_evaluated_key {
            Some(end) => Some(read_text(end, reading.index.sk)?.to_owned()),
            None => None,
        };
        shard.end = page.last_evaluated_key.map(Some);
        Ok(read)
    }
}

/// The query and its selection, the same for all shards.
struct Reading<'a> {
    query: &'a ListQuery,
    table: &'a str,
    index: Index,
    selection: Selection,
}

impl Reading<'_> {
    /// The order of sort keys in the list.
    fn compare(&self, a: &str, b: &str) -> Ordering {
        if self.selection.ascending { a.cmp(b) } else { b.cmp(a) }
    }

    /// Whether an entry is on this page or a later one.
    fn goes_on_at(&self, sort_key: &str) -> bool {
        let after = self.query.after.as_ref();
        after.is_none_or(|after| self.compare(sort_key, &after.sort_key) == Ordering::Greater)
    }

    /// The aggregate of an item. An item that another organization or kind wrote is never shown.
    fn entry(&self, item: &Item) -> ListedEntry {
        let key = listed_key(item, self.query.kind)
            .filter(|key| organization(&self.query.scope).is_none_or(|tenant| tenant == key.tenant()))
            .ok_or(StoreError::Malformed("an item in a list it does not belong to"))?;
        Ok(ListedState { key, stored: read_state_item(item)? })
    }

    /// Takes the next entry in the order of the list; none when a shard that may have an earlier one must be read first.
    fn take_next(&self, shards: &mut [ListShard]) -> Option<FoundState> {
        let frontier = self.frontier(shards);
        let first = shards
            .iter_mut()
            .filter(|shard| !shard.found.is_empty())
            .min_by(|a, b| self.compare(a.next_key(), b.next_key()))?;
        let before = |frontier: &String| self.compare(first.next_key(), frontier) == Ordering::Less;
        if frontier.as_ref().is_none_or(before) { first.found.pop_front() } else { None }
    }

    /// The beginning of the next page: after the last entry of a full page; when the page could not be filled, after
    /// everything that was read.
    fn next_position(&self, shards: &[ListShard], last_of_full: Option<String>) -> Option<Position> {
        if shards.iter().all(|shard| shard.found.is_empty() && shard.end.is_none()) {
            return None;
        }
        let sort_key = last_of_full.or_else(|| self.frontier(shards))?;
        Some(Position { sort_key })
    }

    /// The sort key before which everything was read.
    fn frontier(&self, shards: &[ListShard]) -> Option<String> {
        let starving = shards.iter().filter(|shard| shard.is_starving());
        starving.filter_map(|shard| shard.frontier.clone()).min_by(|a, b| self.compare(a, b))
    }
}

/// The organization of a list; `None` for a list of all organizations.
fn organization(scope: &ListScope) -> Option<OrganizationId> {
    match scope {
        ListScope::Organization(tenant) | ListScope::Owner(tenant, _) => Some(*tenant),
        ListScope::Parent(parent) => Some(parent.tenant()),
        ListScope::Open => None,
    }
}

/// A found entry, and its place in the list.
struct FoundState {
    sort_key: String,
    entry: ListedEntry,
}

/// One partition of a list while it is read.
struct ListShard {
    partition: IndexPartition,
    found: VecDeque<FoundState>,
    /// The beginning of the next query; the inner `None` is the beginning of the list, the outer `None` means that
    /// there is no more.
    end: Option<Option<Item>>,
    /// The sort key up to which the shard was read; `None` before the first query and after the last.
    frontier: Option<String>,
}

impl ListShard {
    fn new(partition: IndexPartition) -> Self {
        Self { partition, found: VecDeque::new(), end: Some(None), frontier: None }
    }

    /// The sort key of the next found entry; empty when there is none.
    fn next_key(&self) -> &str {
        self.found.front().map_or("", |found| &found.sort_key)
    }

    /// Whether the shard has no entry at hand but may have more.
    fn is_starving(&self) -> bool {
        self.found.is_empty() && self.end.is_some()
    }
}
