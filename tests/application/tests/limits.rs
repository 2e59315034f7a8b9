//! A request is counted at the same time as its work.

use crate::support::NOW;
use application_core::Error;
use application_core::limits::{
    AI_CALLS, AI_CALLS_OF_ORGANIZATION, Counted, KEY_READS_OF_ORGANIZATION, LEAD_SCORES, LOGINS_PER_ACCOUNT,
    LOGINS_PER_ADDRESS, NEW_API_KEYS, READS, allowed, limited, masked_network, network, take_both,
};
use domain::Timestamp;
use ports::{BoxFuture, LimitDecision, Limiter, RateLimit, StoreError};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::time::timeout;

/// Waits, and then allows or refuses.
struct Slow {
    allows: bool,
    fails: bool,
    asked: AtomicBool,
}

impl Slow {
    fn new(allows: bool) -> Self {
        Self { allows, fails: false, asked: AtomicBool::new(false) }
    }
}

impl Limiter for Slow {
    fn take<'a>(
        &'a self,
        limit: RateLimit,
        _: &'a str,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<LimitDecision, StoreError>> {
        Box::pin(async move {
            self.asked.store(true, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
            if self.fails {
                return Err(StoreError::Unavailable("down".into()));
            }
            let retry_after_seconds = if self.allows { 0 } else { 6 };
            Ok(LimitDecision {
                limit,
                allowed: self.allows,
                remaining: 3,
                retry_after_seconds,
                reset_seconds: 9,
            })
        })
    }

    fn give_back<'a>(
        &'a self,
        _: RateLimit,
        _: &'a str,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn the_limits_are_the_products() {
    let numbers = |limit: RateLimit| (limit.burst, limit.period_seconds);
    assert_eq!(numbers(READS), (100, 60));
    assert_eq!(numbers(LEAD_SCORES), (10, 60));
    assert_eq!(numbers(LOGINS_PER_ACCOUNT), (5, 900));
    assert_eq!(numbers(LOGINS_PER_ADDRESS), (20, 900));
    assert_eq!(numbers(AI_CALLS), (60, 60));
    assert_eq!(numbers(AI_CALLS_OF_ORGANIZATION), (120, 60));
    assert_eq!(numbers(KEY_READS_OF_ORGANIZATION), (300, 60));
    assert_eq!(numbers(NEW_API_KEYS), (50, 86_400));
    let names = [
        READS.name,
        LEAD_SCORES.name,
        LOGINS_PER_ACCOUNT.name,
        LOGINS_PER_ADDRESS.name,
        AI_CALLS.name,
        AI_CALLS_OF_ORGANIZATION.name,
        KEY_READS_OF_ORGANIZATION.name,
        NEW_API_KEYS.name,
    ];
    for (at, name) in names.iter().enumerate() {
        assert!(!names[..at].contains(name), "{name} is counted for two limits");
    }
}

/// Decides when the work has begun too.
struct Meeting(Barrier);

impl Limiter for Meeting {
    fn take<'a>(
        &'a self,
        limit: RateLimit,
        _: &'a str,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<LimitDecision, StoreError>> {
        Box::pin(async move {
            self.0.wait().await;
            Ok(LimitDecision { limit, allowed: true, remaining: 3, retry_after_seconds: 0, reset_seconds: 9 })
        })
    }

    fn give_back<'a>(
        &'a self,
        _: RateLimit,
        _: &'a str,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn the_work_runs_while_it_is_counted() {
    let limiter = Meeting(Barrier::new(2));
    let work = Box::pin(async {
        limiter.0.wait().await;
        Ok(7)
    });
    // Each side waits for the other, so one after the other would never end.
    let counted = timeout(Duration::from_secs(10), limited(&limiter, READS, "who", NOW, work));
    let (value, decision) = counted.await.expect("both at the same time").unwrap();
    assert_eq!((value, decision.remaining, decision.limit), (7, 3, READS));
}

#[tokio::test]
async fn a_request_over_the_limit_learns_nothing_of_its_work() {
    for result in [Ok(7), Err(Error::NotFound)] {
        let limiter = Slow::new(false);
        let work = Box::pin(async { result });
        let refused = limited(&limiter, LEAD_SCORES, "who", NOW, work).await.unwrap_err();
        let Error::Limited(decision) = refused else { panic!("{refused:?}") };
        assert_eq!((decision.limit, decision.retry_after_seconds), (LEAD_SCORES, 6));
    }
}

#[tokio::test]
async fn a_limiter_that_fails_lets_nobody_through() {
    let limiter = Slow { fails: true, ..Slow::new(true) };
    let result = limited(&limiter, READS, "who", NOW, Box::pin(async { Ok(7) })).await;
    assert!(matches!(result, Err(Error::Store(StoreError::Unavailable(_)))));
}

