//! Requests to models, as they are metered, into what their month used.

use application_ai::meter_usage;
use application_core::Context;
use contracts::event_message::EventMessage;
use domain::ai::AiRequestMetered;
use edge::JobError;
use edge::queue::EventHandler;
use ports::{AiUsage, BoxFuture, MeteredRequest, Store};
use serde::Deserialize;
use std::sync::Arc;

/// The event that its rule waits for.
const EVENT_TYPE: &str = "ai_request_metered";

/// What the function needs.
pub struct MeterAiUsage {
    /// Where usage is summed up.
    pub usage: Arc<dyn AiUsage>,
    /// Where budgets are kept, and what was told of them.
    pub store: Arc<dyn Store>,
}

impl EventHandler for MeterAiUsage {
    fn handle<'a>(
        &'a self,
        event: &'a EventMessage,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            let request = request(event)?;
            meter_usage(self.usage.as_ref(), self.store.as_ref(), context, &request).await?;
            Ok(())
        })
    }
}

fn request(event: &EventMessage) -> Result<MeteredRequest, JobError> {
    if (event.event_type.as_str(), event.schema_version) != (EVENT_TYPE, 1) {
        return Err(JobError::Malformed("event_type"));
    }
    let metered = AiRequestMetered::deserialize(&event.data).map_err(|_| JobError::Malformed("data"))?;
    Ok(MeteredRequest {
        tenant: event.tenant_id.parse().map_err(|_| JobError::Malformed("tenant_id"))?,
        event_id: event.event_id.parse().map_err(|_| JobError::Malformed("event_id"))?,
        // Not when the event occurred, which is the request's end.
        at: metered.began().ok_or(JobError::Malformed("request_id"))?,
        metered,
    })
}
