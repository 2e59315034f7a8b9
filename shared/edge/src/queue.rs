//! Functions behind an SQS queue that EventBridge fills. Each message is handled alone. A message that is malformed,
//! fails, panics or is not reached in time is reported, so that only it is delivered again and finally goes to the
//! dead-letter queue. The first repetition comes soon and each further one later; none waits for the queue's visibility
//! timeout, which must be long enough for a whole batch. A body must never be logged.

use crate::Invocation;
use crate::job::{JobError, attempt, batch_failures};
use crate::log::{self, InvocationResult, InvocationSummary, LogScope, chain};
use crate::runtime::{self, Build, Failure, Json};
use application_core::Context;
use contracts::event_message::{BusEvent, EventMessage};
use domain::Timestamp;
use ports::{BoxFuture, MessageVisibility, RetriedMessage, Source};
use serde::Deserialize;
use serde_json::Value;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A message is not begun with less time left than this, because its work would only be cut off.
const TIME_FOR_ONE: Duration = Duration::from_secs(1);
/// The seconds until a message is delivered again after its first failure; each further failure doubles them.
const FIRST_RETRY_SECONDS: u32 = 4;
/// The most seconds that a message waits.
const LONGEST_RETRY_SECONDS: u32 = 900;
/// The most messages whose visibility one call can change (SQS quota).
const MOST_CHANGES: usize = 10;

/// Handles events.
pub trait EventHandler: Send + Sync {
    /// Handles one event. Delivery is at least once, so handling an event a second time must change nothing.
    fn handle<'a>(
        &'a self,
        event: &'a EventMessage,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), JobError>>;
}

/// The parts of a function behind a queue.
pub struct Consumer {
    /// Handles the events.
    pub handler: Box<dyn EventHandler>,
    /// Sets when failed messages are delivered again.
    pub visibility: Box<dyn MessageVisibility>,
}

/// Runs a function behind a queue until its process is stopped.
pub fn run(function: &'static str, build: Build<Consumer>) -> ExitCode {
    runtime::run(function, build, |consumer, event, invocation| {
        Box::pin(serve(consumer.handler.as_ref(), consumer.visibility.as_ref(), event, invocation))
    })
}

/// Leaves the time of the next delivery to the queue.
struct AsTheQueueSays;

impl MessageVisibility for AsTheQueueSays {
    fn retry_after<'a>(&'a self, _: &'a str, _: &'a [RetriedMessage]) -> BoxFuture<'a, Result<(), Source>> {
        Box::pin(async { Ok(()) })
    }
}

/// Handles a batch in-process, in the way production does.
pub async fn invoke(handler: &dyn EventHandler, event: Value, now: Timestamp) -> Result<Value, Failure> {
    invoke_as(handler, event, &Invocation::in_process(now)).await
}

/// The fields of the batch that are used.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    receipt_handle: String,
    #[serde(rename = "eventSourceARN", default)]
    queue_arn: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
struct Attributes {
    /// The number of deliveries of the message, including this one, as a text.
    #[serde(rename = "ApproximateReceiveCount", default)]
    receive_count: String,
}

impl Message {
    /// The seconds until the next delivery if this one fails.
    fn retry_seconds(&self) -> u32 {
        let receive_count: u32 = self.attributes.receive_count.parse().unwrap_or(1);
        let doubled = 2_u32.checked_pow(receive_count.saturating_sub(1)).unwrap_or(u32::MAX);
        FIRST_RETRY_SECONDS.saturating_mul(doubled).min(LONGEST_RETRY_SECONDS)
    }
}

/// Handles a batch in-process, with an invocation made by the test.
pub async fn invoke_as(
    handler: &dyn EventHandler,
    event: Value,
    invocation: &Invocation,
) -> Result<Value, Failure> {
    invoke_consumer(handler, &AsTheQueueSays, event, invocation).await
}

/// Handles an event in this process with a consumer that sets the times of further deliveries.
pub async fn invoke_consumer(
    handler: &dyn EventHandler,
    visibility: &dyn MessageVisibility,
    event: Value,
    invocation: &Invocation,
) -> Result<Value, Failure> {
    runtime::in_process(event, async |event| serve(handler, visibility, event, invocation).await).await
}

