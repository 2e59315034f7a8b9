//! The rules of the relay, with a scripted bus.

use crate::support::NOW;
use application_platform::{RELAY_ATTEMPTS, RelayEvents, relay_events};
use domain::id::{OrganizationId, SessionId, SubjectId, derived, new_id};
use domain::{AggregateType, EncodedEvent, Timestamp};
use ports::{AggregateKey, BoxFuture, EventRecord, PublishOutcome, Publisher, Source, StoreError};
use ports::{Attempts, ParkingLot, StreamRecord};
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Scripted {
    outcomes: Mutex<VecDeque<PublishOutcome>>,
    published: Mutex<Vec<EventRecord>>,
    parked: Mutex<Vec<String>>,
    failures: Mutex<BTreeMap<String, u32>>,
    counter_is_down: bool,
}

impl Publisher for Scripted {
    fn publish<'a>(&'a self, events: &'a [EventRecord]) -> BoxFuture<'a, Vec<PublishOutcome>> {
        Box::pin(async move {
            self.published.lock().unwrap().extend(events.iter().cloned());
            let mut outcomes = self.outcomes.lock().unwrap();
            events.iter().map_while(|_| outcomes.pop_front()).collect()
        })
    }
}

impl Attempts for Scripted {
    fn count<'a>(&'a self, record: &'a str, _: Timestamp) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(async move {
            if self.counter_is_down {
                return Err(StoreError::Unavailable("down".into()));
            }
            let mut failures = self.failures.lock().unwrap();
            let count = failures.entry(record.to_owned()).or_default();
            *count += 1;
            Ok(*count)
        })
    }
}

impl ParkingLot for Scripted {
    fn park<'a>(&'a self, record: &'a StreamRecord, reason: &'a str) -> BoxFuture<'a, Result<(), Source>> {
        Box::pin(async move {
            self.parked.lock().unwrap().push(format!("{} {reason}", record.sequence_number));
            Ok(())
        })
    }
}

fn needs(scripted: &Arc<Scripted>) -> RelayEvents {
    RelayEvents {
        publisher: Arc::clone(scripted) as _,
        attempts: Arc::clone(scripted) as _,
        parking: Arc::clone(scripted) as _,
    }
}

fn record(number: u8, kind: AggregateType) -> StreamRecord {
    let tenant: OrganizationId = new_id(NOW, &[1; 10]);
    let session: SessionId = new_id(NOW, &[number; 10]);
    let subject: SubjectId = derived(&session);
    StreamRecord {
        sequence_number: number.to_string(),
        keys: json!({"pk": "k"}),
        event: Ok(EventRecord {
            event_id: new_id(NOW, &[number; 10]),
            key: AggregateKey::new(tenant, kind, &session),
            version: 1,
            event: EncodedEvent {
                event_type: "something_happened".to_owned(),
                schema_version: 1,
                data: json!({"family_hash": "f", "token": {"hash": "h"}, "fact": 7}),
                personal: BTreeMap::from([(subject, json!({"name": "Ada"}))]),
            },
            actor: "anonymous".to_owned(),
            correlation_id: "c".to_owned(),
            causation_id: None,
            occurred_at: NOW,
        }),
    }
}

fn unreadable(number: u8) -> StreamRecord {
    StreamRecord { event: Err(StoreError::Malformed("x")), ..record(number, AggregateType::Lead) }
}

#[tokio::test]
async fn secrets_of_sessions_and_personal_parts_stay_in_the_ledger() {
    let scripted = Arc::new(Scripted::default());
    scripted.outcomes.lock().unwrap().extend([PublishOutcome::Published, PublishOutcome::Published]);
    let records = [record(1, AggregateType::Session), record(2, AggregateType::Lead)];
    assert_eq!(relay_events(&needs(&scripted), NOW, &records).await.unwrap(), None);
    let published = scripted.published.lock().unwrap().clone();
    assert!(published.iter().all(|record| record.event.personal.is_empty()));
    assert_eq!(published[0].event.data, json!({"fact": 7}));
    // The names of a session's secrets are also names of other aggregates' facts.
    assert_eq!(published[1].event.data, json!({"family_hash": "f", "token": {"hash": "h"}, "fact": 7}));
}

