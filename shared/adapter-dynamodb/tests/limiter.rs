//! Rate limits: exact, also when many processes ask at once, and one write per request.

use crate::support::{START, at};
use adapter_dynamodb::DynamoLimiter;
use domain::Timestamp;
use futures_util::future::join_all;
use ports::{Entropy, LimitDecision, Limiter, RateLimit};
use testkit::{TestEntropy, TestEnvironment};

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

/// Sends requests at one time, by the clock of the counting process, until one is refused.
async fn fill(limiter: &DynamoLimiter, limit: RateLimit, now: Timestamp) -> u32 {
    let mut allowed = 0;
    while limiter.take(limit, "ann", now).await.unwrap().allowed {
        allowed += 1;
    }
    allowed
}

#[tokio::test]
async fn a_process_whose_clock_is_ahead_locks_nobody_out() {
    let fifteen_minutes = RateLimit { name: "logins_account", burst: 5, period_seconds: 900 };
    for (limit, ahead) in [(TEN_A_MINUTE, 240), (TEN_A_MINUTE, 900), (fifteen_minutes, 900)] {
        let environment = TestEnvironment::start();
        let (wrong, right) = (environment.limiter(), environment.limiter());
        assert_eq!(fill(&wrong, limit, at(ahead)).await, limit.burst);
        environment.wire().take_calls();
        // The time that it stored is ignored at once, with one call.
        let decision = right.take(limit, "ann", at(0)).await.unwrap();
        assert_eq!((decision.allowed, decision.remaining), (true, limit.burst - 1), "{limit:?} {ahead}");
        assert_eq!(environment.wire().take_calls().len(), 1);
        assert_eq!(fill(&right, limit, at(0)).await, limit.burst - 1, "{limit:?} {ahead}");
    }
}

#[tokio::test]
async fn a_request_that_began_two_minutes_ago_does_not_empty_a_full_limit() {
    let environment = TestEnvironment::start();
    let (now, late) = (environment.limiter(), environment.limiter());
    assert_eq!(fill(&now, TEN_A_MINUTE, at(120)).await, 10);
    assert!(!late.take(TEN_A_MINUTE, "ann", at(0)).await.unwrap().allowed);
}

#[tokio::test]
async fn a_clock_that_is_ahead_gives_no_process_more_than_the_limit() {
    let environment = TestEnvironment::start();
    let (wrong, right) = (environment.limiter(), environment.limiter());
    let (mut by_wrong, mut by_right) = (0, 0);
    // Each process overwrites the time of the other one, and remembers its own.
    for _ in 0..30 {
        by_wrong += u32::from(wrong.take(TEN_A_MINUTE, "ann", at(900)).await.unwrap().allowed);
        by_right += u32::from(right.take(TEN_A_MINUTE, "ann", at(0)).await.unwrap().allowed);
    }
    assert_eq!((by_wrong, by_right), (10, 10));
}

#[tokio::test]
async fn clocks_that_differ_a_little_share_one_limit() {
    for behind in [1, 50, 1_000, 9_000] {
        let environment = TestEnvironment::start();
        let (first, second) = (environment.limiter(), environment.limiter());
        assert_eq!(fill(&first, TEN_A_MINUTE, millis(behind)).await, 10);
        assert_eq!(fill(&second, TEN_A_MINUTE, at(0)).await, 0, "{behind} ms");
    }
}

/// Processes with these clocks, in seconds from the right time, send requests at random times for some minutes. Returns
/// for each process the number of allowed requests, the longest wait that a process with the right clock got, and the
/// milliseconds of the whole walk.
async fn walk(limit: RateLimit, clocks: &[i64], seed: u64) -> (Vec<u32>, u32, i64) {
    let environment = TestEnvironment::start();
    let entropy = TestEntropy::new(seed);
    let limiters: Vec<_> = clocks.iter().map(|_| environment.limiter()).collect();
    let (mut allowed, mut longest, mut now) = (vec![0; clocks.len()], 0, 0);
    for _ in 0..300 {
        let mut chance = [0; 2];
        entropy.fill(&mut chance).unwrap();
        let process = usize::from(chance[0]) % clocks.len();
        now += i64::from(chance[1]) * 8;
        let decision =
            limiters[process].take(limit, "ann", millis(now + clocks[process] * 1000)).await.unwrap();
        allowed[process] += u32::from(decision.allowed);
        if clocks[process] == 0 {
            longest = longest.max(decision.retry_after_seconds);
        }
    }
    (allowed, longest, now)
}

#[tokio::test]
async fn whatever_clocks_say_the_limit_holds_for_each_process_and_for_all_with_the_right_time() {
    let sets: [&[i64]; 5] = [&[0, 0, 0], &[0, 0, 240], &[0, 900, 240, 0], &[0, -240, 0], &[-900, 0, 900, 7]];
    for (seed, clocks) in (1..).zip(sets) {
        let (allowed, longest, lasted) = walk(TEN_A_MINUTE, clocks, seed).await;
        // The burst, and one more request for each interval of 6 s.
        let most = 10 + u32::try_from(lasted / 6_000).unwrap() + 1;
        for (clock, allowed) in clocks.iter().zip(&allowed) {
            assert!(*allowed <= most, "{clocks:?}: {allowed} of {most} by the process at {clock}");
        }
        assert!(longest <= 60 + 10, "{clocks:?}: told to wait {longest} s");
        if clocks.iter().all(|clock| *clock == 0) {
            assert!(allowed.iter().sum::<u32>() <= most, "{allowed:?} of {most}");
        }
        for (clock, allowed) in clocks.iter().zip(allowed) {
            assert!(allowed > 0, "{clocks:?}: the process at {clock} was locked out");
        }
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
