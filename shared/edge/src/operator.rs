//! Functions that an operator invokes by hand (`aws lambda invoke`). They have no route and no event source: IAM alone
//! decides who may invoke them. Wrong fields of the event are answered by name, as in the API. Any other failure fails
//! the invocation, and the log has the reason.

use crate::Invocation;
use crate::http::wrong_fields::{Repaired, read_repaired};
use crate::job::{JobError, attempt};
use crate::log::{self, InvocationResult, InvocationSummary, LogScope};
use crate::runtime::{self, Build, Failure, Json, written};
use application_core::{Context, Error};
use contracts::problem::FieldProblem;
use domain::field::{FieldError, InvalidFields};
use ports::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Instant;

/// Carries an operator's request out.
pub trait OperatorHandler: Send + Sync {
    /// Carries `event` out; the answer is shown to the operator.
    fn handle<'a>(&'a self, event: &'a Value, context: &'a Context) -> BoxFuture<'a, Result<Value, Error>>;
}

/// Reads the event as the function's input. The error names every wrong field and no value.
pub fn read<T: DeserializeOwned>(event: &Value) -> Result<T, InvalidFields> {
    let Repaired { body, wrong, .. } = read_repaired(event.clone(), &[]);
    match body {
        Some(input) if wrong.is_empty() => Ok(input),
        _ if wrong.is_empty() => Err(InvalidFields::one(
            "event",
            "format",
            "must be an object with the fields of the function's input",
        )),
        _ => Err(InvalidFields(wrong.into_iter().map(field_error).collect())),
    }
}

/// The fault of a field in the form in which use cases name theirs, with dots.
fn field_error(problem: FieldProblem) -> FieldError {
    const CODES: [&str; 4] = ["required", "unknown", "range", "type"];
    let code = CODES.into_iter().find(|code| *code == problem.code).unwrap_or("format");
    let field = problem.field.trim_start_matches('/').replace('/', ".");
    FieldError {
        field: if field.is_empty() { "event".to_owned() } else { field },
        code,
        message: problem.message,
    }
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
    let scope = LogScope {
        function: invocation.function,
        correlation_id: correlation_id.clone(),
        trace_id: invocation.trace_id.clone(),
        ..LogScope::default()
    };
    log::scoped(scope, async {
        let context = invocation.context(&correlation_id, None);
        // Lambda delivers only JSON.
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
            Ok(answer) => (written(&answer), InvocationResult::Done, None),
            Err(error) => {
                (Err(Failure("the function failed; its log says why")), InvocationResult::Failed, Some(error))
            }
        };
        InvocationSummary { invocation, verdict, duration: began.elapsed(), error, fields: Vec::new() }
            .write();
        result
    })
    .await
}

/// The wrong fields, in the form of the API's problems.
fn refusal(invalid: &InvalidFields) -> Value {
    let fault =
        |fault: &FieldError| json!({ "field": fault.field, "code": fault.code, "message": fault.message });
    json!({ "outcome": "refused", "errors": invalid.0.iter().map(fault).collect::<Vec<_>>() })
}
