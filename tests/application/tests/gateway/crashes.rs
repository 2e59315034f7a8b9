//! A process dies at each possible point: no usage is lost, and nothing is charged twice.

use super::scene::{
    NOVA, NOVA_COST, SONNET, Scene, SharedTimer, ask, cacheable, judged, test_registry, until,
};
use crate::support::NOW;
use application_ai::gateway::complete;
use application_ai::{AiGateway, GatewayRequest, Providers};
use application_core::Error;
use domain::Timestamp;
use domain::ai::{AiRequestMetered, Limits};
use domain::id::{AccountId, AiRequestId, OrganizationId};
use ports::{
    AiState, BoxFuture, Breaker, CacheKey, CachedCompletion, CallObservation, ModelAnswer, ModelCall,
    ModelError, ModelGateway, ModelName, RequestLookup, RequestMoney, RequestState, Reservation,
    ReserveError, Settlement, SpentByScope, StoreError,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{Fault, ScriptedModel};
use tokio::sync::Notify;

/// Stops forever at one of the points that it passes.
struct Points {
    passed: AtomicUsize,
    last: usize,
    reached: Notify,
}

impl Points {
    async fn pass(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) == self.last {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }

    async fn around<T>(&self, work: impl Future<Output = T>) -> T {
        self.pass().await;
        let done = work.await;
        self.pass().await;
        done
    }
}

struct Dying {
    inner: Arc<dyn AiState>,
    points: Arc<Points>,
}

impl RequestMoney for Dying {
    fn reserve<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        limits: &'a Limits,
        cache: Option<&'a CacheKey>,
    ) -> BoxFuture<'a, Result<(), ReserveError>> {
        Box::pin(self.points.around(self.inner.reserve(reservation, limits, cache)))
    }

    fn extend<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        bound: u64,
        limits: &'a Limits,
    ) -> BoxFuture<'a, Result<(), ReserveError>> {
        Box::pin(self.points.around(self.inner.extend(reservation, bound, limits)))
    }

    fn settle<'a>(&'a self, settlement: &'a Settlement) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.points.around(self.inner.settle(settlement)))
    }

    fn record_unsettled_usage<'a>(
        &'a self,
        settlement: &'a Settlement,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.points.around(self.inner.record_unsettled_usage(settlement)))
    }

    fn record<'a>(
        &'a self,
        tenant: OrganizationId,
        metered: &'a AiRequestMetered,
        at: Timestamp,
        correlation_id: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.points.around(self.inner.record(tenant, metered, at, correlation_id)))
    }
}

impl AiState for Dying {
    fn look_up<'a>(&'a self, look: &'a RequestLookup<'a>) -> BoxFuture<'a, Result<RequestState, StoreError>> {
        Box::pin(self.points.around(self.inner.look_up(look)))
    }

    fn cached<'a>(
        &'a self,
        key: &'a CacheKey,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<CachedCompletion, StoreError>> {
        Box::pin(self.points.around(self.inner.cached(key, now)))
    }

    fn reservation<'a>(
        &'a self,
        tenant: OrganizationId,
        request: AiRequestId,
    ) -> BoxFuture<'a, Result<Option<Reservation>, StoreError>> {
        self.inner.reservation(tenant, request)
    }

    fn expired(&self, now: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<Reservation>, StoreError>> {
        self.inner.expired(now, limit)
    }

    fn spent<'a>(
        &'a self,
        tenant: OrganizationId,
        account: AccountId,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<SpentByScope, StoreError>> {
        self.inner.spent(tenant, account, at)
    }

    fn observe<'a>(
        &'a self,
        model: &'a ModelName,
        seen: CallObservation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Breaker, StoreError>> {
        Box::pin(self.points.around(self.inner.observe(model, seen, now)))
    }

    fn probe<'a>(
        &'a self,
        model: &'a ModelName,
        now: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<Breaker, StoreError>> {
        Box::pin(self.points.around(self.inner.probe(model, now, until)))
    }

    fn report_probe<'a>(
        &'a self,
        model: &'a ModelName,
        succeeded: bool,
        retry_after: Option<Duration>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.points.around(self.inner.report_probe(model, succeeded, retry_after, now)))
    }
}

struct DyingModel {
    inner: Arc<ScriptedModel>,
    points: Arc<Points>,
}

