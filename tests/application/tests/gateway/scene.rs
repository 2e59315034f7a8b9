//! A tenant, a gateway and a scripted model on an embedded DynamoDB.

mod asks;
mod ledger;

pub(crate) use self::asks::{ask, cacheable, chain, judged, limits};

use crate::support::{NOW, ROOMY, context};
use application_ai::gateway::{StreamEvent, Streamed, complete, stream};
use application_ai::{AiGateway, GatewayAnswer, GatewayRequest, Providers, Registry, Requester};
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error};
use domain::ai::{
    AiBudget, AiBudgetEvent, AiPrices, AiPricesEvent, BudgetSet, Limits, PricesOverridden, TokenPrices,
};
use domain::id::{AccountId, OrganizationId, new_id};
use domain::{Aggregate, AggregateType};
use futures_util::StreamExt;
use ports::{
    AggregateKey, AiState, BoxFuture, Guardrail, ModelGateway, Settlement, SpentAmounts,
    StreamingModelGateway, Timer,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testkit::{RoomyLimiter, ScriptedModel, TestEnvironment};
use tokio::task::JoinHandle;

pub(crate) const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
pub(crate) const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
pub(crate) const NOVA: &str = "amazon.nova-pro-v1:0";
/// The cost of an answer with 1,000 input and 200 output tokens.
pub(crate) const SONNET_COST: u64 = 1000 * 3300 + 200 * 16_500;
pub(crate) const NOVA_COST: u64 = 1000 * 800 + 200 * 3200;

/// Records the pauses that began, and waits a few milliseconds at most for each of them.
#[derive(Default)]
pub(crate) struct ShortTimer(Mutex<Vec<Duration>>);

impl ShortTimer {
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

/// One timer for the gateway and the test.
pub(crate) struct SharedTimer(pub(crate) Arc<ShortTimer>);

impl Timer for SharedTimer {
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let timer = Arc::clone(&self.0);
        Box::pin(async move {
            timer.0.lock().unwrap().push(time);
            tokio::time::sleep(time.min(Duration::from_millis(5))).await;
        })
    }
}

pub(crate) struct Scene {
    pub(crate) environment: TestEnvironment,
    pub(crate) state: Arc<dyn AiState>,
    pub(crate) gateway: Arc<AiGateway>,
    pub(crate) model: Arc<ScriptedModel>,
    pub(crate) timer: Arc<ShortTimer>,
    pub(crate) tenant: OrganizationId,
    pub(crate) account: AccountId,
    pub(crate) keys: AtomicU64,
    pub(crate) shards: u32,
}

impl Scene {
    pub(crate) fn start() -> Self {
        Self::sharded(1)
    }

    /// A scene whose tenant has this many shards for each budget.
    pub(crate) fn sharded(shards: u32) -> Self {
        Self::on(TestEnvironment::start(), shards)
    }

    pub(crate) fn on(environment: TestEnvironment, shards: u32) -> Self {
        let tenant = new_id(NOW, &[1; 10]);
        let state: Arc<dyn AiState> = Arc::new(environment.sharded_ai_state(tenant, shards));
        let timer: Arc<ShortTimer> = Arc::default();
        let gateway = Arc::new(gateway(&environment, Arc::clone(&state), &timer));
        Self {
            environment,
            state,
            gateway,
            model: Arc::default(),
            timer,
            tenant,
            account: new_id(NOW, &[2; 10]),
            keys: AtomicU64::new(0),
            shards,
        }
    }

    /// The same scene for processes that expect this many shards.
    pub(crate) fn enlarged(self, shards: u32) -> Self {
        let state: Arc<dyn AiState> = Arc::new(self.environment.sharded_ai_state(self.tenant, shards));
        let gateway = Arc::new(gateway(&self.environment, Arc::clone(&state), &self.timer));
        Self { state, gateway, shards, ..self }
    }

    /// The same scene with a guardrail.
    pub(crate) fn guarded(self, guardrail: Guardrail) -> Self {
        let gateway = gateway(&self.environment, Arc::clone(&self.state), &self.timer);
        Self { gateway: Arc::new(gateway.with_guardrail(Some(guardrail))), ..self }
    }

    /// Another process of the deployment.
    pub(crate) fn other_process(&self) -> Arc<AiGateway> {
        let state = self.environment.sharded_ai_state(self.tenant, self.shards);
        Arc::new(gateway(&self.environment, Arc::new(state), &self.timer))
    }

    /// A request this many seconds after the first one.
    pub(crate) fn context(&self, seconds: i64) -> Context {
        Context { now: NOW.plus_seconds(seconds), ..context(&self.environment) }
    }

    /// A request that must be answered within this time.
    pub(crate) fn hurried(&self, time: Duration) -> Context {
        Context { deadline: Instant::now() + time, ..self.context(0) }
    }

    /// The account with a new API key, so that the rate limit is not reached.
    pub(crate) fn asker(&self) -> Requester {
        let number = self.keys.fetch_add(1, Ordering::SeqCst);
        let mut random = [7; 10];
        random[..8].copy_from_slice(&number.to_be_bytes());
        Requester { tenant: self.tenant, account: self.account, api_key: Some(new_id(NOW, &random)) }
    }

    pub(crate) async fn complete(&self, ask: &GatewayRequest) -> Result<GatewayAnswer, Error> {
        self.complete_in(&self.context(0), ask).await
    }

    pub(crate) async fn complete_in(
        &self,
        context: &Context,
        ask: &GatewayRequest,
    ) -> Result<GatewayAnswer, Error> {
        self.complete_by(&self.gateway, context, ask).await
    }

    pub(crate) async fn complete_by(
        &self,
        gateway: &Arc<AiGateway>,
        context: &Context,
        ask: &GatewayRequest,
    ) -> Result<GatewayAnswer, Error> {
        complete(gateway, &providers(&self.model), context, &self.asker(), ask).await
    }

    /// A request that runs in the background until it is aborted.
    pub(crate) fn begin(&self, ask: GatewayRequest) -> JoinHandle<Result<GatewayAnswer, Error>> {
        let (gateway, model) = (Arc::clone(&self.gateway), Arc::clone(&self.model));
        let (context, asker) = (self.context(0), self.asker());
        tokio::spawn(async move { complete(&gateway, &providers(&model), &context, &asker, &ask).await })
    }

    pub(crate) async fn stream(&self, ask: &GatewayRequest) -> Result<Streamed, Error> {
        self.stream_in(&self.context(0), ask).await
    }

    pub(crate) async fn stream_in(&self, context: &Context, ask: &GatewayRequest) -> Result<Streamed, Error> {
        let bedrock: Arc<dyn StreamingModelGateway> = self.model.clone();
        let providers = Providers { bedrock, openai: None };
        stream(&self.gateway, &providers, context, &self.asker(), ask).await
    }

    /// Sets the tenant's own prices.
    pub(crate) async fn set_prices(&self, prices: &[(&str, TokenPrices)]) {
        let key = AggregateKey::new(self.tenant, AggregateType::AiPrices, &self.tenant);
        let prices = prices.iter().map(|(model, prices)| ((*model).to_owned(), *prices)).collect();
        let event = AiPricesEvent::Overridden(PricesOverridden { prices, reference: "contract".to_owned() });
        self.record::<AiPrices>(&key, &event).await;
        self.calls();
    }

    pub(crate) async fn set_limits(&self, limits: Limits) {
        let key = AggregateKey::new(self.tenant, AggregateType::AiBudget, &self.tenant);
        let event = AiBudgetEvent::Set(BudgetSet { limits, set_by: self.account });
        self.record::<AiBudget>(&key, &event).await;
        self.calls();
    }

    /// An event of an aggregate, which may be its first.
    pub(crate) async fn record<A: Aggregate>(&self, key: &AggregateKey, event: &A::Event) {
        let (store, context, actor) =
            (self.environment.store(), self.context(0), Actor::account(self.account));
        let pending = match PendingChange::<A>::load(&store, key.clone(), &[]).await.unwrap() {
            Some(mut pending) => {
                pending.record(event, &context, &actor).unwrap();
                pending
            }
            None => PendingChange::create(key.clone(), [], event, &context, &actor).unwrap(),
        };
        pending.commit(&store).await.unwrap();
    }

    /// The calls to the database since the last call of this function.
    pub(crate) fn calls(&self) -> Vec<String> {
        let mut calls: Vec<String> =
            self.environment.wire().take_calls().into_iter().map(|call| call.operation).collect();
        calls.sort();
        calls
    }

    /// The amount spent, which must be the same in every budget.
    pub(crate) async fn spent(&self) -> SpentAmounts {
        let spent = self.state.spent(self.tenant, self.account, NOW).await.unwrap();
        let features: u64 = spent.feature_month.iter().map(|(_, spent)| spent.settled).sum();
        assert_eq!(features, spent.tenant_month.settled);
        assert_eq!((spent.tenant_day, spent.user_day), (spent.tenant_month, spent.tenant_month));
        spent.tenant_month
    }

    /// Sweeps one hour later. Returns the number of settled requests.
    pub(crate) async fn sweep(&self) -> usize {
        let now = NOW.plus_seconds(3600);
        let found = self.state.expired(now, 1000).await.unwrap();
        for reservation in &found {
            let settlement = Settlement {
                metered: reservation.presumed.clone(),
                reservation: reservation.clone(),
                at: now,
                cache: None,
                correlation_id: "sweep".to_owned(),
            };
            assert!(self.state.settle(&settlement).await.unwrap());
        }
        found.len()
    }
}

fn gateway(environment: &TestEnvironment, state: Arc<dyn AiState>, timer: &Arc<ShortTimer>) -> AiGateway {
    let timer = Arc::new(SharedTimer(Arc::clone(timer)));
    AiGateway::new(
        state,
        Arc::new(RoomyLimiter::new(Arc::new(environment.limiter()), ROOMY)),
        timer,
        test_registry(),
    )
}

/// A gateway of this scene with the organization's real limit.
pub(crate) fn strict_gateway(scene: &Scene) -> Arc<AiGateway> {
    let environment = &scene.environment;
    let (state, limiter) = (Arc::new(environment.ai_state()), Arc::new(environment.limiter()));
    Arc::new(AiGateway::new(state, limiter, Arc::new(SharedTimer(Arc::default())), test_registry()))
}

/// The models of the shipped registry, with prices of a test version.
pub(crate) fn test_registry() -> Registry {
    let mut registry = Registry::shipped().unwrap();
    registry.version = "test-prices".to_owned();
    registry
}

pub(crate) fn providers(model: &Arc<ScriptedModel>) -> Providers<dyn ModelGateway> {
    let bedrock: Arc<dyn ModelGateway> = model.clone();
    Providers { bedrock, openai: None }
}

/// Waits until the condition holds.
pub(crate) async fn until(so: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it never was so");
}

/// The reservation for this request.
pub(crate) async fn bound_of(ask: GatewayRequest) -> u64 {
    let scene = Scene::start();
    scene.model.hold();
    let making = scene.begin(ask);
    until(|| !scene.model.calls().is_empty()).await;
    let bound = scene.spent().await.committed;
    making.abort();
    bound
}

/// The remaining parts of a stream.
pub(crate) async fn rest(streamed: Streamed) -> Vec<StreamEvent> {
    streamed.events.collect().await
}
