//! Lists: order, filters, ranges and pages, in one shard and in several.

use crate::list_reads::put;
use crate::support;
use crate::support::{World, alone, at, company, typed};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{AccountId, OrganizationId};
use domain::lists::{Filter, FilterValue, List};
use domain::sales::{
    Assessment, Breakdown, Cost, Engine, Lead, LeadInput, LeadScore, delete_lead, score_lead,
};
use domain::{AggregateType, Timestamp};
use ports::{Condition, ListQuery, ListScope, Position, RankBound, Store, StoreError};
use std::collections::HashSet;

pub(crate) fn leads(world: &World, list: List, limit: u32) -> ListQuery {
    ListQuery::of::<Lead>(list, ListScope::Organization(world.tenant), limit, None)
}

/// The same list of one owner.
fn of_owner(query: ListQuery, tenant: OrganizationId, owner: AccountId) -> ListQuery {
    let list = if query.list == Lead::BY_TIME { Lead::OF_OWNER_BY_TIME } else { Lead::OF_OWNER_BY_SCORE };
    ListQuery { list, scope: ListScope::Owner(tenant, owner), ..query }
}

pub(crate) fn only(filter: Filter, value: &str) -> Condition {
    Condition::Equals(filter, FilterValue::Text(value.to_owned()))
}

pub(crate) async fn page(world: &World, query: &ListQuery) -> (Vec<Lead>, Option<Position>) {
    let page = world.store.list(query).await.unwrap();
    assert!(page.items.len() <= query.limit as usize);
    (page.items.into_iter().map(|item| typed::<Lead>(item.unwrap().stored).state).collect(), page.next)
}

