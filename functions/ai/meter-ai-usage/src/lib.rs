//! Adds metered requests to models to the usage of their month.

use application_ai::meter_usage;
use application_core::Context;
use contracts::event_message::EventMessage;
use domain::ai::AiRequestMetered;
use edge::JobError;
use edge::queue::EventHandler;
use ports::{AiUsage, BoxFuture, MeteredRequest, Store};
use serde::Deserialize;
use std::sync::Arc;

/// The event type that its rule selects.
const EVENT_TYPE: &str = "ai_request_metered";

/// The handler and its ports.
pub struct MeterAiUsage {
    /// The monthly sums of usage.
    pub usage: Arc<dyn AiUsage>,
    /// Loads budgets and the thresholds that were reported.
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
    if event.event_type != EVENT_TYPE || !matches!(event.schema_version, 1..=3) {
        return Err(JobError::Malformed("event_type"));
    }
    let metered = AiRequestMetered::deserialize(&event.data).map_err(|_| JobError::Malformed("data"))?;
    // The first version has no variant, the second has one, and the third may have one.
    let has_variant = metered.variant.is_some();
    if event.schema_version < 3 && has_variant != (event.schema_version == 2) {
        return Err(JobError::Malformed("data"));
    }
    Ok(MeteredRequest {
        tenant: event.tenant_id.parse().map_err(|_| JobError::Malformed("tenant_id"))?,
        event_id: event.event_id.parse().map_err(|_| JobError::Malformed("event_id"))?,
        // The month of the request's begin; the event occurred at its end.
        at: metered.began().ok_or(JobError::Malformed("request_id"))?,
        metered,
    })
}
