//! Rate limits: exact, also when many processes ask at once, and one write per request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use domain::Timestamp;
use futures_util::future::join_all;
use ports::{LimitDecision, Limiter, RateLimit};
use support::{START, at};
use testkit::TestEnvironment;

const TEN_A_MINUTE: RateLimit = RateLimit { name: "reads", burst: 10, period_seconds: 60 };

fn millis(after: i64) -> Timestamp {
    Timestamp::from_millis(START.millis() + after)
}

#[tokio::test]
async fn of_fifty_at_once_exactly_ten_pass() {
    let environment = TestEnvironment::start();
    let limiters: Vec<_> = (0..5).map(|_| environment.limiter()).collect();
    let decisions = join_all((0..50).map(|n| limiters[n % 5].take(TEN_A_MINUTE, "ann", at(0)))).await;
    let allowed = decisions.into_iter().filter(|decision| decision.as_ref().unwrap().allowed).count();
    assert_eq!(allowed, 10);
}

#[tokio::test]
async fn a_burst_passes_and_the_rest_is_told_when_to_come_back() {
    let environment = TestEnvironment::start();
    let limiter = environment.limiter();
    for n in 1..=10 {
        let decision = limiter.take(TEN_A_MINUTE, "ann", at(0)).await.unwrap();
        assert_eq!(
            decision,
            LimitDecision {
                limit: TEN_A_MINUTE,
                allowed: true,
                remaining: 10 - n,
                retry_after_seconds: 0,
                reset_seconds: n * 6,
            }
        );
    }
    let refused = limiter.take(TEN_A_MINUTE, "ann", millis(1500)).await.unwrap();
    assert_eq!((refused.allowed, refused.remaining), (false, 0));
    // An interval of 6 s, of which 1.5 have passed.
    assert_eq!((refused.retry_after_seconds, refused.reset_seconds), (5, 59));
    assert!(!limiter.take(TEN_A_MINUTE, "ann", millis(5999)).await.unwrap().allowed);
    assert!(limiter.take(TEN_A_MINUTE, "ann", millis(6000)).await.unwrap().allowed);
    assert!(!limiter.take(TEN_A_MINUTE, "ann", millis(6000)).await.unwrap().allowed);
    let rested = limiter.take(TEN_A_MINUTE, "ann", at(600)).await.unwrap();
    assert_eq!((rested.allowed, rested.remaining, rested.reset_seconds), (true, 9, 6));
}

#[tokio::test]
async fn over_a_long_time_the_rate_is_kept() {
    let environment = TestEnvironment::start();
    let limiter = environment.limiter();
    let mut allowed = 0;
    for second in 0..300 {
        allowed += u32::from(limiter.take(TEN_A_MINUTE, "ann", at(second)).await.unwrap().allowed);
    }
    // The burst of 10, and one more every 6 seconds for 299 seconds.
    assert_eq!(allowed, 10 + 49);
}

#[tokio::test]
async fn one_write_in_the_normal_case_and_none_when_refused() {
    let environment = TestEnvironment::start();
    let limiter = environment.limiter();
    let calls = || environment.wire().take_calls().len();
    for _ in 0..10 {
        limiter.take(TEN_A_MINUTE, "ann", at(0)).await.unwrap();
        assert_eq!(calls(), 1);
    }
    let before = environment.items(&environment.tables().ephemeral).await;
    calls();
    assert!(!limiter.take(TEN_A_MINUTE, "ann", at(1)).await.unwrap().allowed);
    assert_eq!(calls(), 1);
    assert_eq!(environment.items(&environment.tables().ephemeral).await, before);
    calls();

    // A process that knows nothing guesses wrong at most once.
    let cold = environment.limiter();
    assert!(cold.take(TEN_A_MINUTE, "ann", at(7)).await.unwrap().allowed);
    assert_eq!(calls(), 2);
    assert!(!cold.take(TEN_A_MINUTE, "ann", at(7)).await.unwrap().allowed);
    assert_eq!(calls(), 1);
    // The first one's memory is old now; it finds out with its one write.
    assert!(!limiter.take(TEN_A_MINUTE, "ann", at(7)).await.unwrap().allowed);
    assert_eq!(calls(), 1);
}

#[tokio::test]
async fn limits_are_apart_and_expire_when_they_are_at_rest() {
    let environment = TestEnvironment::start();
    let limiter = environment.limiter();
    let one = RateLimit { burst: 1, ..TEN_A_MINUTE };
    assert!(limiter.take(one, "ann", at(0)).await.unwrap().allowed);
    assert!(!limiter.take(one, "ann", at(0)).await.unwrap().allowed);
    assert!(limiter.take(one, "bob", at(0)).await.unwrap().allowed);
    assert!(limiter.take(RateLimit { name: "writes", ..one }, "ann", at(0)).await.unwrap().allowed);
    let items = environment.items(&environment.tables().ephemeral).await;
    assert_eq!(items.len(), 3);
    for item in items {
        let expires_at: i64 = item["expires_at"].as_n().unwrap().parse().unwrap();
        assert!((at(60).seconds()..=at(62).seconds()).contains(&expires_at), "{expires_at}");
    }
}

#[tokio::test]
async fn relay_failures_are_counted_by_record() {
    let environment = TestEnvironment::start();
    let attempts = environment.relay_attempts();
    for n in 1..=3 {
        assert_eq!(attempts.record_failure("event_1", at(0)).await.unwrap(), n);
    }
    assert_eq!(attempts.record_failure("event_2", at(0)).await.unwrap(), 1);
}