impl ModelGateway for DyingModel {
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(self.points.around(self.inner.converse(call)))
    }
}

/// Makes a request that dies at its n-th point, for every n. Returns the number of points. `script` sets the answers of
/// the model for each request.
async fn die_everywhere(shards: u32, ask: GatewayRequest, script: fn(&ScriptedModel)) -> usize {
    for last in 0.. {
        let scene = Scene::sharded(shards);
        script(&scene.model);
        let points = Arc::new(Points { passed: AtomicUsize::new(0), last, reached: Notify::new() });
        let state = Arc::new(Dying { inner: Arc::clone(&scene.state), points: Arc::clone(&points) });
        let timer = Arc::new(SharedTimer(Arc::clone(&scene.timer)));
        let limiter = Arc::new(scene.environment.limiter());
        let gateway = Arc::new(AiGateway::new(state, limiter, timer, test_registry()));
        let model = DyingModel { inner: Arc::clone(&scene.model), points: Arc::clone(&points) };
        let bedrock: Arc<dyn ModelGateway> = Arc::new(model);
        let providers = Providers { bedrock, openai: None };
        let (context, asker) = (scene.context(0), scene.asker());
        let died = tokio::select! {
            biased;
            () = points.reached.notified() => true,
            ended = complete(&gateway, &providers, &context, &asker, &ask) => {
                ended.unwrap();
                false
            }
        };
        let (asked, reserved) = (scene.model.calls().len(), scene.spent().await);
        // Before the sweep, the ledger has everything that was settled, and every call is paid for.
        let before = scene.ledger().await;
        assert!(asked == 0 || reserved.committed > 0, "point {last}: a model was asked for nothing");
        let swept = scene.sweep().await;
        let ledger = scene.ledger().await;
        assert_eq!(ledger.len(), before.len() + swept, "point {last}");
        assert_eq!(ledger.len(), usize::from(reserved.committed > 0), "point {last}: once, if at all");
        let settled = scene.settled().await;
        assert_eq!(settled > 0, reserved.committed > 0, "point {last}");
        if swept == 1 {
            assert_eq!(
                (settled, ledger[0].outcome.as_str()),
                (reserved.committed, "presumed"),
                "point {last}"
            );
        }
        assert_eq!(scene.sweep().await, 0);
        assert_eq!(scene.settled().await, settled, "point {last}");
        // After the lease another request is answered and paid for once.
        if died {
            scene.model.always("good");
            let other = scene.complete_in(&scene.context(120), &ask).await.unwrap();
            assert_eq!(scene.settled().await, settled + other.cost.nano_usd, "point {last}");
        } else {
            return last;
        }
    }
    unreachable!("numbers don't end")
}

#[tokio::test]
async fn a_simple_request_may_die_at_any_point() {
    // Look-up, reservation, call and settlement; each has a point before and after it.
    for shards in [1, 4] {
        assert_eq!(die_everywhere(shards, ask(NOVA), |model| model.answer("good")).await, 8);
    }
}

#[tokio::test]
async fn a_request_that_is_retried_repaired_and_left_to_the_next_may_die_at_any_point() {
    let ask = judged(cacheable(&format!("{NOVA},{SONNET}")));
    for shards in [1, 4] {
        let points = die_everywhere(shards, ask.clone(), |model| {
            model.fail(ModelError::TimedOut);
            model.answer("bad");
            model.answer("still bad");
            model.answer("good");
        })
        .await;
        assert!(points > 16, "{points}");
    }
}

