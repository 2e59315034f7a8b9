//! Publishes events in their order: batches of at most ten entries and 256 KB (PutEvents quotas), the next batch only
//! when the one before succeeded.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use contracts::event_message::{EventMessage, SOURCE};
use ports::{BoxFuture, EventRecord, PublishOutcome, Publisher, Source};

/// Entries per call (PutEvents quota).
const MOST_ENTRIES: usize = 10;
/// Bytes per call, and so per entry (PutEvents quota), less room for the envelope.
const MOST_BYTES: usize = 256 * 1024 - 2 * 1024;

/// The bus.
pub struct EventBridgePublisher {
    client: Client,
    bus: String,
}

impl EventBridgePublisher {
    /// A publisher to the bus with this name.
    pub fn new(config: &adapter_aws::SdkConfig, bus: String) -> Self {
        Self { client: Client::new(config), bus }
    }

    fn entry(&self, record: &EventRecord, detail: &str) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(SOURCE)
            .detail_type(&record.event.event_type)
            .detail(detail)
            .build()
    }

    async fn put(&self, batch: &[(&EventRecord, String)]) -> Vec<PublishOutcome> {
        let entries = batch.iter().map(|(record, detail)| self.entry(record, detail)).collect();
        match self.client.put_events().set_entries(Some(entries)).send().await {
            Ok(answer) => {
                let mut outcomes: Vec<_> = answer.entries().iter().map(outcome).collect();
                // One outcome for each entry, whatever the answer holds: a shorter list would shift the outcomes that
                // follow.
                outcomes
                    .resize_with(batch.len(), || PublishOutcome::Failed("the bus gave no outcome".into()));
                outcomes
            }
            Err(error) => {
                // The entries were measured before, so a failure here is a failure of the call and not of an event.
                let mut outcomes = vec![PublishOutcome::Unavailable(Source::from(error))];
                outcomes.resize_with(batch.len(), || PublishOutcome::NotTried);
                outcomes
            }
        }
    }
}

impl Publisher for EventBridgePublisher {
    fn publish<'a>(&'a self, events: &'a [EventRecord]) -> BoxFuture<'a, Vec<PublishOutcome>> {
        Box::pin(async move {
            let mut outcomes = Vec::with_capacity(events.len());
            let mut batch: Vec<(&EventRecord, String)> = Vec::with_capacity(MOST_ENTRIES);
            let mut bytes = 0;
            for record in events {
                let detail = match serde_json::to_string(&message(record)) {
                    Ok(detail) if detail.len() <= MOST_BYTES => detail,
                    Ok(_) => {
                        self.flush(&mut batch, &mut bytes, &mut outcomes).await;
                        outcomes
                            .push(PublishOutcome::Rejected("the event is larger than the bus takes".into()));
                        continue;
                    }
                    Err(error) => {
                        self.flush(&mut batch, &mut bytes, &mut outcomes).await;
                        outcomes.push(PublishOutcome::Rejected(error.into()));
                        continue;
                    }
                };
                if batch.len() == MOST_ENTRIES || bytes + detail.len() > MOST_BYTES {
                    self.flush(&mut batch, &mut bytes, &mut outcomes).await;
                }
                bytes += detail.len();
                batch.push((record, detail));
            }
            self.flush(&mut batch, &mut bytes, &mut outcomes).await;
            outcomes
        })
    }
}

impl EventBridgePublisher {
    /// Sends the batch, unless a batch before it failed.
    async fn flush(
        &self,
        batch: &mut Vec<(&EventRecord, String)>,
        bytes: &mut usize,
        outcomes: &mut Vec<PublishOutcome>,
    ) {
        let blocked = outcomes
            .iter()
            .any(|outcome| matches!(outcome, PublishOutcome::Failed(_) | PublishOutcome::Unavailable(_)));
        if blocked {
            outcomes.extend(batch.iter().map(|_| PublishOutcome::NotTried));
        } else if !batch.is_empty() {
            outcomes.extend(self.put(batch).await);
        }
        batch.clear();
        *bytes = 0;
    }
}

fn outcome(entry: &PutEventsResultEntry) -> PublishOutcome {
    match entry.error_code() {
        None => PublishOutcome::Published,
        Some(code @ ("EventSizeTooLarge" | "MalformedDetail" | "InvalidArgument")) => {
            PublishOutcome::Rejected(code.into())
        }
        Some(code @ ("InternalFailure" | "ThrottlingException")) => PublishOutcome::Unavailable(code.into()),
        Some(code) => PublishOutcome::Failed(code.into()),
    }
}

/// The event as a message for the bus.
fn message(record: &EventRecord) -> EventMessage {
    EventMessage {
        event_id: record.event_id.to_string(),
        event_type: record.event.event_type.clone(),
        schema_version: record.event.schema_version,
        tenant_id: record.key.tenant().to_string(),
        aggregate_type: record.key.kind().as_str().to_owned(),
        aggregate_id: record.key.id().to_owned(),
        version: record.version,
        occurred_at: record.occurred_at.to_string(),
        actor: record.actor.clone(),
        correlation_id: record.correlation_id.clone(),
        causation_id: record.causation_id.map(|id| id.to_string()),
        data: record.event.data.clone(),
    }
}
