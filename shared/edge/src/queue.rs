//! Functions behind an SQS queue that EventBridge fills. Each message is handled alone. A message that is malformed,
//! fails, panics or is not reached in time is reported, so that it alone is delivered again and ends in the dead-letter
//! queue at last. A body must never be logged.

use crate::Invocation;
use crate::job::{JobError, attempt, batch_failures};
use crate::log::{self, Scope, Summary, Verdict, chain};
use crate::runtime::{self, Build, Failure, Json};
use application_core::Context;
use contracts::event_message::{BusEvent, EventMessage};
use domain::Timestamp;
use ports::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A message is not begun with less time left than this, because its work would only be cut off.
const TIME_FOR_ONE: Duration = Duration::from_secs(1);

/// Handles events.
pub trait EventHandler: Send + Sync {
    /// Handles one event. Delivery is at least once, so handling an event a second time must change nothing.
    fn handle<'a>(
        &'a self,
        event: &'a EventMessage,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), JobError>>;
}

/// Runs a function behind a queue until its process is stopped.
pub fn run(function: &'static str, build: Build<dyn EventHandler>) -> ExitCode {
    runtime::run(function, build, |handler, event, invocation| Box::pin(serve(handler, event, invocation)))
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
}

/// Handles a batch in-process, with an invocation made by the test.
pub async fn invoke_as(
    handler: &dyn EventHandler,
    event: Value,
    invocation: &Invocation,
) -> Result<Value, Failure> {
    runtime::in_process(event, async |event| serve(handler, event, invocation).await).await
}

async fn serve(handler: &dyn EventHandler, event: Json, invocation: &Invocation) -> Result<Json, Failure> {
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

/// Handles the messages one after the other; returns the ids of those that failed.
async fn handle_all(
    handler: &dyn EventHandler,
    messages: &[Message],
    invocation: &Invocation,
) -> Vec<String> {
    let mut failed = Vec::new();
    for message in messages {
        if !handle_one(handler, message, invocation).await {
            failed.push(message.message_id.clone());
        }
    }
    failed
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