async fn serve(
    handler: &dyn EventHandler,
    visibility: &dyn MessageVisibility,
    event: Json,
    invocation: &Invocation,
) -> Result<Json, Failure> {
    let began = Instant::now();
    let scope = LogScope {
        function: invocation.function,
        correlation_id: invocation.request_id.clone(),
        trace_id: invocation.trace_id.clone(),
        ..LogScope::default()
    };
    log::scoped(scope, async {
        let (result, verdict, error, fields) = match serde_json::from_str::<Batch>(event.get()) {
            Ok(batch) => {
                let failed = handle_all(handler, &batch.records, invocation).await;
                retry_later(visibility, &failed, invocation).await;
                let failed: Vec<_> = failed.into_iter().map(|message| message.message_id.clone()).collect();
                let verdict = match failed.len() {
                    0 => InvocationResult::Done,
                    some if some < batch.records.len() => InvocationResult::Partial,
                    _ => InvocationResult::Failed,
                };
                let fields = vec![("messages", batch.records.len().into()), ("failed", failed.len().into())];
                (batch_failures(&failed), verdict, None, fields)
            }
            Err(error) => {
                (Err(Failure("not an SQS batch")), InvocationResult::Failed, Some(chain(&error)), Vec::new())
            }
        };
        InvocationSummary { invocation, verdict, duration: began.elapsed(), error, fields }.write();
        result
    })
    .await
}

/// Handles the messages one after the other. Returns those that failed.
async fn handle_all<'a>(
    handler: &dyn EventHandler,
    messages: &'a [Message],
    invocation: &Invocation,
) -> Vec<&'a Message> {
    let mut failed = Vec::new();
    for message in messages {
        if !handle_one(handler, message, invocation).await {
            failed.push(message);
        }
    }
    failed
}

/// Sets the next delivery of each failed message. If that fails, the queue's visibility timeout applies.
async fn retry_later(visibility: &dyn MessageVisibility, failed: &[&Message], invocation: &Invocation) {
    let Some(queue_arn) = failed.first().map(|message| message.queue_arn.as_str()) else { return };
    let retried: Vec<_> = failed
        .iter()
        .map(|message| RetriedMessage {
            receipt_handle: message.receipt_handle.clone(),
            seconds: message.retry_seconds(),
        })
        .collect();
    for some in retried.chunks(MOST_CHANGES) {
        let change = visibility.retry_after(queue_arn, some);
        let error = match tokio::time::timeout(invocation.time_left(), change).await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => chain(error.as_ref()),
            Err(_) => "no time left".to_owned(),
        };
        tracing::warn!(messages = some.len(), error, "messages come again when the queue says so");
    }
}

async fn handle_one(handler: &dyn EventHandler, message: &Message, invocation: &Invocation) -> bool {
    let message_id = message.message_id.as_str();
    if invocation.time_left() < TIME_FOR_ONE {
        tracing::warn!(message_id, error = "no time left", "a message was not handled");
        return false;
    }
    let event = match serde_json::from_str::<BusEvent>(&message.body) {
        Ok(envelope) => envelope.detail,
        Err(error) => {
            tracing::error!(message_id, error = chain(&error), "a message is malformed");
            return false;
        }
    };
    let scope = LogScope {
        function: invocation.function,
        correlation_id: event.correlation_id.clone(),
        trace_id: invocation.trace_id.clone(),
        tenant: Some(event.tenant_id.clone()),
        account: Some(event.actor.clone()),
        api_key: None,
    };
    log::scoped(scope, async {
        let context = invocation.context(&event.correlation_id, event.event_id.parse().ok());
        match attempt(invocation.deadline, handler.handle(&event, &context)).await {
            Ok(()) => true,
            Err(error) => {
                let (event_id, event_type) = (event.event_id.as_str(), event.event_type.as_str());
                tracing::error!(message_id, event_id, event_type, error, "a message was not handled");
                false
            }
        }
    })
    .await
}
