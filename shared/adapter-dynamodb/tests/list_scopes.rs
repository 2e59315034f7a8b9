//! Lists that an aggregate declares: by parent, by text, by a due time, and those of all organizations, in indexes that
//! several kinds share.

use crate::support::{World, alone, at, random_bytes};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{LeadId, NotificationId, OrganizationId, new_id};
use domain::lists::{Filter, FilterValue, List, ListEntry, ListIndex, Rank, Ranking, Within};
use domain::{AggregateType, EncodedEvent};
use ports::{
    AggregateKey, Change, ChangedState, CommitError, Condition, EventRecord, ListQuery, ListScope, RankBound,
    Store, StoreError, SubjectKeys,
};
use serde_json::json;
use std::collections::HashMap;

/// Lists of an invented kind: a task has a name and a due time, and is part of a lead.
const OF_LEAD_BY_NAME: List =
    List { name: "of_lead_by_name", index: ListIndex::Fifth, ranking: Ranking::Text };
const BY_DUE_TIME: List = List { name: "by_due_time", index: ListIndex::Sixth, ranking: Ranking::Text };
const BY_TIME: List = List { name: "by_time", index: ListIndex::First, ranking: Ranking::Time };
const OPEN: List = List { name: "open", index: ListIndex::Second, ranking: Ranking::Time };

const KIND: AggregateType = AggregateType::Notification;

struct Task {
    key: AggregateKey,
    name: String,
    lead: LeadId,
    due: i64,
}

fn lead() -> LeadId {
    new_id(at(0), &random_bytes())
}

fn task(tenant: OrganizationId, name: &str, lead: LeadId, due: i64) -> Task {
    let id: NotificationId = new_id(at(0), &random_bytes());
    Task { key: AggregateKey::new(tenant, KIND, &id), name: name.to_owned(), lead, due }
}

impl Task {
    fn change(&self, version: u64) -> Change {
        let of_lead = Within::Parent(AggregateType::Lead, self.lead.to_string());
        let entry = |list, within, rank| ListEntry { list, within, rank };
        let record = EventRecord {
            event_id: new_id(at(0), &random_bytes()),
            key: self.key.clone(),
            version,
            event: EncodedEvent::facts("notification_created", &json!({})),
            actor: "system:test".to_owned(),
            correlation_id: "correlation".to_owned(),
            causation_id: None,
            occurred_at: at(0),
        };
        Change {
            key: self.key.clone(),
            expected_version: version - 1,
            events: vec![record],
            state: ChangedState {
                state: json!({"name": self.name}),
                schema_version: 1,
                lists: vec![
                    entry(OF_LEAD_BY_NAME, of_lead, Rank::Text(self.name.clone())),
                    entry(BY_DUE_TIME, Within::Organization, Rank::Text(at(self.due).to_string())),
                    entry(BY_TIME, Within::Organization, Rank::Time(at(self.due))),
                    entry(OPEN, Within::Open, Rank::Time(at(self.due))),
                ],
                filters: vec![(
                    Filter::Status,
                    FilterValue::Text(if self.due % 2 == 0 { "even" } else { "odd" }.to_owned()),
                )],
                expires_at: None,
            },
            new_subjects: Vec::new(),
            subject_keys: SubjectKeys::new(),
            erased_subjects: Vec::new(),
        }
    }
}

async fn save(world: &World, task: &Task, version: u64) {
    world.store.commit(&alone(task.change(version))).await.unwrap();
}

fn query(list: List, scope: ListScope, limit: u32) -> ListQuery {
    ListQuery {
        kind: KIND,
        list,
        scope,
        at_least: None,
        below: None,
        conditions: Vec::new(),
        limit,
        after: None,
    }
}

/// The names of all tasks of a list, page by page.
async fn names(world: &World, mut query: ListQuery) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let page = world.store.list(&query).await.unwrap();
        assert!(page.items.len() <= query.limit as usize);
        for item in page.items {
            let state: serde_json::Value = serde_json::from_str(&item.unwrap().stored.state).unwrap();
            names.push(state["name"].as_str().unwrap().to_owned());
        }
        query.after = page.next;
        if query.after.is_none() {
            return names;
        }
    }
}

#[tokio::test]
async fn a_list_of_a_parent_ascends_by_text_and_holds_that_parent_alone() {
    let world = World::start().await;
    let (ours, other) = (lead(), lead());
    for name in ["acme", "Zebra", "Acme & Co", "Äther", "Acme", "Acme#1", "Acme"] {
        save(&world, &task(world.tenant, name, ours, 0), 1).await;
    }
    let mut moved = task(world.tenant, "moved", other, 0);
    save(&world, &moved, 1).await;
    let foreign = crate::support::new_tenant(&world.environment, &world.store).await;
    save(&world, &task(foreign, "foreign", ours, 0), 1).await;

    let of = |lead: LeadId| ListScope::Parent(AggregateKey::new(world.tenant, AggregateType::Lead, &lead));
    let all = ["Acme", "Acme", "Acme & Co", "Acme#1", "Zebra", "acme", "Äther"];
    for limit in [1, 2, 7, 100] {
        assert_eq!(names(&world, query(OF_LEAD_BY_NAME, of(ours), limit)).await, all, "limit {limit}");
    }
    let text = |text: &str| Some(RankBound::Text(text.to_owned()));
    let ranged =
        ListQuery { at_least: text("Acme & Co"), below: text("acme"), ..query(OF_LEAD_BY_NAME, of(ours), 1) };
    assert_eq!(names(&world, ranged.clone()).await, ["Acme & Co", "Acme#1", "Zebra"]);
    let empty = ListQuery { at_least: text("b"), below: text("a"), ..ranged };
    assert_eq!(names(&world, empty).await, [""; 0]);

    moved.lead = ours;
    save(&world, &moved, 2).await;
    assert_eq!(names(&world, query(OF_LEAD_BY_NAME, of(other), 5)).await, [""; 0]);
    assert_eq!(names(&world, query(OF_LEAD_BY_NAME, of(ours), 100)).await.len(), 8);
}

