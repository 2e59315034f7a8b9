//! When API keys were used: at most one write an hour, whoever notices it, and one query for a page of keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use domain::id::{ApiKeyId, OrganizationId, new_id};
use futures_util::future::join_all;
use ports::KeyUses;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use support::{at, random_bytes};
use testkit::{Fault, TestEnvironment};

fn key(created: i64) -> ApiKeyId {
    new_id(at(created), &random_bytes())
}

fn tenant() -> OrganizationId {
    new_id(at(0), &random_bytes())
}

#[tokio::test]
async fn of_many_processes_one_writes_and_the_others_learn_of_it() {
    let environment = TestEnvironment::start();
    let (tenant, key) = (tenant(), key(0));
    let processes: Vec<_> = (0..10).map(|_| environment.key_uses()).collect();
    join_all(processes.iter().enumerate().map(|(n, uses)| {
        let now = at(i64::try_from(n).unwrap());
        async move { uses.note(tenant, key, now).await.unwrap() }
    }))
    .await;
    let used = processes[0].last(tenant, &[key], at(10)).await.unwrap()[&key];
    assert!(used >= at(0) && used <= at(9));
    // Whether it wrote or was told, each process remembers now.
    environment.wire().take_calls();
    for uses in &processes {
        uses.note(tenant, key, at(3000)).await.unwrap();
    }
    assert_eq!(environment.wire().take_calls().len(), 0);
    assert_eq!(processes[0].last(tenant, &[key], at(3000)).await.unwrap()[&key], used);
    processes[3].note(tenant, key, at(3609)).await.unwrap();
    assert_eq!(processes[0].last(tenant, &[key], at(3609)).await.unwrap()[&key], at(3609));
}

#[tokio::test]
async fn a_page_of_keys_is_one_query_of_its_own_tenant() {
    let environment = TestEnvironment::start();
    let uses = environment.key_uses();
    let (mine, theirs) = (tenant(), tenant());
    let keys: Vec<ApiKeyId> = (0..5).map(key).collect();
    for (n, key) in keys.iter().enumerate().filter(|(n, _)| *n != 2) {
        uses.note(mine, *key, at(100 + i64::try_from(n).unwrap())).await.unwrap();
    }
    // The same ids in another organization, which can't be, are still others.
    environment.key_uses().note(theirs, keys[2], at(500)).await.unwrap();
    environment.wire().take_calls();
    let last = uses.last(mine, &[keys[3], keys[2], keys[1]], at(600)).await.unwrap();
    assert_eq!(last, BTreeMap::from([(keys[1], at(101)), (keys[3], at(103))]));
    assert_eq!(environment.wire().take_calls().len(), 1);
    assert_eq!(uses.last(mine, &[], at(600)).await.unwrap(), BTreeMap::new());
    assert_eq!(environment.wire().take_calls().len(), 0);
}

#[tokio::test]
async fn a_use_that_is_past_its_time_counts_as_gone() {
    let environment = TestEnvironment::start();
    let (uses, tenant, key) = (environment.key_uses(), tenant(), key(0));
    uses.note(tenant, key, at(0)).await.unwrap();
    let day = 24 * 3600;
    assert!(uses.last(tenant, &[key], at(400 * day - 1)).await.unwrap().contains_key(&key));
    assert!(uses.last(tenant, &[key], at(400 * day)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_note_is_given_up_soon_and_made_the_next_time() {
    let environment = TestEnvironment::start();
    let (uses, tenant, key) = (environment.key_uses(), tenant(), key(0));
    environment.wire().fail_next("UpdateItem", Fault::Delay(Duration::from_secs(30)));
    let began = Instant::now();
    assert!(uses.note(tenant, key, at(0)).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(3));
    uses.note(tenant, key, at(1)).await.unwrap();
    assert_eq!(uses.last(tenant, &[key], at(1)).await.unwrap()[&key], at(1));
}
