//! Requests to the AI gateway, in an environment of their own.

use super::{START, at, random_bytes};
use adapter_dynamodb::DynamoAiState;
use domain::Timestamp;
use domain::ai::{AiRequestMetered, CacheUse, Feature, Limits, RequestOutcome, TokenCounts, UnmeteredUsage};
use domain::id::{AccountId, OrganizationId, new_id};
use ports::{
    AiState, AnswerToCache, CacheKey, ModelName, RequestLookup, RequestMoney, RequestState, Reservation,
    ReserveError, Settlement, SpentByScope,
};
use std::collections::BTreeMap;
use std::time::Duration;
use testkit::{Call, TestEnvironment};

/// How long a request may take.
pub const LEASE_SECONDS: i64 = 60;

pub struct Gateway {
    pub environment: TestEnvironment,
    pub state: DynamoAiState,
    pub tenant: OrganizationId,
    pub account: AccountId,
}

impl Gateway {
    pub fn start() -> Self {
        Self::on(TestEnvironment::start())
    }

    pub fn on(environment: TestEnvironment) -> Self {
        let state = environment.ai_state();
        Self { environment, state, tenant: tenant(), account: new_id(START, &random_bytes()) }
    }

    /// One whose tenant has several counters.
    pub fn sharded(shards: u32) -> Self {
        let gateway = Self::start();
        let shards = testkit::list_shards(gateway.tenant, shards);
        Self { state: gateway.environment.ai_state().with_shards(shards), ..gateway }
    }

    /// A request, not yet reserved.
    pub fn request(&self, now: Timestamp, bound: u64) -> Reservation {
        let presumed = AiRequestMetered {
            request_id: new_id(now, &random_bytes()),
            account_id: self.account,
            api_key_id: None,
            feature: Feature::LeadScoring,
            model: "claude-sonnet".to_owned(),
            provider: "bedrock".to_owned(),
            tokens: TokenCounts { input: 1000, output: 400, ..TokenCounts::default() },
            cost_nano_usd: bound,
            other_models: Vec::new(),
            unmetered: UnmeteredUsage::default(),
            price_version: "2026-01".to_owned(),
            attempts: 1,
            latency_ms: 900,
            cache: CacheUse::Miss,
            outcome: RequestOutcome::Presumed,
            variant: None,
        };
        let lease_until = now.plus_seconds(LEASE_SECONDS);
        Reservation {
            tenant: self.tenant,
            at: now,
            lease_until,
            bound,
            shard: 0,
            replaces: None,
            presumed,
            until: None,
        }
    }

    /// A request for which money is set aside.
    pub async fn reserved(&self, now: Timestamp, bound: u64) -> Reservation {
        let mut reservation = self.request(now, bound);
        self.reserve(&mut reservation, &limits(1_000_000)).await.unwrap();
        reservation
    }

    pub async fn reserve(&self, reservation: &mut Reservation, limits: &Limits) -> Result<(), ReserveError> {
        self.state.reserve(reservation, limits, None).await
    }

    pub async fn spent(&self, now: Timestamp) -> SpentByScope {
        self.state.spent(self.tenant, self.account, now).await.unwrap()
    }

    /// What is committed and settled of each budget, which must be the same for all.
    pub async fn committed_and_settled(&self, now: Timestamp) -> (u64, u64) {
        let spent = self.spent(now).await;
        let feature = spent.feature_month.first().map(|(_, spent)| *spent).unwrap_or_default();
        assert_eq!(spent.tenant_day, spent.tenant_month);
        assert_eq!(spent.user_day, spent.tenant_month);
        assert_eq!(feature, spent.tenant_month);
        (spent.tenant_month.committed, spent.tenant_month.settled)
    }

    pub async fn look(&self, cache: Option<CacheKey>, models: &[ModelName], now: Timestamp) -> RequestState {
        self.state
            .look_up(&RequestLookup { tenant: self.tenant, cache, models, now, fine_tunes: &[] })
            .await
            .unwrap()
    }

    pub fn cache_key(&self, byte: u8) -> CacheKey {
        CacheKey { tenant: self.tenant, hash: [byte; 32] }
    }

    /// The calls since the last time, by name, and what they cost together.
    pub fn calls(&self) -> (Vec<String>, f64) {
        let calls = self.environment.wire().take_calls();
        let capacity = calls.iter().map(|call| call.capacity).sum();
        (calls.into_iter().map(|Call { operation, .. }| operation).collect(), capacity)
    }

    /// Items of a table whose partition key has this part.
    pub async fn count(&self, table: &str, part: &str) -> usize {
        let items = self.environment.items(table).await;
        items.iter().filter(|item| item["pk"].as_s().unwrap().contains(part)).count()
    }

    pub async fn open(&self) -> usize {
        self.count(&self.environment.tables().ephemeral, "ai_open#").await
    }

    pub async fn events(&self) -> usize {
        self.count(&self.environment.tables().ledger, "#ai_request#").await
    }
}

pub fn tenant() -> OrganizationId {
    new_id(START, &random_bytes())
}

/// The same for every budget.
pub fn limits(each: u64) -> Limits {
    Limits {
        tenant_month: each,
        tenant_day: each,
        user_day: each,
        feature_month: BTreeMap::from([(Feature::LeadScoring, each)]),
        ..Limits::default()
    }
}

/// The end of a request.
pub fn settlement(reservation: &Reservation, cost: u64) -> Settlement {
    let metered = AiRequestMetered {
        cost_nano_usd: cost,
        outcome: RequestOutcome::Answered,
        ..reservation.presumed.clone()
    };
    Settlement {
        reservation: reservation.clone(),
        metered,
        at: at(10),
        cache: None,
        correlation_id: "correlation".to_owned(),
    }
}

/// The end of a request that was making an answer.
pub fn answered(reservation: &Reservation, key: CacheKey, answer: &str, seconds: u64) -> Settlement {
    let keep = AnswerToCache { answer: answer.to_owned(), ttl: Duration::from_secs(seconds) };
    Settlement { cache: Some((key, Some(keep))), ..settlement(reservation, 1) }
}
