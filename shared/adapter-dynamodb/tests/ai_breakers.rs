//! Breakers: shared by the fleet, opened by failures, and closed by the one call that tries.

use crate::support::ai::Gateway;
use crate::support::at;
use domain::Timestamp;
use futures_util::future::join_all;
use ports::{AiState, Breaker, CallObservation, ModelName};
use std::time::Duration;
use testkit::Fault;

fn sonnet() -> ModelName {
    ModelName { provider: "bedrock".to_owned(), model: "claude-sonnet".to_owned() }
}

fn calls(calls: u32, failures: u32) -> CallObservation {
    CallObservation { calls, failures, retry_after: None }
}

fn open(until: i64) -> Breaker {
    Breaker::Open { until: at(until) }
}

fn failing(until: i64) -> Breaker {
    Breaker::Failing { until: at(until) }
}

async fn observe(gateway: &Gateway, seen: CallObservation, now: Timestamp) -> Breaker {
    gateway.state.observe(&sonnet(), seen, now).await.unwrap()
}

async fn look(gateway: &Gateway, now: Timestamp) -> Breaker {
    gateway.look(None, &[sonnet()], now).await.breakers[0]
}

async fn probe(gateway: &Gateway, now: i64) -> bool {
    gateway.state.probe(&sonnet(), at(now), at(now + 20)).await.unwrap() == Breaker::HalfOpen
}

async fn probed(gateway: &Gateway, succeeded: bool, now: i64) {
    gateway.state.report_probe(&sonnet(), succeeded, None, at(now)).await.unwrap();
}

/// One whose breaker opened at 0 s, for 30 s.
async fn opened() -> Gateway {
    let gateway = Gateway::start();
    assert_eq!(observe(&gateway, calls(20, 20), at(0)).await, open(30));
    gateway
}

#[tokio::test]
async fn it_opens_when_half_of_twenty_calls_failed() {
    let gateway = Gateway::start();
    assert_eq!(observe(&gateway, calls(19, 19), at(0)).await, Breaker::Closed);
    assert_eq!(look(&gateway, at(0)).await, Breaker::Closed);
    // 20 of 21 in the same window.
    assert_eq!(observe(&gateway, calls(2, 1), at(59)).await, open(89));
    // Another process sees it at its next look.
    let other = gateway.environment.ai_state();
    let models = [sonnet(), ModelName { model: "claude-haiku".to_owned(), ..sonnet() }];
    let seen = ports::RequestLookup {
        tenant: gateway.tenant,
        cache: None,
        models: &models,
        now: at(60),
        fine_tunes: &[],
    };
    assert_eq!(other.look_up(&seen).await.unwrap().breakers, [open(89), Breaker::Closed]);

    let half = Gateway::start();
    assert_eq!(observe(&half, calls(20, 9), at(0)).await, Breaker::Closed);
    assert_eq!(observe(&half, calls(2, 2), at(1)).await, failing(31));
}

#[tokio::test]
async fn while_some_calls_are_answered_it_is_open_only_for_who_has_another_model() {
    let gateway = Gateway::start();
    // 16 of 20 failed.
    assert_eq!(observe(&gateway, calls(20, 16), at(0)).await, failing(30));
    assert_eq!(look(&gateway, at(1)).await, failing(30));
    assert_eq!(observe(&gateway, calls(10, 10), at(2)).await, failing(30));
    // 58 of 62: nobody is helped any more, for the rest of the time.
    assert_eq!(observe(&gateway, calls(32, 32), at(3)).await, open(30));
    assert_eq!(look(&gateway, at(4)).await, open(30));
    assert_eq!(look(&gateway, at(30)).await, Breaker::HalfOpen);

    // While one tries, the others know whether it answers some.
    let some = Gateway::start();
    observe(&some, calls(20, 16), at(0)).await;
    assert!(probe(&some, 30).await);
    assert_eq!(look(&some, at(31)).await, failing(50));
    probed(&some, false, 32).await;
    assert_eq!(look(&some, at(33)).await, failing(62));
    assert!(probe(&some, 62).await);
    probed(&some, true, 63).await;
    assert_eq!(look(&some, at(64)).await, Breaker::Closed);
    // What was known before it closed counts no more.
    assert_eq!(observe(&some, calls(20, 20), at(65)).await, open(95));
}

