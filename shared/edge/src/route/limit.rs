//! How requests of a route are counted.

use application_core::Error;
use application_core::limits::{Counted, KEY_READS_OF_ORGANIZATION, READS, allowed, take_both};
use domain::Timestamp;
use domain::authority::{Caller, Credential};
use ports::{BoxFuture, LimitDecision, Limiter};
use std::sync::Arc;

/// Counts the requests of a route.
pub trait RequestLimit: Send + Sync {
    /// Counts a request of `caller`: the decision that allows it, or [`Error::Limited`]. `None` if requests are not
    /// counted.
    fn count<'a>(
        &'a self,
        caller: &'a Caller,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<LimitDecision>, Error>>;
}

/// The route's requests are not counted here.
#[derive(Debug, Clone, Copy)]
pub struct Uncounted;

impl RequestLimit for Uncounted {
    fn count<'a>(
        &'a self,
        _: &'a Caller,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<LimitDecision>, Error>> {
        Box::pin(async { Ok(None) })
    }
}

/// Requests count as reads of their caller. Reads of an API key count against its organization's, too, so that more
/// keys do not allow more reads.
pub struct ReadLimit(Arc<dyn Limiter>);

impl ReadLimit {
    /// Reads that this limiter counts.
    pub fn new(limiter: Arc<dyn Limiter>) -> Self {
        Self(limiter)
    }
}

impl RequestLimit for ReadLimit {
    fn count<'a>(
        &'a self,
        caller: &'a Caller,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<LimitDecision>, Error>> {
        Box::pin(async move {
            let (limiter, who) = (self.0.as_ref(), caller.principal());
            let own = Counted { limit: READS, who: &who };
            let decision = match caller.credential {
                Credential::Session { .. } => allowed(limiter.take(own.limit, own.who, now).await?)?,
                Credential::ApiKey { .. } => {
                    let organization = caller.tenant.to_string();
                    let above = Counted { limit: KEY_READS_OF_ORGANIZATION, who: &organization };
                    take_both(limiter, own, above, now).await?
                }
            };
            Ok(Some(decision))
        })
    }
}
