//! Every minute: charges the reservations of requests to models whose processes ended early.

use application_ai::settle_expired;
use application_core::Context;
use domain::Timestamp;
use edge::JobError;
use edge::schedule::ScheduleHandler;
use ports::{AiState, BoxFuture};
use std::sync::Arc;

/// The handler and its ports.
pub struct SettleAiUsage {
    /// The reservations.
    pub state: Arc<dyn AiState>,
}

impl ScheduleHandler for SettleAiUsage {
    /// The due time does not matter: leases end by the clock.
    fn handle<'a>(&'a self, _: Timestamp, context: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            settle_expired(self.state.as_ref(), context).await?;
            Ok(())
        })
    }
}
