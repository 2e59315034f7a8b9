//! Pages of current states from the list indexes, newest or highest first. All shards of a list are read at the same
//! time and merged. DynamoDB applies filters after reading, so a page of a narrow list may take several queries. Their
//! number is bounded, and a page that could not be filled says where to go on.

use crate::failure::failed;
use crate::keys::{IndexPartition, Item, belongs_to};
use crate::state_item::{CREATED_AT, Index, SCORE, filter_attribute, index, read_state_item, score_prefix};
use crate::store::DynamoStore;
use crate::value::{digits, read_text, text};
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use ports::{ListOrder, ListQuery, Page, Position, StoreError, StoredState};
use std::collections::{HashMap, VecDeque};

/// The most queries of one shard for one page.
const MOST_QUERIES: u32 = 10;
/// The number of items that a query reads when most of them may not pass the filter.
const FILTERED_LIMIT: i32 = 250;

impl DynamoStore {
    pub(crate) async fn read_page(&self, query: &ListQuery) -> Result<Page<StoredState>, StoreError> {
        let index = index(query.order, query.owner.is_some());
        let bounds = Bounds::of(query);
        if bounds.is_empty() {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let selection = Selection::of(query, index, &bounds);
        let mut shards: Vec<ListShard> = self.partitions(query).into_iter().map(ListShard::new).collect();
        let limit = usize::try_from(query.limit).unwrap_or(1).max(1);
        let mut items = Vec::new();
        let mut last = None;
        for _ in 0..MOST_QUERIES {
            let starving = shards.iter_mut().filter(|shard| shard.is_starving());
            try_join_all(starving.map(|shard| self.fetch(shard, query, index, &selection))).await?;
            while items.len() < limit {
                let Some(found) = take_next(&mut shards) else { break };
                last = Some(found.sort_key);
                items.push(found.state);
            }
            if items.len() == limit || shards.iter().all(|shard| shard.end.is_none()) {
                break;
            }
        }
        let last_of_full = last.filter(|_| items.len() == limit);
        Ok(Page { items, next: next_position(&shards, last_of_full) })
    }

    fn partitions(&self, query: &ListQuery) -> Vec<IndexPartition> {
        match query.owner {
            Some(owner) => vec![IndexPartition::owner(query.tenant, query.kind, owner)],
            None => (0..self.shards.of(query.tenant))
                .map(|shard| IndexPartition::tenant(query.tenant, query.kind, shard))
                .collect(),
        }
    }

    async fn fetch(
        &self,
        shard: &mut ListShard,
        query: &ListQuery,
        index: Index,
        selection: &Selection,
    ) -> Result<(), StoreError> {
        let mut values = selection.values.clone();
        values.insert(":pk".to_owned(), shard.partition.attribute());
        let request = self
            .client
            .query()
            .table_name(&self.tables.state)
            .index_name(index.name)
            .scan_index_forward(false)
            .key_condition_expression(selection.condition)
            .set_filter_expression(selection.filter.clone())
            .set_expression_attribute_names(Some(selection.names.clone()))
            .set_expression_attribute_values(Some(values))
            .limit(selection.limit)
            .set_exclusive_start_key(shard.end.take().flatten());
        let page = match request.send().await {
            Ok(page) => page,
            Err(error) => return Err(failed("Query", error)),
        };
        for item in page.items.unwrap_or_default() {
            if !belongs_to(&item, query.tenant, query.kind) {
                return Err(StoreError::Malformed("an item in a list it does not belong to"));
            }
            let sort_key = read_text(&item, index.sk)?.to_owned();
            // The lower end of the page before is part of the range.
            if query.after.as_ref().is_none_or(|after| sort_key < after.sort_key) {
                shard.found.push_back(FoundState { sort_key, state: read_state_item(&item)? });
            }
        }
        shard.frontier = match &page.last_evaluated_key {
            Some(end) => Some(read_text(end, index.sk)?.to_owned()),
            None => None,
        };
        shard.end = page.last_evaluated_key.map(Some);
        Ok(())
    }
}

/// A found state, and its place in the list.
struct FoundState {
    sort_key: String,
    state: StoredState,
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