#[tokio::test]
async fn a_process_that_dies_while_its_settlement_is_carried_out_is_charged_once() {
    for patience in [0, 5, 20, 60, 120] {
        let scene = Scene::start();
        scene.model.answer("good");
        scene.model.hold();
        let request = scene.begin(cacheable(NOVA));
        until(|| !scene.model.calls().is_empty()).await;
        scene.environment.wire().fail_next("TransactWriteItems", Fault::Delay(Duration::from_millis(50)));
        scene.model.let_go(1);
        tokio::time::sleep(Duration::from_millis(patience)).await;
        request.abort();
        tokio::time::sleep(Duration::from_millis(150)).await;
        scene.sweep().await;
        assert!(scene.settled().await > 0, "{patience} ms");
        assert_eq!(scene.ledger().await.len(), 1, "{patience} ms");
        assert!(scene.state.expired(NOW.plus_seconds(7200), 10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_settlement_that_fails_costs_the_caller_nothing_and_is_swept() {
    let scene = Scene::start();
    scene.model.answer("good");
    scene.model.hold();
    let request = scene.begin(ask(NOVA));
    until(|| !scene.model.calls().is_empty()).await;
    let denied = serde_json::json!({ "__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException" });
    scene.environment.wire().fail_next("TransactWriteItems", Fault::Answer(400, denied));
    scene.model.let_go(1);
    assert_eq!(request.await.unwrap().unwrap().text, "good");
    assert_eq!(scene.sweep().await, 1);
    // The usage was recorded.
    let ledger = scene.ledger().await;
    assert_eq!((ledger[0].outcome.as_str(), ledger[0].attempts), ("answered", 1));
    assert_eq!(scene.settled().await, NOVA_COST);
}

#[tokio::test]
async fn a_settlement_that_takes_too_long_keeps_nobody_waiting() {
    // The usage is recorded, or recording it takes too long as well.
    for (slow, outcome) in
        [(&["TransactWriteItems"][..], "answered"), (&["TransactWriteItems", "UpdateItem"], "presumed")]
    {
        let scene = Arc::new(Scene::start());
        scene.model.answer("good");
        scene.model.hold();
        let request = {
            let scene = Arc::clone(&scene);
            tokio::spawn(async move {
                let context = scene.hurried(Duration::from_secs(4));
                let answer = scene.complete_in(&context, &ask(NOVA)).await.unwrap();
                (answer, context.time_left())
            })
        };
        until(|| !scene.model.calls().is_empty()).await;
        for operation in slow {
            scene.environment.wire().fail_next(operation, Fault::Delay(Duration::from_secs(20)));
        }
        let set_aside = scene.spent().await.committed;
        scene.model.let_go(1);
        let (answer, left) = request.await.unwrap();
        assert_eq!(answer.text, "good");
        assert!(left > Duration::ZERO, "the caller is gone");
        assert_eq!(scene.sweep().await, 1);
        assert_eq!(scene.ledger().await[0].outcome, outcome);
        let cost = if outcome == "answered" { NOVA_COST } else { set_aside };
        assert_eq!((scene.settled().await, scene.ledger().await.len()), (cost, 1));
    }
}

#[tokio::test]
async fn a_reservation_whose_answer_is_lost_is_given_back() {
    let scene = Scene::start();
    scene.model.always("good");
    let denied = serde_json::json!({ "__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException" });
    scene.environment.wire().fail_next("TransactWriteItems", Fault::LostAnswer);
    scene.environment.wire().fail_next("TransactWriteItems", Fault::Answer(400, denied));
    let refused = scene.complete(&cacheable(NOVA)).await.unwrap_err();
    assert!(matches!(refused, Error::Store(_)), "{refused:?}");
    assert_eq!(scene.environment.wire().faults_left(), 0);
    assert!(scene.model.calls().is_empty());
    assert_eq!((scene.settled().await, scene.ledger().await.len()), (0, 1));
    // This request makes no answer, so no other request waits for it.
    scene.complete(&cacheable(NOVA)).await.unwrap();
    assert!(scene.timer.pauses().is_empty());
}

#[tokio::test]
async fn a_question_that_comes_late_in_its_request_is_left_alone_as_long_as_any() {
    let scene = Arc::new(Scene::start());
    scene.model.answer("good");
    scene.model.hold();
    let request = {
        let scene = Arc::clone(&scene);
        tokio::spawn(async move {
            let began = std::time::Instant::now().checked_sub(Duration::from_secs(20)).unwrap();
            let context = application_core::Context { began, ..scene.context(0) };
            scene.complete_in(&context, &ask(NOVA)).await
        })
    };
    until(|| !scene.model.calls().is_empty()).await;
    // 20 seconds have passed, 29 are left, and 5 are added.
    assert!(scene.state.expired(NOW.plus_seconds(53), 10).await.unwrap().is_empty());
    assert_eq!(scene.state.expired(NOW.plus_seconds(56), 10).await.unwrap().len(), 1);
    scene.model.let_go(1);
    request.await.unwrap().unwrap();
    scene.settled().await;
}
