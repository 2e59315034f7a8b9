//! Lists: order, filters, ranges and pages, in one shard and in several.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use adapter_dynamodb::ListShards;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::sales::{
    Assessment, Breakdown, Cost, Engine, Lead, LeadInput, LeadScore, delete_lead, score_lead,
};
use domain::{AggregateType, Timestamp};
use ports::{Filter, FilterField, ListOrder, ListQuery, Position, Store, StoreError};
use std::collections::{HashMap, HashSet};
use support::{World, alone, at, company, typed};

fn leads(world: &World, order: ListOrder, limit: u32) -> ListQuery {
    ListQuery {
        tenant: world.tenant,
        kind: AggregateType::Lead,
        owner: None,
        order,
        filters: Vec::new(),
        min_score: None,
        created_from: None,
        created_to: None,
        limit,
        after: None,
    }
}

fn only(field: FilterField, value: &str) -> Filter {
    Filter { field, value: value.to_owned() }
}

async fn page(world: &World, query: &ListQuery) -> (Vec<Lead>, Option<Position>) {
    let page = world.store.list(query).await.unwrap();
    assert!(page.items.len() <= query.limit as usize);
    (page.items.into_iter().map(|item| typed::<Lead>(item).state).collect(), page.next)
}

/// All pages, and how many there were.
async fn all(world: &World, query: &ListQuery) -> (Vec<Lead>, usize) {
    let (mut query, mut found, mut pages) = (query.clone(), Vec::new(), 0);
    loop {
        let (items, next) = page(world, &query).await;
        found.extend(items);
        pages += 1;
        query.after = next;
        if query.after.is_none() {
            return (found, pages);
        }
    }
}

fn names(leads: &[Lead]) -> Vec<&str> {
    leads.iter().map(|lead| lead.details.company_name.as_str()).collect()
}

fn score(value: u8, now: Timestamp) -> LeadScore {
    let breakdown = Breakdown { budget: value, authority: value, need: value, timeline: value };
    LeadScore {
        assessment: Assessment { outcome: Ok(breakdown), factors: Vec::new(), confidence_percent: 50 },
        engine: Engine::Rules,
        model: "rules".to_owned(),
        cost: Cost {
            nano_usd: 0,
            input_tokens: 0,
            output_tokens: 0,
            price_version: "1".to_owned(),
            attempts: 0,
        },
        scored_at: now,
    }
}

/// Leads `l0` (the oldest) and on; every third is unscored, the others score their number modulo 101.
async fn some_leads(world: &World, count: u8) {
    for n in 0..count {
        let name = format!("l{n}");
        let industry = if n % 2 == 0 { "retail" } else { "energy" };
        let status = if n % 5 == 0 { "won" } else { "new" };
        let input = LeadInput { industry: Some(industry), status: Some(status), ..company(&name) };
        let now = at(i64::from(n));
        let (id, _) = world.create(now, &input).await;
        if n % 3 != 0 {
            world.change(&id, now, |lead| score_lead(lead, score(n % 101, now))).await.unwrap();
        }
    }
}

#[tokio::test]
async fn newest_first_and_highest_first() {
    let world = World::start().await;
    some_leads(&world, 7).await;
    world.environment.wire().take_calls();
    let (items, next) = page(&world, &leads(&world, ListOrder::Created, 7)).await;
    assert_eq!(names(&items), ["l6", "l5", "l4", "l3", "l2", "l1", "l0"]);
    assert_eq!(next, None);
    let calls = world.environment.wire().take_calls();
    assert_eq!(calls.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>(), ["Query"]);

    let (items, _) = page(&world, &leads(&world, ListOrder::Score, 20)).await;
    assert_eq!(names(&items), ["l5", "l4", "l2", "l1", "l6", "l3", "l0"]);
}

#[tokio::test]
async fn of_equal_scores_the_newest_comes_first_and_zero_before_none() {
    let world = World::start().await;
    for (n, value) in [Some(0), Some(100), None, Some(100), Some(0)].into_iter().enumerate() {
        let now = at(n as i64);
        let (id, _) = world.create(now, &company(&format!("l{n}"))).await;
        if let Some(value) = value {
            world.change(&id, now, |lead| score_lead(lead, score(value, now))).await.unwrap();
        }
    }
    let (items, _) = page(&world, &leads(&world, ListOrder::Score, 20)).await;
    assert_eq!(names(&items), ["l3", "l1", "l4", "l0", "l2"]);
    let query = ListQuery { min_score: Some(0), ..leads(&world, ListOrder::Score, 20) };
    assert_eq!(names(&page(&world, &query).await.0), ["l3", "l1", "l4", "l0"]);
}

