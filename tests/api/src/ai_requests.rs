//! Requests to models in the state that the gateway leaves in the store, made without the gateway.

use crate::people::Person;
use crate::world::World;
use domain::ai::{AiRequestMetered, CacheUse, Feature, Limits, RequestOutcome, TokenCounts, UnmeteredUsage};
use ports::{RequestMoney, Reservation, Settlement};

impl World {
    /// The record of a request whose end was never recorded.
    fn presumed(&self, by: &Person, feature: Feature, cost_nano_usd: u64) -> AiRequestMetered {
        AiRequestMetered {
            request_id: self.context().new_id().expect("randomness"),
            account_id: by.account,
            api_key_id: None,
            feature,
            model: "us.amazon.nova-pro-v1:0".to_owned(),
            provider: "bedrock".to_owned(),
            tokens: TokenCounts { input: 100, output: 50, ..TokenCounts::default() },
            cost_nano_usd,
            other_models: Vec::new(),
            unmetered: UnmeteredUsage::default(),
            price_version: "1".to_owned(),
            attempts: 1,
            latency_ms: 10,
            cache: CacheUse::Miss,
            outcome: RequestOutcome::Presumed,
            variant: None,
        }
    }

    /// Reserves an amount for a request whose process then dies; its lease is one minute.
    pub async fn abandoned(&self, by: &Person, feature: Feature, bound: u64) -> Reservation {
        let presumed = self.presumed(by, feature, bound);
        let (at, lease_until) = (self.now(), self.now().plus_seconds(60));
        let mut reservation = Reservation {
            tenant: by.tenant,
            at,
            lease_until,
            bound,
            shard: 0,
            replaces: None,
            presumed,
            until: None,
        };
        // The limits of the tenant do not matter here.
        let room = 1_000_000_000_000_000_000;
        let limits = Limits { tenant_month: room, tenant_day: room, user_day: room, ..Limits::default() };
        let state = self.environment().ai_state();
        state.reserve(&mut reservation, &limits, None).await.expect("a reservation");
        reservation
    }

    /// A request that was answered at this cost.
    pub async fn metered(&self, by: &Person, feature: Feature, cost_nano_usd: u64) -> AiRequestMetered {
        let reservation = self.abandoned(by, feature, cost_nano_usd).await;
        let metered = AiRequestMetered { outcome: RequestOutcome::Answered, ..reservation.presumed.clone() };
        let settlement = Settlement {
            reservation,
            metered: metered.clone(),
            at: self.now(),
            cache: None,
            correlation_id: self.next_request_id(),
        };
        assert!(self.environment().ai_state().settle(&settlement).await.expect("a settlement"));
        metered
    }
}