    /// Whether the shard has no state at hand but may have more.
    fn is_starving(&self) -> bool {
        self.found.is_empty() && self.end.is_some()
    }
}

/// Takes the next state in the order of the list; none when a shard that may have an earlier one must be read first.
fn take_next(shards: &mut [ListShard]) -> Option<FoundState> {
    let frontier = frontier(shards);
    let first = shards.iter_mut().filter(|shard| !shard.found.is_empty()).max_by(|a, b| {
        a.found.front().map(|found| &found.sort_key).cmp(&b.found.front().map(|found| &found.sort_key))
    })?;
    let reached = first
        .found
        .front()
        .is_some_and(|found| frontier.as_ref().is_none_or(|frontier| found.sort_key > *frontier));
    if reached { first.found.pop_front() } else { None }
}

/// The beginning of the next page: after the last state of a full page; when the page could not be filled, after
/// everything that was read.
fn next_position(shards: &[ListShard], last_of_full: Option<String>) -> Option<Position> {
    if shards.iter().all(|shard| shard.found.is_empty() && shard.end.is_none()) {
        return None;
    }
    let sort_key = last_of_full.or_else(|| frontier(shards))?;
    Some(Position { sort_key })
}

/// The sort key above which everything was read.
fn frontier(shards: &[ListShard]) -> Option<String> {
    shards.iter().filter(|shard| shard.is_starving()).filter_map(|shard| shard.frontier.clone()).max()
}

/// The range of a page in an index: sort keys from `low` to `high`, both included.
#[derive(Debug, PartialEq)]
struct Bounds {
    low: Option<String>,
    high: Option<String>,
}

impl Bounds {
    /// A sort key is longer than the time or score with which it begins, and so greater. Such a bound is therefore part
    /// of the range as its lower end and not as its upper end, as the query wants it.
    fn of(query: &ListQuery) -> Self {
        let after = query.after.as_ref().map(|after| after.sort_key.clone());
        match query.order {
            ListOrder::Created => {
                let to = query.created_to.map(|to| to.to_string());
                let high = match (to, after) {
                    (Some(to), Some(after)) => Some(to.min(after)),
                    (to, after) => to.or(after),
                };
                Self { low: query.created_from.map(|from| from.to_string()), high }
            }
            ListOrder::Score => {
                Self { low: query.min_score.map(|score| score_prefix(Some(score))), high: after }
            }
        }
    }

    /// DynamoDB refuses a range whose ends are the wrong way round.
    fn is_empty(&self) -> bool {
        matches!((&self.low, &self.high), (Some(low), Some(high)) if low > high)
    }
}

/// The expressions of a page, the same for all shards except for the partition.
struct Selection {
    condition: &'static str,
    filter: Option<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
    limit: i32,
}

impl Selection {
    fn of(query: &ListQuery, index: Index, bounds: &Bounds) -> Self {
        let mut names = HashMap::from([("#pk".to_owned(), index.pk.to_owned())]);
        let mut values = HashMap::new();
        if bounds != &(Bounds { low: None, high: None }) {
            names.insert("#sk".to_owned(), index.sk.to_owned());
        }
        for (name, bound) in [(":low", &bounds.low), (":high", &bounds.high)] {
            if let Some(bound) = bound {
                values.insert(name.to_owned(), text(bound));
            }
        }
        let condition = match bounds {
            Bounds { low: None, high: None } => "#pk = :pk",
            Bounds { low: Some(_), high: None } => "#pk = :pk AND #sk >= :low",
            Bounds { low: None, high: Some(_) } => "#pk = :pk AND #sk <= :high",
            Bounds { low: Some(_), high: Some(_) } => "#pk = :pk AND #sk BETWEEN :low AND :high",
        };
        let mut terms: Vec<String> = Vec::new();
        let mut narrow = |term: &str, name: (&str, &str), value: (&str, AttributeValue)| {
            terms.push(term.to_owned());
            names.insert(name.0.to_owned(), name.1.to_owned());
            values.insert(value.0.to_owned(), value.1);
        };
        if query.order == ListOrder::Score {
            if let Some(from) = query.created_from {
                narrow(
                    "#created_at >= :from",
                    ("#created_at", CREATED_AT),
                    (":from", text(from.to_string())),
                );
            }
            if let Some(to) = query.created_to {
                narrow("#created_at < :to", ("#created_at", CREATED_AT), (":to", text(to.to_string())));
            }
        } else if let Some(score) = query.min_score {
            narrow("#score >= :score", ("#score", SCORE), (":score", digits(score)));
        }
        for (position, filter) in query.filters.iter().enumerate() {
            let attribute = filter_attribute(filter.field);
            let (name, value) = (format!("#{attribute}"), format!(":filter{position}"));
            narrow(&format!("{name} = {value}"), (&name, attribute), (&value, text(&filter.value)));
        }
        let limit = if terms.is_empty() {
            // One more than the page says whether there is another page, and one may be the end of the page before.
            i32::try_from(query.limit).unwrap_or(100).saturating_add(2)
        } else {
            FILTERED_LIMIT
        };
        let filter = (!terms.is_empty()).then(|| terms.join(" AND "));
        Self { condition, filter, names, values, limit }
    }
}
