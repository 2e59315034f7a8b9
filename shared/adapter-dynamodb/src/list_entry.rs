//! How a declared list becomes keys and attributes: the indexes, the sort keys of ranks, and the attributes of filters.
//! It must not know any kind of aggregate.

use crate::keys::{IndexPartition, Item};
use crate::shards::ListShards;
use crate::value::{digits, text};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::lists::{Filter, FilterValue, ListEntry, ListIndex, Rank, Within};
use ports::{AggregateKey, RankBound};
use std::collections::HashSet;

/// An index of the state table; the first two are also indexes of the ephemeral table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Index {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its partition key.
    pub(crate) pk: &'static str,
    /// Its sort key.
    pub(crate) sk: &'static str,
}

/// The names of an index.
pub(crate) const fn index(index: ListIndex) -> Index {
    match index {
        ListIndex::First => Index { name: "list1", pk: "list1_pk", sk: "list1_sk" },
        ListIndex::Second => Index { name: "list2", pk: "list2_pk", sk: "list2_sk" },
        ListIndex::Third => Index { name: "list3", pk: "list3_pk", sk: "list3_sk" },
        ListIndex::Fourth => Index { name: "list4", pk: "list4_pk", sk: "list4_sk" },
        ListIndex::Fifth => Index { name: "list5", pk: "list5_pk", sk: "list5_sk" },
        ListIndex::Sixth => Index { name: "list6", pk: "list6_pk", sk: "list6_sk" },
    }
}

/// Whether the index of an entry exists in the ephemeral table, too, which has the first two indexes.
pub(crate) fn is_in_both_tables(entry: &ListEntry) -> bool {
    matches!(entry.list.index, ListIndex::First | ListIndex::Second)
}

/// The attribute with the value of a filter.
pub(crate) fn filter_attribute(filter: Filter) -> String {
    format!("filter_{}", filter.as_str())
}

/// The value of a filter, in items and in expressions.
pub(crate) fn filter_value(value: &FilterValue) -> AttributeValue {
    match value {
        FilterValue::Text(value) => text(value),
        FilterValue::Number(value) => digits(value),
        FilterValue::Time(value) => text(value.to_string()),
    }
}

/// Whether two of these entries of one aggregate are in the same index, so that one would replace the other.
pub(crate) fn shares_an_index(entries: &[ListEntry]) -> bool {
    let indexes: HashSet<ListIndex> = entries.iter().map(|entry| entry.list.index).collect();
    indexes.len() < entries.len()
}

/// Adds the keys of the entries of an aggregate to its item.
pub(crate) fn add_entries(item: &mut Item, key: &AggregateKey, entries: &[ListEntry], shards: &ListShards) {
    for entry in entries {
        let (tenant, kind) = (key.tenant(), key.kind());
        let partition = match &entry.within {
            Within::Organization => {
                IndexPartition::organization(tenant, kind, shards.shard(tenant, key.id()))
            }
            Within::Owner(owner) => IndexPartition::owner(tenant, kind, *owner),
            Within::Parent(parent, id) => IndexPartition::parent(tenant, kind, (*parent, id)),
            Within::Open => IndexPartition::open(kind),
        };
        let index = index(entry.list.index);
        item.insert(index.pk.to_owned(), partition.attribute());
        item.insert(index.sk.to_owned(), text(sort_key(&entry.rank, key.id())));
    }
}

/// The most bytes of a text in a sort key. DynamoDB takes 1,024 for all of the key.
const MOST_TEXT: usize = 512;

/// Stands after the text of a sort key. It is less than every character of a text, so that `Acme` comes before `Acme & Co`.
const END_OF_TEXT: char = '\u{1}';

/// The sort key of an entry: its rank, and the identifier, which orders equal ranks.
fn sort_key(rank: &Rank, id: &str) -> String {
    match rank {
        Rank::Time(time) => format!("{time}#{id}"),
        Rank::Score { score, at } => format!("{}#{at}#{id}", score_digits(*score)),
        Rank::Text(text) => format!("{}{END_OF_TEXT}{id}", beginning(text)),
    }
}

/// The beginning of the sort keys of a rank. It is less than all of them and greater than those of lower ranks.
pub(crate) fn rank_prefix(bound: &RankBound) -> String {
    match bound {
        RankBound::Time(time) => time.to_string(),
        RankBound::Score(score) => score_digits(Some(*score)),
        RankBound::Text(text) => beginning(text).to_owned(),
    }
}

/// 000 without a score, so that it comes after every score.
fn score_digits(score: Option<u8>) -> String {
    format!("{:03}", score.map_or(0, |score| u16::from(score) + 1))
}

fn beginning(text: &str) -> &str {
    let end = (0..=MOST_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}
