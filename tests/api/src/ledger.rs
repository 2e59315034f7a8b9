//! The path of an event: from the ledger's stream through the relay to a recording bus, and from there into the batches
//! that queues deliver.

use crate::mailer::RecordingMailer;
use crate::tree::sample;
use crate::world::World;
use application_platform::RelayEvents;
use contracts::event_message::{BusEvent, EventMessage, SOURCE};
use ports::{BoxFuture, EventRecord, PublishOutcome, Publisher, Source};
use ports::{ParkingLot, StreamRecord};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use testkit::{TestBatchFiles, TestBatchJobs, TestTraining};

/// A bus that records its events and fails on request, and a recorder of parked records.
#[derive(Debug, Default)]
pub struct RecordingPublisher {
    published: Mutex<Vec<EventRecord>>,
    outcomes: Mutex<VecDeque<PublishOutcome>>,
    parked: Mutex<Vec<(String, Value, String)>>,
    broken_parking: Mutex<bool>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RecordingPublisher {
    /// The outcomes of the next events, in order; an event without an outcome is published.
    pub fn then(&self, outcome: PublishOutcome) {
        lock(&self.outcomes).push_back(outcome);
    }

    /// The published events, in order.
    pub fn published(&self) -> Vec<EventRecord> {
        lock(&self.published).clone()
    }

    /// The parked records: sequence number, keys and reason.
    pub fn parked(&self) -> Vec<(String, Value, String)> {
        lock(&self.parked).clone()
    }

    /// Sets whether parking fails.
    pub fn break_parking(&self, broken: bool) {
        *lock(&self.broken_parking) = broken;
    }
}

impl Publisher for RecordingPublisher {
    fn publish<'a>(&'a self, events: &'a [EventRecord]) -> BoxFuture<'a, Vec<PublishOutcome>> {
        Box::pin(async move {
            let mut blocked = false;
            events
                .iter()
                .map(|event| {
                    if blocked {
                        return PublishOutcome::NotTried;
                    }
                    let outcome = lock(&self.outcomes).pop_front().unwrap_or(PublishOutcome::Published);
                    match outcome {
                        PublishOutcome::Published => lock(&self.published).push(event.clone()),
                        PublishOutcome::Failed(_) | PublishOutcome::Unavailable(_) => blocked = true,
                        PublishOutcome::Rejected(_) | PublishOutcome::NotTried => {}
                    }
                    outcome
                })
                .collect()
        })
    }
}

impl ParkingLot for RecordingPublisher {
    fn park<'a>(&'a self, record: &'a StreamRecord, reason: &'a str) -> BoxFuture<'a, Result<(), Source>> {
        Box::pin(async move {
            if *lock(&self.broken_parking) {
                return Err("the parking queue is full".into());
            }
            lock(&self.parked).push((record.sequence_number.clone(), record.keys.clone(), reason.to_owned()));
            Ok(())
        })
    }
}

/// The answer of a function that reports partial failures.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The records to deliver again.
    pub failed: Vec<String>,
}

impl Delivered {
    pub(crate) fn read(answer: &Value) -> Self {
        let failures = answer["batchItemFailures"].as_array().expect("batchItemFailures");
        let id = |failure: &Value| failure["itemIdentifier"].as_str().expect("an identifier").to_owned();
        Self { failed: failures.iter().map(id).collect() }
    }
}