#[tokio::test]
async fn a_window_that_is_over_counts_no_more() {
    let gateway = Gateway::start();
    assert_eq!(observe(&gateway, calls(19, 19), at(0)).await, Breaker::Closed);
    assert_eq!(observe(&gateway, calls(19, 19), at(60)).await, Breaker::Closed);
    assert_eq!(observe(&gateway, calls(19, 0), at(120)).await, Breaker::Closed);
    assert_eq!(observe(&gateway, calls(1, 1), at(121)).await, Breaker::Closed);
}

#[tokio::test]
async fn no_call_that_many_tell_at_once_is_lost() {
    let gateway = Gateway::start();
    let seen = join_all((0..19).map(|_| observe(&gateway, calls(1, 1), at(0)))).await;
    assert!(seen.into_iter().all(|seen| seen == Breaker::Closed));
    assert_eq!(observe(&gateway, calls(1, 0), at(1)).await, open(31));
    let many = Gateway::start();
    let seen = join_all((0..50).map(|_| observe(&many, calls(1, 1), at(0)))).await;
    assert_eq!(seen.iter().filter(|seen| **seen == Breaker::Closed).count(), 19);
    assert_eq!(look(&many, at(1)).await, open(30));
}

/// Opens the breaker at 0 s by an observation whose second write arrives only after `meanwhile`.
async fn opens_late(gateway: &Gateway, meanwhile: impl Future<Output = ()>) -> Breaker {
    observe(gateway, calls(1, 0), at(0)).await;
    gateway.environment.wire().fail_next("UpdateItem", Fault::Delay(Duration::ZERO));
    gateway.environment.wire().fail_next("UpdateItem", Fault::Delay(Duration::from_secs(1)));
    let later = async {
        while gateway.environment.wire().faults_left() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        meanwhile.await;
    };
    futures_util::future::join(observe(gateway, calls(40, 40), at(0)), later).await.0
}

#[tokio::test]
async fn who_opens_first_says_until_when() {
    let gateway = Gateway::start();
    let meanwhile = async { assert_eq!(observe(&gateway, calls(1, 1), at(1)).await, open(31)) };
    assert_eq!(opens_late(&gateway, meanwhile).await, open(31));
    assert_eq!(look(&gateway, at(2)).await, open(31));
}

#[tokio::test]
async fn one_that_was_closed_meanwhile_is_not_opened_by_what_was_before() {
    let gateway = Gateway::start();
    let meanwhile = async {
        assert_eq!(observe(&gateway, calls(1, 1), at(1)).await, open(31));
        assert!(probe(&gateway, 31).await);
        probed(&gateway, true, 32).await;
    };
    assert_eq!(opens_late(&gateway, meanwhile).await, Breaker::Closed);
    assert_eq!(look(&gateway, at(33)).await, Breaker::Closed);
}

#[tokio::test]
async fn it_is_open_as_long_as_the_provider_wants_but_five_minutes() {
    for (retry_after, until) in [(None, 30), (Some(5), 5), (Some(120), 120), (Some(100_000), 300)] {
        let gateway = Gateway::start();
        let retry_after = retry_after.map(Duration::from_secs);
        let seen = CallObservation { retry_after, ..calls(20, 20) };
        assert_eq!(observe(&gateway, seen, at(0)).await, open(until));
        // Those that were under way fail later, and move nothing.
        assert_eq!(observe(&gateway, calls(20, 20), at(1)).await, open(until));
        let after = at(until);
        assert_eq!(look(&gateway, after).await, Breaker::HalfOpen);
        assert_eq!(observe(&gateway, calls(20, 20), after).await, Breaker::HalfOpen);

        assert!(probe(&gateway, until).await);
        gateway.state.report_probe(&sonnet(), false, retry_after, after).await.unwrap();
        assert_eq!(look(&gateway, after).await, open(2 * until));
        // The right of the probe that failed, which was for 20 s, counts no more.
        assert_eq!(look(&gateway, at(2 * until)).await, Breaker::HalfOpen);
    }
}

#[tokio::test]
async fn of_fifty_one_may_try() {
    let gateway = opened().await;
    assert!(!probe(&gateway, 29).await);
    let probes = join_all((0..50).map(|_| probe(&gateway, 30))).await;
    assert_eq!(probes.into_iter().filter(|won| *won).count(), 1);
    // The others need not even ask.
    assert_eq!(look(&gateway, at(31)).await, open(50));
    assert!(!probe(&gateway, 49).await);
    // Who tries may die.
    assert_eq!(look(&gateway, at(50)).await, Breaker::HalfOpen);
    assert!(probe(&gateway, 50).await);
}

