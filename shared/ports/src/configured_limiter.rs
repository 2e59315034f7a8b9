//! Rate limits from the configuration.

use crate::{BoxFuture, Configuration, LimitDecision, Limiter, RateLimit, StoreError};
use domain::Timestamp;
use std::sync::Arc;

/// Counts with the limits of the configuration, or with those of the build if the configuration has none.
pub struct ConfiguredLimiter {
    limiter: Arc<dyn Limiter>,
    configuration: Arc<dyn Configuration>,
}

impl ConfiguredLimiter {
    /// The same limiter with the limits of this configuration.
    pub fn new(limiter: Arc<dyn Limiter>, configuration: Arc<dyn Configuration>) -> Self {
        Self { limiter, configuration }
    }

    fn configured(&self, limit: RateLimit) -> RateLimit {
        self.configuration.current().limit(limit.name).map_or(limit, |configured| RateLimit {
            burst: configured.requests,
            period_seconds: configured.period_seconds,
            ..limit
        })
    }
}

impl Limiter for ConfiguredLimiter {
    fn take<'a>(
        &'a self,
        limit: RateLimit,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<LimitDecision, StoreError>> {
        self.limiter.take(self.configured(limit), who, now)
    }

    fn known_refusal(&self, limit: RateLimit, who: &str, now: Timestamp) -> Option<LimitDecision> {
        self.limiter.known_refusal(self.configured(limit), who, now)
    }

    fn give_back<'a>(
        &'a self,
        limit: RateLimit,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.limiter.give_back(self.configured(limit), who, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixedConfiguration;
    use domain::configuration::RuntimeConfiguration;
    use futures_util::FutureExt;

    /// Allows everything, and returns the limit that it got.
    struct Telling;

    impl Limiter for Telling {
        fn take<'a>(
            &'a self,
            limit: RateLimit,
            _: &'a str,
            _: Timestamp,
        ) -> BoxFuture<'a, Result<LimitDecision, StoreError>> {
            let decision = LimitDecision {
                limit,
                allowed: true,
                remaining: 1,
                retry_after_seconds: 0,
                reset_seconds: 0,
            };
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

    #[test]
    fn a_configured_limit_takes_the_place_of_the_build_s() {
        let document = br#"{"version": 1, "chains": {"lead_scoring": ["rules"], "completion": ["x"]},
            "limits": {"ai_calls": {"requests": 7, "period_seconds": 30}}}"#;
        let configuration = FixedConfiguration::new(RuntimeConfiguration::parse(document, None).unwrap());
        let limiter = ConfiguredLimiter::new(Arc::new(Telling), Arc::new(configuration));
        let asked = |name| {
            let limit = RateLimit { name, burst: 60, period_seconds: 60 };
            let decision = limiter.take(limit, "org", Timestamp::from_millis(0)).now_or_never().unwrap();
            let limit = decision.unwrap().limit;
            (limit.name, limit.burst, limit.period_seconds)
        };
        assert_eq!(asked("ai_calls"), ("ai_calls", 7, 30));
        assert_eq!(asked("lead_scores"), ("lead_scores", 60, 60));
    }
}