#[tokio::test]
async fn a_deleted_lead_leaves_every_list() {
    let world = World::start().await;
    let (id, _) = world.create(at(0), &company("gone")).await;
    world.create(at(1), &company("kept")).await;
    world.change(&id, at(2), |lead| delete_lead(lead).unwrap()).await.unwrap();
    for order in [ListOrder::Created, ListOrder::Score] {
        for owner in [None, Some(world.owner)] {
            let query = ListQuery { owner, ..leads(&world, order, 20) };
            assert_eq!(names(&page(&world, &query).await.0), ["kept"]);
        }
    }
}

#[tokio::test]
async fn owners_see_their_own_and_tenants_theirs() {
    let mut world = World::start().await;
    let ann = world.owner;
    world.create(at(0), &company("ann's")).await;
    world.owner = domain::id::new_id(at(0), &support::random_bytes());
    world.create(at(1), &company("bob's")).await;
    let home = world.tenant;
    world.tenant = support::new_tenant(&world.environment, &world.store).await;
    world.create(at(2), &company("foreign")).await;
    world.tenant = home;
    for order in [ListOrder::Created, ListOrder::Score] {
        let query = leads(&world, order, 20);
        assert_eq!(names(&page(&world, &query).await.0), ["bob's", "ann's"]);
        let query = ListQuery { owner: Some(ann), ..query };
        assert_eq!(names(&page(&world, &query).await.0), ["ann's"]);
        let query = ListQuery { kind: AggregateType::Notification, ..query };
        assert!(page(&world, &query).await.0.is_empty());
    }
}

/// What a list must hold, by asking every lead.
fn expected(mut leads: Vec<Lead>, query: &ListQuery) -> Vec<String> {
    leads.retain(|lead| {
        let value = lead.score.as_ref().and_then(LeadScore::value);
        query.min_score.is_none_or(|least| value.is_some_and(|value| value >= least))
            && query.created_from.is_none_or(|from| lead.created_at >= from)
            && query.created_to.is_none_or(|to| lead.created_at < to)
            && query.filters.iter().all(|filter| match filter.field {
                FilterField::Status => lead.details.status.as_str() == filter.value,
                FilterField::Industry => lead.details.industry.as_ref() == Some(&filter.value),
            })
    });
    leads.sort_by_key(|lead| {
        let score = match query.order {
            ListOrder::Created => None,
            ListOrder::Score => lead.score.as_ref().and_then(LeadScore::value),
        };
        std::cmp::Reverse((score, lead.created_at, lead.id.to_string()))
    });
    leads.into_iter().map(|lead| lead.details.company_name).collect()
}

