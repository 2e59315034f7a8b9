//! How much a page reads: at most ten times its limit, whatever is left out, and nothing is lost or shown twice.

use crate::list::{all, leads, names, only, page, some_leads};
use crate::support::{World, at, company};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::lists::Filter;
use domain::sales::{Lead, LeadInput};
use ports::ListQuery;
use std::collections::{HashMap, HashSet};

type Item = HashMap<String, AttributeValue>;

async fn item_of(world: &World, id: &str) -> Item {
    let items = world.environment.items(&world.environment.tables().state).await;
    let wanted = format!("{}#lead#{id}", world.tenant);
    items.into_iter().find(|item| item["pk"].as_s().unwrap() == &wanted).unwrap()
}

pub(crate) async fn put(world: &World, item: Item) {
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
            set("list1_pk", format!("{}#lead", world.tenant));
            set("list1_sk", format!("{}#{id}{n}", at(10 + n)));
            let put = PutRequest::builder().set_item(Some(copy)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        })
        .collect();
    for batch in copies.chunks(25) {
        let client = world.environment.client();
        client.batch_write_item().request_items(&table, batch.to_vec()).send().await.unwrap();
    }
}

fn needles(world: &World, limit: u32) -> ListQuery {
    ListQuery { conditions: vec![only(Filter::Industry, "needles")], ..leads(world, Lead::BY_TIME, limit) }
}

/// The entries that the queries since the last call read, and the number of queries.
fn reads(world: &World) -> (u64, usize) {
    let calls = world.environment.wire().take_calls();
    assert!(calls.iter().all(|call| call.operation == "Query"), "{calls:?}");
    (calls.iter().map(|call| call.scanned).sum(), calls.len())
}

#[tokio::test]
async fn a_needle_in_a_haystack_is_found_with_bounded_reads_for_each_page() {
    let mut world = World::start().await;
    world.create(at(0), &LeadInput { industry: Some("needles"), ..company("needle") }).await;
    let (id, _) = world.create(at(1), &LeadInput { industry: Some("hay"), ..company("hay") }).await;
    hay(&world, &id.to_string(), 450).await;
    for (shards, limit, most_pages) in [(1, 1, 60), (1, 20, 3), (1, 100, 1), (4, 1, 60), (4, 20, 4)] {
        let case = format!("{shards} shards, limit {limit}");
        let configured = testkit::list_shards(world.tenant, shards);
        world.store = world.environment.store().with_list_shards(configured);
        let mut query = needles(&world, limit);
        let (mut found, mut pages, mut read) = (Vec::new(), 0, 0);
        world.environment.wire().take_calls();
        loop {
            let (items, next) = page(&world, &query).await;
            let (scanned, queries) = reads(&world);
            assert!(scanned <= u64::from(limit) * 10, "{case}: {scanned}");
            assert!(queries <= 2 * shards as usize, "{case}: {queries} queries");
            (pages, read) = (pages + 1, read + scanned);
            found.extend(items);
            assert!(next.is_none() || next != query.after, "{case}: no progress");
            query.after = next;
            if query.after.is_none() {
                break;
            }
        }
        assert_eq!(names(&found), ["needle"], "{case}");
        assert!(read >= 452 && pages <= most_pages, "{case}: {read} in {pages} pages");
    }
}

#[tokio::test]
async fn a_list_that_nothing_narrows_reads_little_more_than_it_shows() {
    let world = World::start().await;
    some_leads(&world, 40).await;
    world.environment.wire().take_calls();
    page(&world, &leads(&world, Lead::BY_TIME, 10)).await;
    assert_eq!(reads(&world), (12, 1));
}

#[tokio::test]
async fn a_small_page_of_many_shards_reads_two_of_each_and_goes_on() {
    let mut world = World::start().await;
    let shards = testkit::list_shards(world.tenant, 16);
    world.store = world.environment.store().with_list_shards(shards);
    some_leads(&world, 12).await;
    world.environment.wire().take_calls();
    for query in [leads(&world, Lead::BY_TIME, 1), leads(&world, Lead::BY_SCORE, 1)] {
        let (found, pages) = all(&world, &query).await;
        let (scanned, _) = reads(&world);
        assert!(scanned <= 32 * pages as u64, "{scanned} in {pages} pages");
        let ids: HashSet<_> = found.iter().map(|lead| lead.id).collect();
        assert_eq!((found.len(), ids.len()), (12, 12));
    }
}

#[tokio::test]
async fn leads_of_the_same_moment_are_shown_once_each_in_any_number_of_shards() {
    let mut world = World::start().await;
    for n in 0..24 {
        let industry = if n % 3 == 0 { "needles" } else { "hay" };
        world.create(at(7), &LeadInput { industry: Some(industry), ..company(&format!("l{n}")) }).await;
    }
    for shards in [1, 4] {
        let configured = testkit::list_shards(world.tenant, shards);
        world.store = world.environment.store().with_list_shards(configured);
        for limit in [1, 3, 7] {
            let (found, _) = all(&world, &leads(&world, Lead::BY_TIME, limit)).await;
            let ids: Vec<_> = found.iter().map(|lead| lead.id.to_string()).collect();
            assert_eq!(ids.len(), 24, "{shards} shards, limit {limit}");
            assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
            let (found, _) = all(&world, &needles(&world, limit)).await;
            assert_eq!(names(&found), ["l21", "l18", "l15", "l12", "l9", "l6", "l3", "l0"]);
        }
    }
}

#[tokio::test]
async fn the_order_holds_across_shards_while_one_is_read_further_than_another() {
    let mut world = World::start().await;
    let shards = testkit::list_shards(world.tenant, 2);
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
        item.insert("list1_pk".to_owned(), AttributeValue::S(partition));
        put(&world, item).await;
    }
    let (found, pages) = all(&world, &needles(&world, 20)).await;
    assert_eq!(names(&found), ["a", "b", "c"]);
    assert!(pages > 1, "the shards are not read to their ends at once");
}