#[tokio::test]
async fn a_probe_closes_it_and_what_was_counted_is_forgotten() {
    let gateway = opened().await;
    assert!(probe(&gateway, 30).await);
    // A failure of before, told late.
    observe(&gateway, calls(40, 40), at(31)).await;
    probed(&gateway, true, 32).await;
    assert_eq!(look(&gateway, at(32)).await, Breaker::Closed);
    assert_eq!(observe(&gateway, calls(19, 19), at(33)).await, Breaker::Closed);
    assert!(!probe(&gateway, 34).await);
    // A late report about a closed breaker does not open it.
    probed(&gateway, false, 35).await;
    assert_eq!(look(&gateway, at(35)).await, Breaker::Closed);
    assert_eq!(observe(&gateway, calls(1, 1), at(36)).await, open(66));
}

#[tokio::test]
async fn a_probe_that_fails_opens_it_again_for_the_next() {
    let gateway = opened().await;
    assert!(probe(&gateway, 30).await);
    probed(&gateway, false, 35).await;
    assert_eq!(look(&gateway, at(64)).await, open(65));
    assert!(!probe(&gateway, 64).await);
    assert!(probe(&gateway, 65).await);
    probed(&gateway, true, 66).await;
    assert_eq!(look(&gateway, at(66)).await, Breaker::Closed);
}

#[tokio::test]
async fn a_breaker_that_nobody_knows_is_closed() {
    let gateway = Gateway::start();
    assert!(!probe(&gateway, 0).await);
    probed(&gateway, false, 0).await;
    probed(&gateway, true, 0).await;
    assert_eq!(look(&gateway, at(0)).await, Breaker::Closed);
    assert!(gateway.environment.items(&gateway.environment.tables().ephemeral).await.is_empty());
}

#[tokio::test]
async fn a_probe_whose_answer_was_lost_is_still_ours() {
    let gateway = opened().await;
    gateway.environment.wire().fail_next("UpdateItem", Fault::LostAnswer);
    assert!(probe(&gateway, 30).await);
    assert!(!probe(&gateway, 31).await);
}

#[tokio::test]
async fn it_holds_nothing_of_a_tenant_and_expires() {
    let gateway = opened().await;
    assert!(probe(&gateway, 30).await);
    let items = gateway.environment.items(&gateway.environment.tables().ephemeral).await;
    assert_eq!(items.len(), 1);
    assert!(!format!("{items:?}").contains(&gateway.tenant.to_string()));
    let expires_at: i64 = items[0]["expires_at"].as_n().unwrap().parse().unwrap();
    assert_eq!(expires_at, at(30 + 86_400).seconds());
}

#[tokio::test]
async fn a_provider_is_left_alone_as_long_as_it_wants_but_a_minute() {
    for (wants, until) in [(30, 30), (1000, 60)] {
        let gateway = Gateway::start();
        for begins_a_window in [true, false] {
            let throttled = CallObservation { retry_after: Some(Duration::from_secs(wants)), ..calls(1, 0) };
            // Who was told to wait knows it.
            assert_eq!(observe(&gateway, throttled, at(0)).await, Breaker::Closed);
            assert_eq!(look(&gateway, at(until - 1)).await, open(until), "{begins_a_window}");
            // Nobody need try it.
            assert_eq!(look(&gateway, at(until)).await, Breaker::Closed);
        }
        // One that failed and named a time is asked by who has no other model.
        let rests = Gateway::start();
        let resting = CallObservation { retry_after: Some(Duration::from_secs(wants)), ..calls(1, 1) };
        assert_eq!(observe(&rests, resting, at(0)).await, Breaker::Closed);
        assert_eq!(look(&rests, at(until - 1)).await, failing(until));
        assert_eq!(look(&rests, at(until)).await, Breaker::Closed);
        // One that failed is open for that, whatever it wanted.
        assert_eq!(observe(&gateway, calls(30, 30), at(1)).await, open(31));
        assert_eq!(look(&gateway, at(2)).await, open(31));
    }
}

#[tokio::test]
async fn who_comes_late_to_try_is_told_what_became_of_it() {
    let gateway = opened().await;
    let late = async |now| gateway.state.probe(&sonnet(), at(now), at(now + 20)).await.unwrap();
    assert_eq!(late(29).await, open(30));
    assert_eq!(late(30).await, Breaker::HalfOpen);
    assert_eq!(late(31).await, open(50));
    probed(&gateway, true, 32).await;
    assert_eq!(late(33).await, Breaker::Closed);
}