#[tokio::test]
async fn what_is_due_first_comes_first_also_merged_from_shards() {
    let mut world = World::start().await;
    for shards in [1, 4] {
        world.tenant = crate::support::new_tenant(&world.environment, &world.store).await;
        let configured = testkit::list_shards(world.tenant, shards);
        world.store = world.environment.store().with_list_shards(configured);
        let due = [5, 3, 9, 1, 7, 0, 8, 2, 6, 4, 5];
        for due in due {
            save(&world, &task(world.tenant, &due.to_string(), lead(), due), 1).await;
        }
        let scope = ListScope::Organization(world.tenant);
        for limit in [1, 4, 20] {
            let ascending = query(BY_DUE_TIME, scope.clone(), limit);
            let expected = ["0", "1", "2", "3", "4", "5", "5", "6", "7", "8", "9"];
            assert_eq!(names(&world, ascending.clone()).await, expected, "{shards} shards, limit {limit}");
            let odd = Condition::Equals(Filter::Status, FilterValue::Text("odd".to_owned()));
            let later = Some(RankBound::Text(at(3).to_string()));
            let odd = ListQuery { conditions: vec![odd], at_least: later, ..ascending };
            assert_eq!(names(&world, odd).await, ["3", "5", "5", "7", "9"]);
            let descending = query(BY_TIME, scope.clone(), limit);
            let expected = ["9", "8", "7", "6", "5", "5", "4", "3", "2", "1", "0"];
            assert_eq!(names(&world, descending).await, expected);
        }
    }
}

#[tokio::test]
async fn only_the_beginning_of_a_long_text_ranks() {
    let world = World::start().await;
    let ours = lead();
    let long = |end: &str| format!("a{}{end}", "é".repeat(600));
    for name in [long("2"), "b".to_owned(), long("1"), "a".to_owned()] {
        save(&world, &task(world.tenant, &name, ours, 0), 1).await;
    }
    let of = ListScope::Parent(AggregateKey::new(world.tenant, AggregateType::Lead, &ours));
    let found = names(&world, query(OF_LEAD_BY_NAME, of, 10)).await;
    assert_eq!(found, ["a".to_owned(), long("2"), long("1"), "b".to_owned()]);
}

#[tokio::test]
async fn two_entries_in_one_index_are_refused() {
    let world = World::start().await;
    let mut change = task(world.tenant, "twice", lead(), 0).change(1);
    change.state.lists[1].list.index = ListIndex::First;
    let error = world.store.commit(&alone(change)).await.unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::Malformed(_))), "{error:?}");
}

/// Puts an entry into the list of open tasks, as it is.
async fn put_open(world: &World, pk: &str, place: usize) {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let item = HashMap::from([
        ("pk".to_owned(), text(pk)),
        ("sk".to_owned(), text("state")),
        ("state".to_owned(), AttributeValue::B(Blob::new("{}"))),
        ("version".to_owned(), AttributeValue::N("1".to_owned())),
        ("list2_pk".to_owned(), text("open#notification")),
        ("list2_sk".to_owned(), text(&format!("{place:04}"))),
    ]);
    crate::list_reads::put(world, item).await;
}

#[tokio::test]
async fn open_lists_hold_all_organizations_and_an_entry_that_names_none_hides_no_other() {
    let world = World::start().await;
    let foreign = crate::support::new_tenant(&world.environment, &world.store).await;
    let (first, last) = (task(world.tenant, "a", lead(), 0), task(foreign, "b", lead(), 0));
    let name = |task: &Task| format!("{}#notification#{}", task.key.tenant(), task.key.id());
    let more = format!("{}#more", name(&first));
    let other = format!("{}#lead#{}", first.key.tenant(), first.key.id());
    let entries = [&name(&last), "nobody", &other, &more, &name(&first)];
    for (place, pk) in entries.into_iter().enumerate() {
        put_open(&world, pk, place).await;
    }
    for limit in [1, 2, 10] {
        let mut query = query(OPEN, ListScope::Open, limit);
        let mut found = Vec::new();
        loop {
            let page = world.store.list(&query).await.unwrap();
            found.extend(page.items.into_iter().map(|entry| entry.ok().map(|listed| listed.key)));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        assert_eq!(found, [Some(first.key.clone()), None, None, None, Some(last.key.clone())]);
    }
}
