//! Publishes events in their order: batches of at most ten entries and 256 KB (PutEvents quotas), the next batch only
//! when the one before succeeded.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
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
            Ok(answer) => outcomes(batch.len(), &answer),
            Err(error) => {
                // The entries were measured before, so a failure here is a failure of the call and not of an event.
                failed_call(batch.len(), Source::from(error))
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

/// The outcome of each of `sent` entries. An answer with more or fewer entries is not usable for any of them, because
/// entries are identified only by their position: the call has failed, and the next one may succeed.
fn outcomes(sent: usize, answer: &PutEventsOutput) -> Vec<PublishOutcome> {
    let entries = answer.entries();
    if entries.len() == sent {
        entries.iter().map(outcome).collect()
    } else {
        failed_call(sent, "the bus answered for another number of events".into())
    }
}

fn failed_call(sent: usize, source: Source) -> Vec<PublishOutcome> {
    let mut outcomes = vec![PublishOutcome::Unavailable(source)];
    outcomes.resize_with(sent, || PublishOutcome::NotTried);
    outcomes
}

fn outcome(entry: &PutEventsResultEntry) -> PublishOutcome {
    match entry.error_code() {
        None if entry.event_id().is_some() => PublishOutcome::Published,
        None => PublishOutcome::Unavailable("the bus gave neither an id nor an error".into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn taken() -> PutEventsResultEntry {
        PutEventsResultEntry::builder().event_id("1").build()
    }

    fn refused(code: &str) -> PutEventsResultEntry {
        PutEventsResultEntry::builder().error_code(code).build()
    }

    /// The outcomes of `sent` entries by name.
    fn names(sent: usize, entries: impl IntoIterator<Item = PutEventsResultEntry>) -> Vec<&'static str> {
        let answer = PutEventsOutput::builder().set_entries(Some(entries.into_iter().collect())).build();
        outcomes(sent, &answer).iter().map(name).collect()
    }

    fn name(outcome: &PublishOutcome) -> &'static str {
        match outcome {
            PublishOutcome::Published => "published",
            PublishOutcome::Failed(_) => "failed",
            PublishOutcome::Unavailable(_) => "unavailable",
            PublishOutcome::Rejected(_) => "rejected",
            PublishOutcome::NotTried => "not tried",
        }
    }

    #[test]
    fn each_entry_has_its_own_outcome() {
        let entries = [taken(), refused("MalformedDetail"), refused("ThrottlingException"), refused("New")];
        assert_eq!(names(4, entries), ["published", "rejected", "unavailable", "failed"]);
    }

    #[test]
    fn an_answer_for_another_number_of_events_is_a_failed_call_and_no_events_fault() {
        let unknown = ["unavailable", "not tried", "not tried"];
        assert_eq!(names(3, []), unknown);
        assert_eq!(names(3, [taken(), taken()]), unknown);
        // It is unknown which of the three entries is meant, so none may be parked.
        assert_eq!(names(3, [refused("MalformedDetail")]), unknown);
        assert_eq!(names(3, [taken(), taken(), taken(), taken()]), unknown);
        let without_entries = outcomes(1, &PutEventsOutput::builder().build());
        assert_eq!(without_entries.iter().map(name).collect::<Vec<_>>(), ["unavailable"]);
    }

    #[test]
    fn an_entry_without_an_id_is_not_published() {
        let neither = PutEventsResultEntry::builder().build();
        assert_eq!(names(2, [taken(), neither]), ["published", "unavailable"]);
    }
}
