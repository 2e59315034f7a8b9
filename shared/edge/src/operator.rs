//! Functions that an operator invokes by hand (`aws lambda invoke`). They have no route and no event source: IAM alone decides
//! who may. What an operator wrote wrongly is answered by field, as the API does; what failed for another reason fails the
//! invocation, and the log says why.

use crate::Invocation;
use crate::job::{JobError, attempt};
use crate::log::{self, Scope, Summary, Verdict};
use crate::runtime::{self, Build, Failure, Json, written};
use application_core::{Context, Error};
use domain::field::Invalid;
use ports::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Instant;

/// Does what an operator asks for.
pub trait OperatorHandler: Send + Sync {
    /// Does what `event` asks for; what it answers is shown to the operator.
    fn handle<'a>(&'a self, event: &'a Value, context: &'a Context) -> BoxFuture<'a, Result<Value, Error>>;
}

/// The event as the function takes it. It names no value, only what is wrong with it.
pub fn read<T: DeserializeOwned>(event: &Value) -> Result<T, Invalid> {
    // serde's own words would quote what was sent.
    T::deserialize(event).map_err(|_| {
        Invalid::one(
            "event",
            "format",
            "must have exactly the fields that the function takes, with their types",
        )
    })
}

/// Runs an operator's function until its process is stopped.
pub fn run(function: &'static str, build: Build<dyn OperatorHandler>) -> ExitCode {
    runtime::run(function, build, |handler, event, invocation| Box::pin(serve(handler, event, invocation)))
}

/// Handles an operator's event in-process, in the way production does.
pub async fn invoke(
    handler: &dyn OperatorHandler,
    event: Value,
    invocation: &Invocation,
) -> Result<Value, Failure> {
    runtime::in_process(event, async |event| serve(handler, event, invocation).await).await
}

async fn serve(handler: &dyn OperatorHandler, event: Json, invocation: &Invocation) -> Result<Json, Failure> {
    let began = Instant::now();
    let correlation_id = invocation.request_id.clone();
    let scope = Scope {
        function: invocation.function,
        correlation_id: correlation_id.clone(),
        trace_id: invocation.trace_id.clone(),
        ..Scope::default()
    };
    log::scoped(scope, async {
        let context = invocation.context(&correlation_id, None);
        // An event that is no JSON never gets here.
        let event: Value = serde_json::from_str(event.get()).unwrap_or_default();
        let work = async {
            match handler.handle(&event, &context).await {
                Ok(answer) => Ok(answer),
                Err(Error::Invalid(invalid)) => Ok(refusal(&invalid)),
                Err(error) => Err(JobError::from(error)),
            }
        };
        let done = attempt(invocation.deadline, Box::pin(work)).await;
        let (result, verdict, error) = match done {
            Ok(answer) => (written(&answer), Verdict::Done, None),
            Err(error) => {
                (Err(Failure("the function failed; its log says why")), Verdict::Failed, Some(error))
            }
        };
        Summary { invocation, verdict, duration: began.elapsed(), error, fields: Vec::new() }.write();
        result
    })
    .await
}

/// What is wrong, by field, in the words of the API's problems.
fn refusal(invalid: &Invalid) -> Value {
    let fault = |fault: &domain::field::FieldError| json!({ "field": fault.field, "code": fault.code, "message": fault.message });
    json!({ "outcome": "refused", "errors": invalid.0.iter().map(fault).collect::<Vec<_>>() })
}
