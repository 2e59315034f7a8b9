//! Publishes the ledger's new events on the bus, in order and at least once. A record that can't be published is parked
//! with its reason after a bounded number of attempts, so that it blocks no other record and is not lost. Attempts are
//! counted in the store, because the next attempt may run in another process.

use domain::event::SECRET_FACTS;
use domain::{AggregateType, Timestamp};
use ports::{Attempts, EventRecord, ParkingLot, PublishOutcome, Publisher, Source, StoreError, StreamRecord};
use std::sync::Arc;

/// The number of attempts before a record is parked.
pub const RELAY_ATTEMPTS: u32 = 5;

/// The ports of the relay.
pub struct RelayEvents {
    /// The bus.
    pub publisher: Arc<dyn Publisher>,
    /// Counts failures.
    pub attempts: Arc<dyn Attempts>,
    /// Parks records that can't be published.
    pub parking: Arc<dyn ParkingLot>,
}

/// Publishes a batch. `Some(sequence number)` names the first record that must be delivered again, with all later ones;
/// `None` when all are done.
pub async fn relay_events(
    needs: &RelayEvents,
    now: Timestamp,
    records: &[StreamRecord],
) -> Result<Option<String>, StoreError> {
    let events: Vec<EventRecord> =
        records.iter().filter_map(|record| record.event.as_ref().ok()).map(publishable).collect();
    let mut outcomes = needs.publisher.publish(&events).await.into_iter();
    for record in records {
        let outcome = match &record.event {
            Ok(_) => outcomes.next().unwrap_or(PublishOutcome::NotTried),
            Err(_) => PublishOutcome::Rejected("the record is no event of the ledger".into()),
        };
        let done = match outcome {
            PublishOutcome::Published => true,
            PublishOutcome::NotTried => false,
            // While the bus can't be reached, events stay in the stream, however long it lasts.
            PublishOutcome::Unavailable(source) => {
                tell(record, &source);
                false
            }
            PublishOutcome::Rejected(source) => park(needs, record, &source).await,
            PublishOutcome::Failed(source) => {
                tell(record, &source);
                let failures = needs.attempts.count(&record.sequence_number, now).await?;
                failures >= RELAY_ATTEMPTS && park(needs, record, &source).await
            }
        };
        if !done {
            return Ok(Some(record.sequence_number.clone()));
        }
    }
    Ok(None)
}

fn tell(record: &StreamRecord, source: &Source) {
    let sequence_number = record.sequence_number.as_str();
    tracing::warn!(sequence_number, error = chain(source), "an event did not reach the bus");
}

/// The event in the form of the bus: without the sealed part, and without the hashes that prove a session.
fn publishable(record: &EventRecord) -> EventRecord {
    let mut record = record.clone();
    record.event.personal.clear();
    let holds_secrets = matches!(
        record.key.kind(),
        AggregateType::Session
            | AggregateType::ApiKey
            | AggregateType::OneTimeToken
            | AggregateType::AccountFactors
            | AggregateType::SignInChallenge
    );
    if let Some(facts) = record.event.data.as_object_mut().filter(|_| holds_secrets) {
        for secret in SECRET_FACTS {
            facts.remove(secret);
        }
    }
    record
}

/// Parks the record; false when even that fails, and the record must be delivered again.
async fn park(needs: &RelayEvents, record: &StreamRecord, reason: &Source) -> bool {
    let sequence_number = record.sequence_number.as_str();
    match needs.parking.park(record, &chain(reason)).await {
        Ok(()) => {
            tracing::error!(sequence_number, error = chain(reason), "an event was parked");
            true
        }
        Err(error) => {
            tracing::error!(sequence_number, error = chain(&error), "an event can't be parked");
            false
        }
    }
}

/// An error and all its causes, in one line.
fn chain(error: &Source) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
