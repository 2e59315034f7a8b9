//! Every minute: charges what was set aside for requests to models whose processes ended early.

use application_ai::settle_expired;
use application_core::Context;
use domain::Timestamp;
use edge::JobError;
use edge::schedule::ScheduleHandler;
use ports::{AiState, BoxFuture};
use std::sync::Arc;

/// What the function needs.
pub struct SettleAiUsage {
    /// Where money is set aside.
    pub state: Arc<dyn AiState>,
}

impl ScheduleHandler for SettleAiUsage {
    /// What is due does not matter: leases end by the clock.
    fn handle<'a>(&'a self, _: Timestamp, context: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            settle_expired(self.state.as_ref(), context).await?;
            Ok(())
        })
    }
}