#[tokio::test]
async fn work_that_fails_is_counted_all_the_same() {
    let limiter = Slow::new(true);
    let result = limited::<u8>(&limiter, READS, "who", NOW, Box::pin(async { Err(Error::NotFound) })).await;
    assert!(matches!(result, Err(Error::NotFound)));
    assert!(limiter.asked.load(Ordering::SeqCst));
}

#[test]
fn a_decision_allows_or_is_the_error() {
    let asked = Cell::new(0);
    let decision = |allowed| {
        asked.set(asked.get() + 1);
        LimitDecision { limit: READS, allowed, remaining: 0, retry_after_seconds: 1, reset_seconds: 1 }
    };
    assert!(allowed(decision(true)).is_ok());
    assert!(matches!(allowed(decision(false)), Err(Error::Limited(_))));
    assert_eq!(asked.get(), 2);
}

#[test]
fn an_ipv6_network_and_an_ipv4_address_count_as_one() {
    for (address, counted) in [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("not an address", "not an address"),
    ] {
        assert_eq!(network(address), counted, "{address}");
    }
}

#[test]
fn what_is_recorded_of_an_address_names_no_machine() {
    for (address, recorded) in [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("", "unknown"),
        ("ada@northwind.example", "unknown"),
    ] {
        assert_eq!(masked_network(address), recorded, "{address}");
    }
}

const KEY: RateLimit = RateLimit { name: "key", burst: 3, period_seconds: 60 };
const ORGANIZATION: RateLimit = RateLimit { name: "organization", burst: 5, period_seconds: 60 };

async fn ask(limiter: &dyn Limiter, key: &str) -> Result<LimitDecision, Error> {
    let own = Counted { limit: KEY, who: key };
    take_both(limiter, own, Counted { limit: ORGANIZATION, who: "organization" }, NOW).await
}

#[tokio::test]
async fn an_organizations_limit_stands_above_those_of_its_keys() {
    let environment = testkit::TestEnvironment::start();
    let limiter = environment.limiter();
    let refused_by = |result: Result<LimitDecision, Error>| match result {
        Err(Error::Limited(decision)) => decision.limit.name,
        other => panic!("{other:?}"),
    };
    for left in [2, 1, 0] {
        let decision = ask(&limiter, "first").await.unwrap();
        assert_eq!((decision.limit, decision.remaining), (KEY, left));
    }
    // A key that continues over its own limit uses up nothing of the other keys' limit.
    for _ in 0..10 {
        assert_eq!(refused_by(ask(&limiter, "first").await), "key");
    }
    for left in [1, 0] {
        let decision = ask(&limiter, "second").await.unwrap();
        assert_eq!((decision.limit, decision.remaining), (ORGANIZATION, left));
    }
    for key in ["second", "third", "fourth"] {
        assert_eq!(refused_by(ask(&limiter, key).await), "organization");
    }
    // A request that the organization's limit refused does not count for the key: `second` was allowed two requests and
    // has one left.
    let own = limiter.take(KEY, "second", NOW).await.unwrap();
    assert_eq!((own.allowed, own.remaining), (true, 0));
}

#[tokio::test]
async fn a_flood_of_one_key_does_not_write_the_organizations_counter() {
    let environment = testkit::TestEnvironment::start();
    let limiter = environment.limiter();
    for _ in 0..3 {
        ask(&limiter, "flood").await.unwrap();
    }
    // The first refusal is learned from the table.
    assert!(ask(&limiter, "flood").await.is_err());
    environment.wire().take_calls();
    for _ in 0..100 {
        let refused = ask(&limiter, "flood").await;
        assert!(
            matches!(refused, Err(Error::Limited(LimitDecision { limit: KEY, retry_after_seconds: 20, .. }))),
            "{refused:?}"
        );
    }
    assert!(environment.wire().take_calls().is_empty());
    // Other keys are still asked for, and one interval later the key is allowed again.
    ask(&limiter, "other").await.unwrap();
    let own = Counted { limit: KEY, who: "flood" };
    let organization = Counted { limit: ORGANIZATION, who: "organization" };
    let later = |milliseconds| NOW.plus(Duration::from_millis(milliseconds));
    assert!(take_both(&limiter, own, organization, later(19_999)).await.is_err());
    assert!(take_both(&limiter, own, organization, later(20_000)).await.is_ok());
}

#[tokio::test]
async fn both_limits_are_counted_at_the_same_time() {
    let limiter = Meeting(Barrier::new(2));
    let counted = timeout(Duration::from_secs(10), ask(&limiter, "key"));
    assert!(counted.await.expect("both at the same time").unwrap().allowed);
}
