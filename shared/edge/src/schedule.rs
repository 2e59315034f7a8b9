//! Functions that EventBridge starts by the clock. Delivery is at least once, so a repeated run must change nothing.

use crate::Invocation;
use crate::job::{JobError, attempt};
use crate::log::{self, InvocationResult, InvocationSummary, LogScope};
use crate::runtime::{self, Build, Failure, Json, written};
use application_core::Context;
use domain::Timestamp;
use ports::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use std::process::ExitCode;
use std::time::Instant;

/// Carries a scheduled run out.
pub trait ScheduleHandler: Send + Sync {
    /// Carries the run out that was due at `due`, the time of the schedule; `context.now` is later when the delivery
    /// was late.
    fn handle<'a>(&'a self, due: Timestamp, context: &'a Context) -> BoxFuture<'a, Result<(), JobError>>;
}

/// Runs a scheduled function until its process is stopped.
pub fn run(function: &'static str, build: Build<dyn ScheduleHandler>) -> ExitCode {
    runtime::run(function, build, |handler, event, invocation| Box::pin(serve(handler, event, invocation)))
}

/// Handles a scheduled event in-process, in the way production does.
pub async fn invoke(handler: &dyn ScheduleHandler, event: Value, now: Timestamp) -> Result<Value, Failure> {
    invoke_as(handler, event, &Invocation::in_process(now)).await
}

/// Handles a scheduled event in-process; the caller sets everything about the invocation.
pub async fn invoke_as(
    handler: &dyn ScheduleHandler,
    event: Value,
    invocation: &Invocation,
) -> Result<Value, Failure> {
    runtime::in_process(event, async |event| serve(handler, event, invocation).await).await
}

/// The fields of the event that are used. Each may have any type, so that a wrong one does not hide the other.
#[derive(Default, Deserialize)]
struct Tick {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    time: Value,
}

impl Tick {
    /// The time of the schedule.
    fn due(&self) -> Result<Timestamp, &'static str> {
        let time = self.time.as_str().ok_or("the event has no time")?;
        Timestamp::parse(time).map_err(|_| "the event's time can't be read")
    }
}

async fn serve(handler: &dyn ScheduleHandler, event: Json, invocation: &Invocation) -> Result<Json, Failure> {
    let began = Instant::now();
    let (event, unreadable) = match serde_json::from_str::<Tick>(event.get()) {
        Ok(event) => (event, None),
        Err(error) => (Tick::default(), Some(log::chain(&error))),
    };
    // The id of the event stays the same when it is delivered again; Lambda's id does too, but tells less.
    let correlation_id = event.id.as_str().unwrap_or(&invocation.request_id).to_owned();
    let due = event.due();
    let scope = LogScope {
        function: invocation.function,
        correlation_id: correlation_id.clone(),
        trace_id: invocation.trace_id.clone(),
        ..LogScope::default()
    };
    log::scoped(scope, async {
        let context = invocation.context(&correlation_id, None);
        let done = match (due, unreadable) {
            (Ok(due), _) => attempt(invocation.deadline, handler.handle(due, &context)).await,
            (Err(_), Some(unreadable)) => Err(format!("not a scheduled event: {unreadable}")),
            (Err(reason), None) => Err(format!("not a scheduled event: {reason}")),
        };
        let (result, verdict, error) = match done {
            Ok(()) => (written(&()), InvocationResult::Done, None),
            Err(error) => (Err(Failure("the job failed")), InvocationResult::Failed, Some(error)),
        };
        InvocationSummary { invocation, verdict, duration: began.elapsed(), error, fields: Vec::new() }
            .write();
        result
    })
    .await
}
