//! Functions behind API Gateway (REST API, proxy integration, payload 1.0).
//!
//! ```no_run
//! # use edge::{Handler, Problem, Request, Response, Settings, StartError};
//! # struct GetLead;
//! # impl Handler for GetLead {
//! #     fn handle<'a>(
//! #         &'a self,
//! #         _: &'a Request,
//! #     ) -> application::ports::BoxFuture<'a, Result<Response, Problem>> {
//! #         Box::pin(async { Ok(Response::no_content()) })
//! #     }
//! # }
//! # fn handler(_: &Settings) -> Result<Box<dyn Handler>, StartError> { Ok(Box::new(GetLead)) }
//! fn main() -> std::process::ExitCode {
//!     edge::http::run("get-lead", |settings| Box::pin(async move { Ok(handler(&settings)?) }))
//! }
//! ```

mod answer_headers;
mod body;
mod cache_control;
mod idempotency;
mod precondition;
mod proxy_event;
mod query;
mod request;
mod response;

use crate::guard::{Broken, guarded};
use crate::log::{self, Scope, Summary, Verdict, chain};
use crate::runtime::{self, Build, Failure, Json};
use crate::{Invocation, Problem};
use application::ports::BoxFuture;
use domain::Timestamp;
use proxy_event::ProxyEvent;
use serde_json::Value;
use std::process::ExitCode;
use std::time::Instant;

pub use answer_headers::answer_headers;
pub use query::Page;
pub(crate) use request::API_KEY_ROLE;
pub use request::Request;
pub use response::Response;

/// Answers requests.
pub trait Handler: Send + Sync {
    /// The answer, or the problem that kept it from being made.
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>>;
}

/// Runs a function behind API Gateway until its process is stopped.
pub fn run(function: &'static str, build: Build<dyn Handler>) -> ExitCode {
    runtime::run(function, build, |handler, event, invocation| Box::pin(serve(handler, event, invocation)))
}

/// Answers a proxy event in-process, in the way production does; `now` is the moment the handler sees.
pub async fn invoke(handler: &dyn Handler, event: Value, now: Timestamp) -> Value {
    invoke_as(handler, event, &Invocation::in_process(now)).await
}

/// Answers a proxy event in-process, with everything about the invocation under control.
pub async fn invoke_as(handler: &dyn Handler, event: Value, invocation: &Invocation) -> Value {
    runtime::in_process(event, async |event| serve(handler, event, invocation).await)
        .await
        .unwrap_or_default()
}

async fn serve(handler: &dyn Handler, event: Json, invocation: &Invocation) -> Result<Json, Failure> {
    let began = Instant::now();
    let event = ProxyEvent::read(&event);
    let scope = Scope {
        function: invocation.function,
        correlation_id: match &event {
            Ok(event) => event.correlation_id(&invocation.request_id),
            Err(_) => invocation.request_id.clone(),
        },
        trace_id: invocation.trace_id.clone(),
        tenant: event.as_ref().ok().and_then(|event| event.claim("org_id")),
        account: event.as_ref().ok().and_then(|event| event.claim("sub")),
        api_key: event.as_ref().ok().and_then(|event| event.claim("key_id")),
    };
    let correlation_id = scope.correlation_id.clone();
    log::scoped(scope, async {
        let mut fields = Vec::new();
        let result = match event {
            Ok(event) => {
                fields.push(("method", event.method().into()));
                fields.push(("route", event.route().into()));
                answer(handler, event, invocation, &correlation_id).await
            }
            Err(error) => Err(Problem::internal(error)),
        };
        let (response, error) = match result {
            Ok(response) => (response, None),
            Err(problem) => {
                fields.push(("code", problem.kind().code.into()));
                if !problem.errors().is_empty() {
                    let wrong: Vec<&str> = problem.errors().iter().map(|error| error.code.as_str()).collect();
                    fields.push(("wrong", wrong.join(" ").into()));
                }
                let error = problem.source().map(|source| chain(source.as_ref()));
                (Response::problem(&problem, &correlation_id), error)
            }
        };
        Summary {
            invocation,
            verdict: Verdict::Status(response.status()),
            duration: began.elapsed(),
            error,
            fields,
        }
        .write();
        response.into_answer(&correlation_id)
    })
    .await
}

async fn answer(
    handler: &dyn Handler,
    event: ProxyEvent,
    invocation: &Invocation,
    correlation_id: &str,
) -> Result<Response, Problem> {
    let request = Request::new(event, invocation, correlation_id)?;
    match guarded(invocation.deadline, async { handler.handle(&request).await }).await {
        Ok(result) => result,
        Err(Broken::TimedOut) => Err(Problem::deadline_exceeded()),
        Err(Broken::Panicked(location)) => Err(Problem::internal(format!("panicked at {location}"))),
    }
}
