//! Functions that EventBridge starts by the clock. Delivery is at least once, so a run must be harmless when it is
//! repeated.

use crate::Invocation;
use crate::job::{JobError, attempt};
use crate::log::{self, Scope, Summary, Verdict};
use crate::runtime::{self, Build, Failure, Json, written};
use application::Context;
use application::ports::BoxFuture;
use domain::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::process::ExitCode;
use std::time::Instant;

/// Does what is due.
pub trait ScheduleHandler: Send + Sync {
    /// Does what is due at `due`, the moment the schedule names; `context.now` is later when delivery was.
    fn handle<'a>(&'a self, due: Timestamp, context: &'a Context) -> BoxFuture<'a, Result<(), JobError>>;
}

/// Runs a scheduled function until its process is stopped.
pub fn run(function: &'static str, build: Build<dyn ScheduleHandler>) -> ExitCode {
    runtime::run(function, build, |handler, event, invocation| Box::pin(serve(handler, event, invocation)))
}

/// Handles a scheduled event in-process, in the way production does.
pub async fn invoke(handler: &dyn ScheduleHandler, event: Value, now: Timestamp) -> Result<Value, Failure> {
    let invocation = Invocation::in_process(now);
    runtime::in_process(event, async |event| serve(handler, event, &invocation).await).await
}

/// The fields of the event that we use.
#[derive(Default, Deserialize)]
struct Tick {
    id: Option<String>,
    time: Option<String>,
}

async fn serve(handler: &dyn ScheduleHandler, event: Json, invocation: &Invocation) -> Result<Json, Failure> {
    let began = Instant::now();
    // What can't be read is told below, as an event without a time.
    let event = serde_json::from_str::<Tick>(event.get()).unwrap_or_default();
    // The event's identifier stays the same when it is delivered again; Lambda's does too, but says less.
    let correlation_id = event.id.unwrap_or_else(|| invocation.request_id.clone());
    let due = event.time.and_then(|time| Timestamp::parse(&time).ok());
    let scope = Scope {
        function: invocation.function,
        correlation_id: correlation_id.clone(),
        trace_id: invocation.trace_id.clone(),
        ..Scope::default()
    };
    log::scoped(scope, async {
        let context = invocation.context(&correlation_id, None);
        let done = match due {
            Some(due) => attempt(invocation.deadline, handler.handle(due, &context)).await,
            None => Err("not a scheduled event".to_owned()),
        };
        let (result, verdict, error) = match done {
            Ok(()) => (written(&()), Verdict::Done, None),
            Err(error) => (Err(Failure("the job failed")), Verdict::Failed, Some(error)),
        };
        Summary { invocation, verdict, duration: began.elapsed(), error, fields: Vec::new() }.write();
        result
    })
    .await
}
