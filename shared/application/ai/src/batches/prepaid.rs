//! The money of requests of a batch, which was set aside for all of them together. A request gets money from the
//! batch's bound and from nothing else, and its usage goes to the batch, which is settled once. Everything else, such as
//! breakers and cached completions, is that of all requests.

use domain::Timestamp;
use domain::ai::batch::add_usage;
use domain::ai::{AiRequestMetered, Limits, ModelUsage, UnmeteredUsage};
use domain::id::OrganizationId;
use ports::{
    BoxFuture, BudgetScope, CacheKey, LimitDecision, Limiter, RateLimit, RequestMoney, Reservation,
    ReserveError, Settlement, StoreError,
};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The usage of requests, each model once.
#[derive(Debug, Clone, Default)]
pub(super) struct PrepaidUsage {
    pub(super) usage: Vec<ModelUsage>,
    /// The number of calls to providers.
    pub(super) attempts: u32,
}

#[derive(Debug, Default)]
struct Account {
    /// The amount that is neither spent nor set aside for a running request, in nano-dollars.
    left: u64,
    used: PrepaidUsage,
}

/// The money of a batch for the requests that are made at present.
#[derive(Debug)]
pub(super) struct PrepaidMoney {
    /// The version of the prices at which the batch is charged.
    price_version: String,
    account: Mutex<Account>,
}

impl PrepaidMoney {
    /// Money for requests that may cost `left` nano-dollars together, at this version of the prices.
    pub(super) fn new(price_version: String, left: u64) -> Self {
        Self { price_version, account: Mutex::new(Account { left, ..Account::default() }) }
    }

    /// The usage of all requests that ended.
    pub(super) fn used(&self) -> PrepaidUsage {
        self.account().used.clone()
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, amount: u64) -> Result<(), ReserveError> {
        let mut account = self.account();
        // The organization's budget is not the reason; the caller knows that.
        let left = account.left.checked_sub(amount);
        account.left = left.ok_or(ReserveError::OverBudget(BudgetScope::FeatureMonth))?;
        Ok(())
    }

    fn charge(&self, metered: &AiRequestMetered, bound: u64) {
        let mut usage = metered.by_model().unwrap_or_else(|| vec![whole(metered)]);
        if metered.price_version != self.price_version {
            // Prices changed while the batch ran. A bill has one version of prices for a request, so it tells this
            // amount apart from tokens at their prices.
            for used in &mut usage {
                used.unmetered = UnmeteredUsage { tokens: used.tokens, cost_nano_usd: used.cost_nano_usd };
            }
        }
        let mut account = self.account();
        account.left = account.left.saturating_add(bound).saturating_sub(metered.cost_nano_usd);
        usage.retain(|used| metered.attempts > 0 || used.cost_nano_usd > 0);
        add_usage(&mut account.used.usage, &usage);
        account.used.attempts = account.used.attempts.saturating_add(metered.attempts);
    }
}

fn whole(metered: &AiRequestMetered) -> ModelUsage {
    ModelUsage {
        model: metered.model.clone(),
        tokens: metered.tokens,
        cost_nano_usd: metered.cost_nano_usd,
        unmetered: metered.unmetered,
    }
}

impl RequestMoney for PrepaidMoney {
    /// Takes the money from the batch's. The right to make the completion stays with others: no request waits for a
    /// batch.
    fn reserve<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        _: &'a Limits,
        _: Option<&'a CacheKey>,
    ) -> BoxFuture<'a, Result<(), ReserveError>> {
        Box::pin(async move { self.take(reservation.bound) })
    }

    fn extend<'a>(
        &'a self,
        reservation: &'a mut Reservation,
        bound: u64,
        _: &'a Limits,
    ) -> BoxFuture<'a, Result<(), ReserveError>> {
        Box::pin(async move {
            self.take(bound.saturating_sub(reservation.bound))?;
            reservation.bound = reservation.bound.max(bound);
            Ok(())
        })
    }

    fn settle<'a>(&'a self, settlement: &'a Settlement) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            self.charge(&settlement.metered, settlement.reservation.bound);
            Ok(true)
        })
    }

    /// [`Self::settle`] does not fail, so nothing is left unsettled.
    fn record_unsettled_usage<'a>(&'a self, _: &'a Settlement) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    /// A completion from the cache costs nothing, and the batch is metered as one request.
    fn record<'a>(
        &'a self,
        _: OrganizationId,
        _: &'a AiRequestMetered,
        _: Timestamp,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Allows every request: the job counts a line before it asks.
pub(super) struct CountedBefore;

impl Limiter for CountedBefore {
    fn take<'a>(
        &'a self,
        limit: RateLimit,
        _: &'a str,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<LimitDecision, StoreError>> {
        let (remaining, allowed) = (limit.burst, true);
        let decision = LimitDecision { limit, allowed, remaining, retry_after_seconds: 0, reset_seconds: 0 };
        Box::pin(async move { Ok(decision) })
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ai::{CacheUse, Feature, RequestOutcome, TokenCounts};
    use domain::id::new_id;

    fn metered(price_version: &str) -> AiRequestMetered {
        let at = Timestamp::from_millis(1_767_225_600_000);
        AiRequestMetered {
            request_id: new_id(at, &[1; 10]),
            account_id: new_id(at, &[2; 10]),
            api_key_id: None,
            feature: Feature::Completion,
            model: "m".to_owned(),
            provider: "bedrock".to_owned(),
            tokens: TokenCounts { input: 10, output: 5, ..TokenCounts::default() },
            cost_nano_usd: 60,
            other_models: Vec::new(),
            unmetered: UnmeteredUsage::default(),
            price_version: price_version.to_owned(),
            attempts: 2,
            latency_ms: 1,
            cache: CacheUse::Bypass,
            outcome: RequestOutcome::Answered,
            variant: None,
        }
    }

    #[test]
    fn requests_never_cost_more_together_than_was_set_aside() {
        let money = PrepaidMoney::new("v1".to_owned(), 200);
        assert!(money.take(100).is_ok());
        assert!(matches!(money.take(101), Err(ReserveError::OverBudget(_))));
        assert!(money.take(100).is_ok());
        money.charge(&metered("v1"), 200);
        assert!(money.take(141).is_err());
        assert!(money.take(140).is_ok());
        money.charge(&metered("v1"), 140);
        let used = money.used();
        assert_eq!((used.attempts, used.usage.len(), used.usage[0].cost_nano_usd), (4, 1, 120));
        assert!(used.usage[0].unmetered.is_nothing());
    }

    #[test]
    fn usage_at_other_prices_is_told_apart() {
        let money = PrepaidMoney::new("v1".to_owned(), 0);
        money.charge(&metered("v2"), 0);
        assert_eq!(money.used().usage[0].unmetered.cost_nano_usd, 60);
    }
}