/// The message for the bus with this event.
pub fn published(record: &EventRecord) -> EventMessage {
    assert!(record.event.personal.is_empty(), "personal data left the ledger");
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

impl World {
    /// Delivers these ledger items as the table's stream does; the sequence numbers count from 0.
    pub async fn relay(&self, bus: &Arc<RecordingPublisher>, items: &[Value]) -> Delivered {
        let batch = sample("platform", "relay-events");
        let records: Vec<Value> = items
            .iter()
            .enumerate()
            .map(|(number, image)| {
                let mut record = batch["Records"][0].clone();
                record["dynamodb"]["SequenceNumber"] = number.to_string().into();
                record["dynamodb"]["Keys"] = json!({"pk": image["pk"], "sk": image["sk"]});
                record["dynamodb"]["NewImage"] = image.clone();
                record
            })
            .collect();
        let handler = relay_events::RelayEvents {
            needs: RelayEvents {
                publisher: Arc::clone(bus) as Arc<dyn Publisher>,
                attempts: Arc::new(self.environment().relay_attempts()),
                parking: Arc::clone(bus) as Arc<dyn ParkingLot>,
            },
        };
        let answer = edge::stream::invoke(&handler, json!({"Records": records}), self.now()).await;
        Delivered::read(&answer.expect("the relay never fails as a whole"))
    }

    /// Delivers these messages to `notify-in-app`; the message ids count from 0.
    pub async fn notify(&self, messages: &[Value]) -> Delivered {
        let handler = notify_in_app::NotifyInApp { store: Arc::clone(self.store()) as _ };
        let answer =
            edge::queue::invoke(&handler, batch("notifications", "notify-in-app", messages), self.now());
        Delivered::read(&answer.await.expect("the job never fails as a whole"))
    }

    /// Delivers these messages to `send-mail`; the message ids count from 0.
    pub async fn send_mails(&self, mailer: &Arc<RecordingMailer>, messages: &[Value]) -> Delivered {
        let needs = application_identity::SendMail {
            store: Arc::clone(self.store()) as _,
            mailer: Arc::clone(mailer) as _,
            suppressions: Arc::new(self.environment().mail_suppressions()),
            key: crate::routes::mail_token_key(),
            console_url: "https://console.sextant.example".to_owned(),
        };
        let handler = send_mail::SendMail { needs };
        let answer = edge::queue::invoke(&handler, batch("identity", "send-mail", messages), self.now());
        Delivered::read(&answer.await.expect("the job never fails as a whole"))
    }

    /// Delivers these messages to `meter-ai-usage`; the message ids count from 0.
    pub async fn meter(&self, messages: &[Value]) -> Delivered {
        let handler = meter_ai_usage::MeterAiUsage {
            usage: Arc::new(self.environment().ai_usage()),
            store: Arc::clone(self.store()) as _,
        };
        let answer = edge::queue::invoke(&handler, batch("ai", "meter-ai-usage", messages), self.now());
        Delivered::read(&answer.await.expect("the job never fails as a whole"))
    }

    /// Delivers these messages to `record-audit`; the message ids count from 0.
    pub async fn audit(&self, messages: &[Value]) -> Delivered {
        let handler = record_audit::RecordAudit { log: Arc::new(self.environment().audit_log()) };
        let answer = edge::queue::invoke(&handler, batch("platform", "record-audit", messages), self.now());
        Delivered::read(&answer.await.expect("the job never fails as a whole"))
    }

    /// Runs `settle-ai-usage`.
    pub async fn settle_ai_usage(&self) {
        let state = Arc::new(self.environment().ai_state());
        let handler = settle_ai_usage::SettleAiUsage { state };
        let tick = sample("ai", "settle-ai-usage");
        edge::schedule::invoke(&handler, tick, self.now()).await.expect("nothing fails");
    }

    /// The answer of `override-model-prices` to an operator.
    pub async fn override_model_prices(&self, event: Value) -> Value {
        let registry = application_ai::Registry::shipped().expect("the table of models");
        let store = Arc::clone(self.store()) as _;
        let handler = override_model_prices::OverrideModelPrices { store, registry };
        let invocation = edge::Invocation::in_process(self.now());
        edge::operator::invoke(&handler, event, &invocation).await.expect("nothing fails")
    }

    /// Runs `advance-fine-tunes` with these files and this provider.
    pub async fn advance_fine_tunes(&self, training: &Arc<TestTraining>) {
        let handler = advance_fine_tunes::AdvanceFineTunes {
            store: Arc::clone(self.store()) as _,
            files: Arc::clone(training) as _,
            trainer: Arc::clone(training) as _,
            ai: Arc::new(self.environment().ai_state()),
            registry: application_ai::Registry::shipped().expect("the table of models"),
        };
        let tick = sample("ai", "advance-fine-tunes");
        edge::schedule::invoke(&handler, tick, self.now()).await.expect("nothing fails");
    }

    /// Runs `advance-batches` with these files.
    pub async fn advance_batches(&self, files: &Arc<TestBatchFiles>) {
        self.advance_batches_at(files, None).await;
    }

    /// The same beside a provider with these jobs.
    pub async fn advance_batches_at(&self, files: &Arc<TestBatchFiles>, jobs: Option<&Arc<TestBatchJobs>>) {
        let handler = advance_batches::AdvanceBatches {
            store: Arc::clone(self.store()) as _,
            files: Arc::clone(files) as _,
            completions: crate::routes::completions(&self.parts),
            format: wiring_ai::chat::chat_lines(),
            provider: jobs.map(|jobs| advance_batches::BatchProvider {
                jobs: Arc::clone(jobs) as _,
                records: Arc::new(adapter_bedrock::BedrockBatchRecords::new()),
                region: "us-east-1".to_owned(),
            }),
        };
        let tick = sample("ai", "advance-batches");
        let invocation = edge::Invocation::in_process(self.now()).with_time(Duration::from_secs(900));
        edge::schedule::invoke_as(&handler, tick, &invocation).await.expect("nothing fails");
    }

    /// All events of the ledger in the form in which the bus delivers them to queues.
    pub async fn messages(&self) -> Vec<Value> {
        let bus = Arc::new(RecordingPublisher::default());
        let items = self.ledger().await;
        assert_eq!(self.relay(&bus, &items).await.failed, Vec::<String>::new());
        bus.published().iter().map(|record| envelope(&published(record))).collect()
    }
}

fn envelope(detail: &EventMessage) -> Value {
    let event = BusEvent {
        source: SOURCE.to_owned(),
        detail_type: detail.event_type.clone(),
        detail: detail.clone(),
    };
    serde_json::to_value(event).expect("a message is JSON")
}

pub(crate) fn batch(context: &str, function: &str, messages: &[Value]) -> Value {
    let batch = sample(context, function);
    let records: Vec<Value> = messages
        .iter()
        .enumerate()
        .map(|(number, message)| {
            let mut record = batch["Records"][0].clone();
            record["messageId"] = number.to_string().into();
            record["body"] = message.as_str().map_or_else(|| message.to_string(), str::to_owned).into();
            record
        })
        .collect();
    json!({"Records": records})
}