/// All pages, and how many there were.
pub(crate) async fn all(world: &World, query: &ListQuery) -> (Vec<Lead>, usize) {
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

pub(crate) fn names(leads: &[Lead]) -> Vec<&str> {
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
pub(crate) async fn some_leads(world: &World, count: u8) {
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
    let (items, next) = page(&world, &leads(&world, Lead::BY_TIME, 7)).await;
    assert_eq!(names(&items), ["l6", "l5", "l4", "l3", "l2", "l1", "l0"]);
    assert_eq!(next, None);
    let calls = world.environment.wire().take_calls();
    assert_eq!(calls.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>(), ["Query"]);

    let (items, _) = page(&world, &leads(&world, Lead::BY_SCORE, 20)).await;
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
    let (items, _) = page(&world, &leads(&world, Lead::BY_SCORE, 20)).await;
    assert_eq!(names(&items), ["l3", "l1", "l4", "l0", "l2"]);
    let query = ListQuery { at_least: Some(RankBound::Score(0)), ..leads(&world, Lead::BY_SCORE, 20) };
    assert_eq!(names(&page(&world, &query).await.0), ["l3", "l1", "l4", "l0"]);
}

#[tokio::test]
async fn a_deleted_lead_leaves_every_list() {
    let world = World::start().await;
    let (id, _) = world.create(at(0), &company("gone")).await;
    world.create(at(1), &company("kept")).await;
    world.change(&id, at(2), |lead| delete_lead(lead).unwrap()).await.unwrap();
    for list in [Lead::BY_TIME, Lead::BY_SCORE] {
        let query = leads(&world, list, 20);
        assert_eq!(names(&page(&world, &query).await.0), ["kept"]);
        let query = of_owner(query, world.tenant, world.owner);
        assert_eq!(names(&page(&world, &query).await.0), ["kept"]);
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
    for list in [Lead::BY_TIME, Lead::BY_SCORE] {
        let query = leads(&world, list, 20);
        assert_eq!(names(&page(&world, &query).await.0), ["bob's", "ann's"]);
        let query = of_owner(query, world.tenant, ann);
        assert_eq!(names(&page(&world, &query).await.0), ["ann's"]);
        let query = ListQuery { kind: AggregateType::Notification, ..query };
        assert!(page(&world, &query).await.0.is_empty());
    }
}

/// Whether a lead satisfies a condition.
fn satisfies(lead: &Lead, condition: &Condition) -> bool {
    let score = lead.score.as_ref().and_then(LeadScore::value).map(u64::from);
    match condition {
        Condition::Equals(Filter::Status, FilterValue::Text(value)) => lead.details.status.as_str() == value,
        Condition::Equals(Filter::Industry, FilterValue::Text(value)) => {
            lead.details.industry.as_ref() == Some(value)
        }
        Condition::AtLeast(Filter::Score, FilterValue::Number(value)) => {
            score.is_some_and(|score| score >= *value)
        }
        Condition::AtLeast(Filter::CreatedAt, FilterValue::Time(value)) => lead.created_at >= *value,
        Condition::Below(Filter::CreatedAt, FilterValue::Time(value)) => lead.created_at < *value,
        other => panic!("{other:?}"),
    }
}

/// What a list must hold, by asking every lead.
fn expected(mut leads: Vec<Lead>, query: &ListQuery) -> Vec<String> {
    let score = |lead: &Lead| lead.score.as_ref().and_then(LeadScore::value);
    leads.retain(|lead| {
        let in_range = match (&query.at_least, &query.below) {
            (None, None) => true,
            (Some(RankBound::Score(least)), None) => score(lead).is_some_and(|score| score >= *least),
            (from, below) => {
                let time = |bound: &Option<RankBound>, otherwise| match bound {
                    Some(RankBound::Time(time)) => *time,
                    None => otherwise,
                    other => panic!("{other:?}"),
                };
                (time(from, at(-1))..time(below, at(1_000_000))).contains(&lead.created_at)
            }
        };
        in_range && query.conditions.iter().all(|condition| satisfies(lead, condition))
    });
    let by_score = [Lead::BY_SCORE, Lead::OF_OWNER_BY_SCORE].contains(&query.list);
    leads.sort_by_key(|lead| {
        let score = if by_score { score(lead) } else { None };
        std::cmp::Reverse((score, lead.created_at, lead.id.to_string()))
    });
    leads.into_iter().map(|lead| lead.details.company_name).collect()
}

/// Queries of a list with these conditions, the range of creation times and the least score: what the list is ranked by is
/// a range of it, the other is a condition.
fn narrowed(
    query: &ListQuery,
    conditions: &[Condition],
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    least: Option<u8>,
) -> ListQuery {
    let mut query = ListQuery { conditions: conditions.to_vec(), ..query.clone() };
    if query.list == Lead::BY_TIME {
        (query.at_least, query.below) = (from.map(RankBound::Time), to.map(RankBound::Time));
        let score = least.map(|least| FilterValue::Number(least.into()));
        query.conditions.extend(score.map(|score| Condition::AtLeast(Filter::Score, score)));
    } else {
        query.at_least = least.map(RankBound::Score);
        let (from, to) = (from.map(FilterValue::Time), to.map(FilterValue::Time));
        query.conditions.extend(from.map(|from| Condition::AtLeast(Filter::CreatedAt, from)));
        query.conditions.extend(to.map(|to| Condition::Below(Filter::CreatedAt, to)));
    }
    query
}

#[tokio::test]
async fn every_combination_of_filters_and_ranges_holds_in_one_shard_and_in_four() {
    let mut world = World::start().await;
    some_leads(&world, 40).await;
    let tenant = world.tenant;
    let (everything, _) = all(&world, &leads(&world, Lead::BY_TIME, 100)).await;
    assert_eq!(everything.len(), 40);
    // Raising the number of shards moves nothing: the old leads are found where they are, new ones spread.
    for shards in [1, 4] {
        let shards = testkit::list_shards(tenant, shards);
        world.store = world.environment.store().with_list_shards(shards);
        let conditions = [
            vec![],
            vec![only(Filter::Status, "won")],
            vec![only(Filter::Industry, "retail"), only(Filter::Status, "new")],
            vec![only(Filter::Industry, "nothing"), only(Filter::Industry, "retail")],
        ];
        let ranges = [(None, None), (Some(at(10)), None), (None, Some(at(30))), (Some(at(10)), Some(at(30)))];
        for list in [Lead::BY_TIME, Lead::BY_SCORE] {
            for conditions in &conditions {
                for range in ranges {
                    for least in [None, Some(20)] {
                        let query = narrowed(&leads(&world, list, 7), conditions, range, least);
                        for query in [query.clone(), of_owner(query, tenant, world.owner)] {
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
    let shards = testkit::list_shards(world.tenant, 4);
    world.store = world.environment.store().with_list_shards(shards);
    some_leads(&world, 40).await;
    let items = world.environment.items(&world.environment.tables().state).await;
    let partitions: HashSet<_> =
        items.iter().filter_map(|item| item.get("list1_pk")).map(|pk| pk.as_s().unwrap()).collect();
    assert_eq!(partitions.len(), 4, "{partitions:?}");
    for list in [Lead::BY_TIME, Lead::BY_SCORE] {
        for limit in [1, 3, 39, 40, 100] {
            let query = leads(&world, list, limit);
            let (found, pages) = all(&world, &query).await;
            assert_eq!(names(&found), expected(found.clone(), &query));
            let full = 40_usize.div_ceil(limit as usize);
            // Pages of one entry read two of each shard, which does not always tell that a shard has ended.
            let most = if limit == 1 { full + 1 } else { full };
            assert_eq!(found.len(), 40);
            assert!((full..=most).contains(&pages), "{pages} pages of {limit}");
        }
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_miss_while_leads_come() {
    let world = World::start().await;
    some_leads(&world, 30).await;
    let (before, _) = all(&world, &leads(&world, Lead::BY_TIME, 100)).await;
    let mut query = leads(&world, Lead::BY_TIME, 4);
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
    let mut query = leads(&world, Lead::BY_TIME, 2);
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
        at_least: Some(RankBound::Time(at(10))),
        below: Some(RankBound::Time(at(5))),
        ..leads(&world, Lead::BY_TIME, 5)
    };
    assert_eq!(page(&world, &query).await, (Vec::new(), None));
}

#[tokio::test]
async fn the_last_full_page_says_that_it_is_the_last_and_each_is_one_query() {
    let world = World::start().await;
    some_leads(&world, 30).await;
    for to in [None, Some(at(24))] {
        let below = to.map(RankBound::Time);
        let mut query = ListQuery { below, ..leads(&world, Lead::BY_TIME, 6) };
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
        assert_eq!(pages, if to.is_some() { 4 } else { 5 });
    }
}

#[tokio::test]
async fn filters_are_values_and_nothing_else() {
    let world = World::start().await;
    some_leads(&world, 3).await;
    for value in ["retail OR 1=1", "#status", ":filter0", "\" OR \"\"=\"", "\0", "retail'"] {
        let query =
            ListQuery { conditions: vec![only(Filter::Industry, value)], ..leads(&world, Lead::BY_TIME, 5) };
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
        world.environment.items(&table).await.into_iter().find(|item| item.contains_key("list1_pk")).unwrap();
    world.tenant = support::new_tenant(&world.environment, &world.store).await;
    item.insert("list1_pk".to_owned(), AttributeValue::S(format!("{}#lead", world.tenant)));
    put(&world, item).await;
    let page = world.store.list(&leads(&world, Lead::BY_TIME, 5)).await.unwrap();
    assert!(matches!(page.items[..], [Err(StoreError::Malformed(_))]), "{:?}", page.items);
}
