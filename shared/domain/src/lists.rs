//! Lists as data. An aggregate declares in which lists it stands, how it is ranked in each of them, and by which values
//! a list of its kind can be narrowed. The store writes and reads lists by these declarations and knows no aggregate, so
//! a new list or filter needs no change of the store.

use crate::Timestamp;
use crate::aggregate::AggregateType;
use crate::id::AccountId;

/// An index of the state table. The table of states that expire has the first two only. An aggregate has one entry in each index at most, so lists of a kind that contain the
/// same aggregate have different indexes. Lists of different kinds share indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListIndex {
    /// `list1`
    First,
    /// `list2`
    Second,
    /// `list3`
    Third,
    /// `list4`
    Fourth,
    /// `list5`
    Fifth,
    /// `list6`
    Sixth,
}

impl ListIndex {
    /// Every index, which is also the most lists in which one aggregate can stand.
    pub const ALL: [Self; 6] =
        [Self::First, Self::Second, Self::Third, Self::Fourth, Self::Fifth, Self::Sixth];
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ranking {
    /// The latest time first.
    Time,
    /// The highest score first, aggregates without a score last, and of equal scores the latest time first.
    Score,
    /// Ascending by Unicode code points, for names, and for times of which the earliest comes first.
    Text,
}

/// A list of one kind of aggregates. Each kind has its lists as constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct List {
    /// Unique among the lists of the kind. It is not stored: an index holds one list of a kind, so an index that gets another
    /// list needs its entries written again.
    pub name: &'static str,
    /// Where the entries are.
    pub index: ListIndex,
    /// The order.
    pub ranking: Ranking,
}

/// Whose list an entry stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Within {
    /// The list of the whole organization.
    Organization,
    /// The list of one owner.
    Owner(AccountId),
    /// The list of another aggregate of the same organization, by its kind and identifier, such as the messages of a
    /// conversation.
    Parent(AggregateType, String),
    /// The aggregates with which a job has to go on, of all organizations.
    Open,
}

/// The place of an entry in its list. It fits the ranking of the list. Equal ranks are ordered by identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rank {
    /// For [`Ranking::Time`].
    Time(Timestamp),
    /// For [`Ranking::Score`].
    Score {
        /// From 0 to 100; `None` without a score.
        score: Option<u8>,
        /// Orders equal scores.
        at: Timestamp,
    },
    /// For [`Ranking::Text`]. Only the first 512 bytes count.
    Text(String),
}

/// The entry of an aggregate in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListEntry {
    /// The list.
    pub list: List,
    /// Whose list it is.
    pub within: Within,
    /// The place in the list.
    pub rank: Rank,
}

/// A value by which lists can be narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The status.
    Status,
    /// The industry.
    Industry,
    /// The score, from 0 to 100.
    Score,
    /// When the aggregate was created.
    CreatedAt,
    /// The kind.
    Kind,
}

impl Filter {
    /// Every filter.
    pub const ALL: [Self; 5] = [Self::Status, Self::Industry, Self::Score, Self::CreatedAt, Self::Kind];

    /// The name in stored items.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Industry => "industry",
            Self::Score => "score",
            Self::CreatedAt => "created_at",
            Self::Kind => "kind",
        }
    }
}

/// What a filter compares. An aggregate and a query use the same variant for the same filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterValue {
    /// Compared byte by byte.
    Text(String),
    /// Compared as a number.
    Number(u64),
    /// Compared to the millisecond.
    Time(Timestamp),
}