#[tokio::test]
async fn every_combination_of_filters_and_ranges_holds_in_one_shard_and_in_four() {
    let mut world = World::start().await;
    some_leads(&world, 40).await;
    let tenant = world.tenant;
    let (everything, _) = all(&world, &leads(&world, ListOrder::Created, 100)).await;
    assert_eq!(everything.len(), 40);
    // Raising the number of shards moves nothing: the old leads are found where they are, new ones spread.
    for shards in [1, 4] {
        let shards = ListShards::parse(&format!("{tenant}={shards}")).unwrap();
        world.store = world.environment.store().with_list_shards(shards);
        let filters = [
            vec![],
            vec![only(FilterField::Status, "won")],
            vec![only(FilterField::Industry, "retail"), only(FilterField::Status, "new")],
            vec![only(FilterField::Industry, "nothing"), only(FilterField::Industry, "retail")],
        ];
        let ranges = [(None, None), (Some(at(10)), None), (None, Some(at(30))), (Some(at(10)), Some(at(30)))];
        for order in [ListOrder::Created, ListOrder::Score] {
            for filters in &filters {
                for (created_from, created_to) in ranges {
                    for min_score in [None, Some(20)] {
                        for owner in [None, Some(world.owner)] {
                            let query = ListQuery {
                                order,
                                filters: filters.clone(),
                                created_from,
                                created_to,
                                min_score,
                                owner,
                                ..leads(&world, order, 7)
                            };
                            let (found, _) = all(&world, &query).await;
                            assert_eq!(names(&found), expected(everything.clone(), &query), "{query:?}");
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn four_shards_hold_what_one_would() {
    let mut world = World::start().await;
    let shards = ListShards::parse(&format!("{}=4", world.tenant)).unwrap();
    world.store = world.environment.store().with_list_shards(shards);
    some_leads(&world, 40).await;
    let items = world.environment.items(&world.environment.tables().state).await;
    let partitions: HashSet<_> =
        items.iter().filter_map(|item| item.get("gsi1pk")).map(|pk| pk.as_s().unwrap()).collect();
    assert_eq!(partitions.len(), 4, "{partitions:?}");
    for order in [ListOrder::Created, ListOrder::Score] {
        for limit in [1, 3, 39, 40, 100] {
            let query = leads(&world, order, limit);
            let (found, pages) = all(&world, &query).await;
            assert_eq!(names(&found), expected(found.clone(), &query));
            assert_eq!((found.len(), pages), (40, 40_usize.div_ceil(limit as usize)));
        }
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_miss_while_leads_come() {
    let world = World::start().await;
    some_leads(&world, 30).await;
    let (before, _) = all(&world, &leads(&world, ListOrder::Created, 100)).await;
    let mut query = leads(&world, ListOrder::Created, 4);
    let mut found = Vec::new();
    for round in 0.. {
        // One that is newer than the first page, and one whose moment lies within the list.
        world.create(at(100 + round), &company("newer")).await;
        world.create(Timestamp::from_millis(at(20).millis() + round), &company("between")).await;
        let (items, next) = page(&world, &query).await;
        found.extend(items);
        query.after = next;
        if query.after.is_none() {
            break;
        }
    }
    let mut ids: Vec<_> = found.iter().map(|lead| lead.id).collect();
    let old: Vec<_> =
        found.iter().filter(|lead| lead.details.company_name.starts_with('l')).cloned().collect();
    assert_eq!(old, before);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), found.len());
    assert_eq!(names(&found), expected(found.clone(), &query));
}

#[tokio::test]
async fn a_page_goes_on_after_its_last_lead_even_when_that_is_gone() {
    let world = World::start().await;
    some_leads(&world, 6).await;
    let mut query = leads(&world, ListOrder::Created, 2);
    let (first, next) = page(&world, &query).await;
    assert_eq!(names(&first), ["l5", "l4"]);
    let next = next.unwrap();
    assert!(next.sort_key.ends_with(&first[1].id.to_string()));
    query.after = Some(next);
    world.change(&first[1].id, at(50), |lead| delete_lead(lead).unwrap()).await.unwrap();
    assert_eq!(names(&page(&world, &query).await.0), ["l3", "l2"]);
}

#[tokio::test]
async fn an_impossible_range_is_an_empty_page() {
    let world = World::start().await;
    some_leads(&world, 2).await;
    let query = ListQuery {
        created_from: Some(at(10)),
        created_to: Some(at(5)),
        ..leads(&world, ListOrder::Created, 5)
    };
    assert_eq!(page(&world, &query).await, (Vec::new(), None));
}

#[tokio::test]
async fn a_needle_in_a_haystack_is_found_with_bounded_work_per_page() {
    let mut world = World::start().await;
    let needle = LeadInput { industry: Some("needles"), ..company("needle") };
    world.create(at(0), &needle).await;
    let (id, _) = world.create(at(1), &LeadInput { industry: Some("hay"), ..company("hay") }).await;
    hay(&world, &id.to_string(), 2600).await;
    for shards in [1, 4] {
        let shards = ListShards::parse(&format!("{}={shards}", world.tenant)).unwrap();
        world.store = world.environment.store().with_list_shards(shards);
        let mut query = ListQuery {
            filters: vec![only(FilterField::Industry, "needles")],
            ..leads(&world, ListOrder::Created, 20)
        };
        world.environment.wire().take_calls();
        let (items, next) = page(&world, &query).await;
        // Ten queries of the shard that holds everything, and one of each that is empty.
        assert!(world.environment.wire().take_calls().len() <= 13);
        assert!(items.is_empty());
        query.after = next;
        assert!(query.after.is_some(), "nothing is lost");
        let (items, next) = page(&world, &query).await;
        assert_eq!((names(&items), next), (vec!["needle"], None));
    }
}

#[tokio::test]
async fn the_order_holds_across_shards_while_one_is_read_further_than_another() {
    let mut world = World::start().await;
    let shards = ListShards::parse(&format!("{}=2", world.tenant)).unwrap();
    world.store = world.environment.store().with_list_shards(shards);
    let first = format!("{}#lead", world.tenant);
    let (hay_id, _) = world.create(at(3), &LeadInput { industry: Some("hay"), ..company("hay") }).await;
    hay(&world, &hay_id.to_string(), 300).await;
    for (name, moment, partition) in
        [("a", 2, first.clone()), ("b", 1, format!("{first}#1")), ("c", 0, first)]
    {
        let (id, _) =
            world.create(at(moment), &LeadInput { industry: Some("needles"), ..company(name) }).await;
        let mut item = item_of(&world, &id.to_string()).await;
        item.insert("gsi1pk".to_owned(), AttributeValue::S(partition));
        put(&world, item).await;
    }
    let query = ListQuery {
        filters: vec![only(FilterField::Industry, "needles")],
        ..leads(&world, ListOrder::Created, 20)
    };
    assert_eq!(names(&page(&world, &query).await.0), ["a", "b", "c"]);
}

#[tokio::test]
async fn the_last_full_page_says_that_it_is_the_last_and_each_is_one_query() {
    let world = World::start().await;
    some_leads(&world, 30).await;
    for created_to in [None, Some(at(24))] {
        let mut query = ListQuery { created_to, ..leads(&world, ListOrder::Created, 6) };
        world.environment.wire().take_calls();
        let mut pages = 0;
        loop {
            let (items, next) = page(&world, &query).await;
            assert_eq!(items.len(), 6);
            assert_eq!(world.environment.wire().take_calls().len(), 1);
            pages += 1;
            query.after = next;
            if query.after.is_none() {
                break;
            }
        }
        assert_eq!(pages, if created_to.is_some() { 4 } else { 5 });
    }
}

type Item = HashMap<String, AttributeValue>;

async fn item_of(world: &World, id: &str) -> Item {
    let items = world.environment.items(&world.environment.tables().state).await;
    let wanted = format!("{}#lead#{id}", world.tenant);
    items.into_iter().find(|item| item["pk"].as_s().unwrap() == &wanted).unwrap()
}

async fn put(world: &World, item: Item) {
    let put = world.environment.client().put_item().table_name(world.environment.tables().state);
    put.set_item(Some(item)).send().await.unwrap();
}

/// Copies of a lead's item in the first shard, each a second newer than the one before.
async fn hay(world: &World, id: &str, count: i64) {
    let table = world.environment.tables().state;
    let original = item_of(world, id).await;
    let copies: Vec<_> = (0..count)
        .map(|n| {
            let mut copy = original.clone();
            let mut set = |name: &str, value: String| copy.insert(name.to_owned(), AttributeValue::S(value));
            set("pk", format!("{}#lead#{id}{n}", world.tenant));
            set("gsi1pk", format!("{}#lead", world.tenant));
            set("gsi1sk", format!("{}#{id}{n}", at(10 + n)));
            let put = PutRequest::builder().set_item(Some(copy)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        })
        .collect();
    for batch in copies.chunks(25) {
        let client = world.environment.client();
        client.batch_write_item().request_items(&table, batch.to_vec()).send().await.unwrap();
    }
}

#[tokio::test]
async fn filters_are_values_and_nothing_else() {
    let world = World::start().await;
    some_leads(&world, 3).await;
    for value in ["retail OR 1=1", "#status", ":filter0", "\" OR \"\"=\"", "\0", "retail'"] {
        let query = ListQuery {
            filters: vec![only(FilterField::Industry, value)],
            ..leads(&world, ListOrder::Created, 5)
        };
        assert_eq!(page(&world, &query).await, (Vec::new(), None), "{value:?}");
    }
}

#[tokio::test]
async fn a_foreign_item_in_a_list_is_never_shown() {
    let mut world = World::start().await;
    let (_, foreign, _) = world.creation(at(0), &company("foreign"));
    world.store.commit(&alone(foreign)).await.unwrap();
    let table = world.environment.tables().state;
    let mut item =
        world.environment.items(&table).await.into_iter().find(|item| item.contains_key("gsi1pk")).unwrap();
    world.tenant = support::new_tenant(&world.environment, &world.store).await;
    item.insert("gsi1pk".to_owned(), AttributeValue::S(format!("{}#lead", world.tenant)));
    put(&world, item).await;
    let error = world.store.list(&leads(&world, ListOrder::Created, 5)).await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed(_)), "{error:?}");
}
