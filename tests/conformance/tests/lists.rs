//! Lists are declared by aggregates: every declared list has an index of the state table, no aggregate has two entries in
//! one index, and the page about data names every list and filter.

use crate::gaps::settle;
use crate::stacks::stacks;
use crate::states::states;
use crate::tree::read;
use domain::ai::batch::Batch;
use domain::ai::fine_tune::FineTune;
use domain::ai::{AiBudget, AiMonth, AiPrices};
use domain::audit::{DeniedAccess, FailedLogin};
use domain::identity::{Account, AccountFactors, OneTimeToken, Session, SignInChallenge};
use domain::job::Job;
use domain::lists::{Filter, List, ListEntry, ListIndex, Rank, Ranking, Within};
use domain::notification::Notification;
use domain::sales::Lead;
use domain::tenancy::{ApiKey, Member, Organization};
use domain::{Aggregate, AggregateType};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The number of an index in the names of the template.
fn number(index: ListIndex) -> usize {
    ListIndex::ALL.iter().position(|known| *known == index).unwrap() + 1
}

/// An entry, and the kind of the aggregate that declares it.
type Declared = (AggregateType, ListEntry);

/// The entries of all states of the sample events.
fn declared<A: Aggregate>(wrong: &mut Vec<String>) -> Vec<Declared> {
    let kind = A::TYPE.as_str();
    let mut declared = Vec::new();
    for document in states::<A>() {
        let state = A::deserialize(document).unwrap();
        let lists = state.lists();
        let mut indexes: Vec<usize> = lists.iter().map(|entry| number(entry.list.index)).collect();
        indexes.sort_unstable();
        indexes.dedup();
        if indexes.len() < lists.len() {
            wrong.push(format!("{kind} has two entries in one index: {lists:?}"));
        }
        let beyond =
            lists.iter().any(|entry| !matches!(entry.list.index, ListIndex::First | ListIndex::Second));
        if state.expires_at().is_some() && beyond {
            wrong.push(format!("{kind} expires, and the table of what expires has two indexes"));
        }
        declared.extend(lists.into_iter().map(|entry| (A::TYPE, entry)));
    }
    declared
}

fn declared_of(kind: AggregateType, wrong: &mut Vec<String>) -> Vec<Declared> {
    match kind {
        AggregateType::Organization => declared::<Organization>(wrong),
        AggregateType::Member => declared::<Member>(wrong),
        AggregateType::Account => declared::<Account>(wrong),
        AggregateType::Session => declared::<Session>(wrong),
        AggregateType::Lead => declared::<Lead>(wrong),
        AggregateType::Notification => declared::<Notification>(wrong),
        AggregateType::Access => declared::<DeniedAccess>(wrong),
        AggregateType::FailedLogin => declared::<FailedLogin>(wrong),
        AggregateType::AiBudget => declared::<AiBudget>(wrong),
        AggregateType::AiPrices => declared::<AiPrices>(wrong),
        AggregateType::AiMonth => declared::<AiMonth>(wrong),
        AggregateType::ApiKey => declared::<ApiKey>(wrong),
        AggregateType::FineTune => declared::<FineTune>(wrong),
        AggregateType::Batch => declared::<Batch>(wrong),
        AggregateType::Job => declared::<Job>(wrong),
        AggregateType::OneTimeToken => declared::<OneTimeToken>(wrong),
        AggregateType::AccountFactors => declared::<AccountFactors>(wrong),
        AggregateType::SignInChallenge => declared::<SignInChallenge>(wrong),
        // A request to the gateway has one event and no state.
        AggregateType::AiRequest => Vec::new(),
    }
}

fn all_declared(wrong: &mut Vec<String>) -> Vec<Declared> {
    AggregateType::ALL.into_iter().flat_map(|kind| declared_of(kind, wrong)).collect()
}

#[test]
fn every_list_has_an_index_of_its_own_and_ranks_of_its_ranking() {
    let mut wrong = Vec::new();
    let declared = all_declared(&mut wrong);
    let mut names: BTreeMap<(&str, usize), &List> = BTreeMap::new();
    let mut indexes: BTreeMap<(&str, &str), &List> = BTreeMap::new();
    for (kind, entry) in &declared {
        let (kind, list) = (kind.as_str(), &entry.list);
        let fits = match list.ranking {
            Ranking::Time => matches!(entry.rank, Rank::Time(_)),
            Ranking::Score => matches!(entry.rank, Rank::Score { .. }),
            Ranking::Text => matches!(entry.rank, Rank::Text(_)),
        };
        if !fits {
            wrong.push(format!("{kind}: {:?} has the rank {:?}", list, entry.rank));
        }
        for other in [names.insert((kind, number(list.index)), list), indexes.insert((kind, list.name), list)]
        {
            if other.is_some_and(|other| other != list) {
                wrong.push(format!("{kind}: {list:?} and {other:?} share an index or a name"));
            }
        }
    }
    assert!(names.len() >= 8, "{names:?}");
    settle("lists", wrong);
}

#[test]
fn the_state_table_has_the_indexes_in_which_lists_can_be() {
    let data = stacks().iter().find(|stack| stack.name == "data").unwrap();
    let (_, table) =
        data.resources("AWS::DynamoDB::GlobalTable").find(|(name, _)| *name == "StateTable").unwrap();
    let expected: Vec<Value> = ListIndex::ALL
        .into_iter()
        .map(|index| {
            let name = format!("list{}", number(index));
            json!({
                "IndexName": name,
                "KeySchema": [
                    {"AttributeName": format!("{name}_pk"), "KeyType": "HASH"},
                    {"AttributeName": format!("{name}_sk"), "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            })
        })
        .collect();
    assert_eq!(table["Properties"]["GlobalSecondaryIndexes"], Value::Array(expected));
}

#[test]
fn the_page_about_data_names_every_list_and_filter() {
    let page = read("docs/data.md");
    let rows: Vec<Vec<&str>> = page.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
    let mut missing = Vec::new();
    for (kind, entry) in all_declared(&mut missing) {
        let within = match entry.within {
            Within::Organization => "organization",
            Within::Owner(_) => "owner",
            Within::Parent(..) => "parent",
            Within::Open => "open",
        };
        let list = format!("`{}`", entry.list.name);
        let index = format!("`list{}`", number(entry.list.index));
        let wanted = [kind.as_str(), &list, &index, within];
        if !rows.iter().any(|row| row.get(1..5).is_some_and(|cells| cells == wanted)) {
            missing.push(wanted.join(" | "));
        }
    }
    missing.sort();
    missing.dedup();
    for filter in Filter::ALL {
        let attribute = format!("`filter_{}`", filter.as_str());
        if !page.contains(&attribute) {
            missing.push(attribute);
        }
    }
    settle("lists in docs/data.md", missing);
}
