//! Functions behind an SQS queue that EventBridge fills. Each message is judged alone: one that is malformed, fails, panics
//! or is not reached in time is reported, so that it alone is delivered again, and in the end lands in the dead-letter
//! queue. It comes again soon at first and later each time, and not after the queue's visibility timeout, which must be long
//! enough for a whole batch. A body must never be logged.

use crate::Invocation;
use crate::job::{JobError, attempt, batch_failures};
use crate::log::{self, Scope, Summary, Verdict, chain};
use crate::runtime::{self, Build, Failure, Json};
use application_core::Context;
use contracts::event_message::{BusEvent, EventMessage};
use domain::Timestamp;
use ports::{BoxFuture, MessageVisibility, RetriedMessage, Source};
use serde::Deserialize;
use serde_json::Value;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A message is not begun with less time left than this: it would only be cut off.
const TIME_FOR_ONE: Duration = Duration::from_secs(1);
/// Seconds until a message that failed once comes again; each further failure doubles them.
const FIRST_RETRY_SECONDS: u32 = 4;
/// Seconds that a message waits at most.
const LONGEST_RETRY_SECONDS: u32 = 900;
/// Messages whose visibility one call changes (SQS quota).
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

/// What a function behind a queue is made of.
pub struct Consumer {
    /// Handles the events.
    pub handler: Box<dyn EventHandler>,
    /// Says when those that failed come again.
    pub visibility: Box<dyn MessageVisibility>,
}

/// Runs a function behind a queue until its process is stopped.
pub fn run(function: &'static str, build: Build<Consumer>) -> ExitCode {
    runtime::run(function, build, |consumer, event, invocation| {
        Box::pin(serve(consumer.handler.as_ref(), consumer.visibility.as_ref(), event, invocation))
    })
}

/// Leaves it to the queue when messages come again.
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

/// The fields of the batch that we use.
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
    /// How often the message was delivered, this time included, as a number in a text.
    #[serde(rename = "ApproximateReceiveCount", default)]
    receive_count: String,
}

impl Message {
    /// Seconds until it comes again, after it failed this time.
    fn retry_seconds(&self) -> u32 {
        let receive_count: u32 = self.attributes.receive_count.parse().unwrap_or(1);
        let doubled = 2_u32.checked_pow(receive_count.saturating_sub(1)).unwrap_or(u32::MAX);
        FIRST_RETRY_SECONDS.saturating_mul(doubled).min(LONGEST_RETRY_SECONDS)
    }
}

/// Handles a batch in-process, with everything about the invocation under control.
pub async fn invoke_as(
    handler: &dyn EventHandler,
    event: Value,
    invocation: &Invocation,
) -> Result<Value, Failure> {
    invoke_consumer(handler, &AsTheQueueSays, event, invocation).await
}

/// The same for a consumer that says when messages come again.
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
    let scope = Scope {
        function: invocation.function,
        correlation_id: invocation.request_id.clone(),
        trace_id: invocation.trace_id.clone(),
        ..Scope::default()
    };
    log::scoped(scope, async {
        let (result, verdict, error, fields) = match serde_json::from_str::<Batch>(event.get()) {
            Ok(batch) => {
                let failed = handle_all(handler, &batch.records, invocation).await;
                retry_later(visibility, &failed, invocation).await;
                let failed: Vec<_> = failed.into_iter().map(|message| message.message_id.clone()).collect();
                let verdict = match failed.len() {
                    0 => Verdict::Done,
                    some if some < batch.records.len() => Verdict::Partial,
                    _ => Verdict::Failed,
                };
                let fields = vec![("messages", batch.records.len().into()), ("failed", failed.len().into())];
                (batch_failures(&failed), verdict, None, fields)
            }
            Err(error) => {
                (Err(Failure("not an SQS batch")), Verdict::Failed, Some(chain(&error)), Vec::new())
            }
        };
        Summary { invocation, verdict, duration: began.elapsed(), error, fields }.write();
        result
    })
    .await
}

/// Handles the messages one after the other; those that failed.
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

/// Lets the messages that failed come again in their time. Should that fail, they come when the queue says so.
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
    let scope = Scope {
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
