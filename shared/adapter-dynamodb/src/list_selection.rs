//! The expressions of a page: the range of sort keys, and the conditions that DynamoDB checks after reading. They contain
//! placeholders only.

use crate::list_entry::{Index, filter_attribute, filter_value, rank_prefix};
use crate::value::text;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::lists::Ranking;
use ports::{Condition, ListQuery};
use std::collections::HashMap;

/// The range of a page in an index: sort keys from `low` to `high`, both included.
#[derive(Debug, PartialEq)]
struct Bounds {
    low: Option<String>,
    high: Option<String>,
}

impl Bounds {
    /// A sort key is longer than the rank with which it begins, and so greater. A bound is therefore part of the range as
    /// its lower end and not as its upper end, as the query wants it.
    fn of(query: &ListQuery) -> Self {
        let low = query.at_least.as_ref().map(rank_prefix);
        let high = query.below.as_ref().map(rank_prefix);
        let after = query.after.as_ref().map(|after| after.sort_key.clone());
        match query.list.ranking {
            Ranking::Time | Ranking::Score => {
                let high = match (high, after) {
                    (Some(high), Some(after)) => Some(high.min(after)),
                    (high, after) => high.or(after),
                };
                Self { low, high }
            }
            // The absent bound is the lesser one.
            Ranking::Text => Self { low: low.max(after), high },
        }
    }
}

/// The expressions of a page, the same for all shards except for the partition.
pub(crate) struct Selection {
    /// The condition on the keys, with `:pk` for the partition.
    pub(crate) condition: &'static str,
    /// The condition on the values of filters; `None` when every entry of the range belongs to the list.
    pub(crate) filter: Option<String>,
    /// The names of attributes in both.
    pub(crate) names: HashMap<String, String>,
    /// The values in both, without `:pk`.
    pub(crate) values: HashMap<String, AttributeValue>,
    /// Whether the list ascends by sort key.
    pub(crate) ascending: bool,
}

impl Selection {
    /// `None` for an empty range, which DynamoDB refuses.
    pub(crate) fn of(query: &ListQuery, index: Index) -> Option<Self> {
        let bounds = Bounds::of(query);
        if matches!((&bounds.low, &bounds.high), (Some(low), Some(high)) if low > high) {
            return None;
        }
        let mut names = HashMap::from([("#pk".to_owned(), index.pk.to_owned())]);
        let mut values = HashMap::new();
        if bounds != (Bounds { low: None, high: None }) {
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
        let mut terms = Vec::new();
        for (position, condition) in query.conditions.iter().enumerate() {
            let (filter, operator, value) = match condition {
                Condition::Equals(filter, value) => (filter, "=", value),
                Condition::AtLeast(filter, value) => (filter, ">=", value),
                Condition::Below(filter, value) => (filter, "<", value),
            };
            let attribute = filter_attribute(*filter);
            terms.push(format!("#{attribute} {operator} :value{position}"));
            names.insert(format!("#{attribute}"), attribute);
            values.insert(format!(":value{position}"), filter_value(value));
        }
        let filter = (!terms.is_empty()).then(|| terms.join(" AND "));
        let ascending = query.list.ranking == Ranking::Text;
        Some(Self { condition, filter, names, values, ascending })
    }
}