#[tokio::test]
async fn a_bus_that_tells_too_little_is_not_believed() {
    let scripted = Arc::new(Scripted::default());
    scripted.outcomes.lock().unwrap().push_back(PublishOutcome::Published);
    let records = [record(1, AggregateType::Lead), record(2, AggregateType::Lead)];
    assert_eq!(relay_events(&needs(&scripted), NOW, &records).await.unwrap().as_deref(), Some("2"));
    assert_eq!(scripted.failures.lock().unwrap().len(), 0, "what was not tried did not fail");
}

#[tokio::test]
async fn attempts_are_counted_for_each_record() {
    let scripted = Arc::new(Scripted::default());
    for round in 1..RELAY_ATTEMPTS {
        for number in [1, 2] {
            scripted.outcomes.lock().unwrap().push_back(PublishOutcome::Failed("busy".into()));
            let records = [record(number, AggregateType::Lead)];
            let again = relay_events(&needs(&scripted), NOW, &records).await.unwrap();
            assert_eq!(again, Some(number.to_string()), "round {round}");
        }
    }
    assert!(scripted.parked.lock().unwrap().is_empty());
    scripted.outcomes.lock().unwrap().push_back(PublishOutcome::Failed("busy".into()));
    let records = [record(2, AggregateType::Lead)];
    assert_eq!(relay_events(&needs(&scripted), NOW, &records).await.unwrap(), None);
    assert_eq!(*scripted.parked.lock().unwrap(), ["2 busy"]);
}

#[tokio::test]
async fn outcomes_belong_to_their_records_also_around_one_that_can_not_be_read() {
    let scripted = Arc::new(Scripted::default());
    scripted.outcomes.lock().unwrap().extend([
        PublishOutcome::Published,
        PublishOutcome::Rejected("too large".into()),
        PublishOutcome::Published,
    ]);
    let lead = AggregateType::Lead;
    let records = [unreadable(1), record(2, lead), unreadable(3), record(4, lead), record(5, lead)];
    assert_eq!(relay_events(&needs(&scripted), NOW, &records).await.unwrap(), None);
    let reason = "the record is no event of the ledger";
    assert_eq!(
        *scripted.parked.lock().unwrap(),
        [format!("1 {reason}"), format!("3 {reason}"), "4 too large".to_owned()]
    );
    assert_eq!(scripted.published.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn when_failures_can_not_be_counted_the_whole_batch_comes_again() {
    let scripted = Arc::new(Scripted { counter_is_down: true, ..Scripted::default() });
    scripted.outcomes.lock().unwrap().push_back(PublishOutcome::Failed("busy".into()));
    let records = [record(1, AggregateType::Lead)];
    assert!(relay_events(&needs(&scripted), NOW, &records).await.is_err());
    assert!(scripted.parked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_empty_batch_is_done() {
    let scripted = Arc::new(Scripted::default());
    assert_eq!(relay_events(&needs(&scripted), NOW, &[]).await.unwrap(), None);
}

#[tokio::test]
async fn a_bus_that_is_away_is_waited_for_however_long() {
    let scripted = Arc::new(Scripted::default());
    let records = [record(1, AggregateType::Lead), record(2, AggregateType::Lead)];
    for round in 0..RELAY_ATTEMPTS * 3 {
        scripted.outcomes.lock().unwrap().push_back(PublishOutcome::Unavailable("away".into()));
        let again = relay_events(&needs(&scripted), NOW, &records).await.unwrap();
        assert_eq!(again.as_deref(), Some("1"), "round {round}");
    }
    // The failure is nobody's fault, so it does not count against the event, and nothing is parked.
    assert!(scripted.failures.lock().unwrap().is_empty());
    assert!(scripted.parked.lock().unwrap().is_empty());
    scripted.outcomes.lock().unwrap().extend([PublishOutcome::Published, PublishOutcome::Published]);
    assert_eq!(relay_events(&needs(&scripted), NOW, &records).await.unwrap(), None);
}
