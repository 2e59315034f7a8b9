//! Functions behind API Gateway (REST API, proxy integration, payload 1.0) that send their answer in one piece.
//! Functions
//! that stream their answer are in [`crate::streaming`]; both read requests in the same way.
//!
//! ```no_run
//! # use edge::{Handler, Problem, Request, Response, Settings, StartError};
//! # struct GetLead;
//! # impl Handler for GetLead {
//! #     fn handle<'a>(
//! #         &'a self,
//! #         _: &'a Request,
//! #     ) -> ports::BoxFuture<'a, Result<Response, Problem>> {
//! #         Box::pin(async { Ok(Response::no_content()) })
//! #     }
//! # }
//! # fn handler(_: &Settings) -> Result<Box<dyn Handler>, StartError> { Ok(Box::new(GetLead)) }
//! fn main() -> std::process::ExitCode {
//!     edge::http::run("get-lead", |settings| Box::pin(async move { Ok(handler(&settings)?) }))
//! }
//! ```

mod accept_encoding;
mod answer_headers;
mod body;
mod cache_control;
mod canonical_json;
mod conditional;
mod cross_origin;
mod document;
pub(crate) mod exchange;
mod header_fields;
mod idempotency;
mod list;
mod media_type;
mod not_json;
mod parameters;
mod precondition;
mod proxy_event;
mod query;
mod read_only;
mod refresh_cookie;
mod request;
mod response;
mod strict_objects;
mod syntax;
mod whole_numbers;
pub(crate) mod wrong_fields;

use crate::guard::guarded;
use crate::log::{self, InvocationResult, InvocationSummary};
use crate::problem::ProblemFormat;
use crate::runtime::{self, Build, Failure, Json};
use crate::{Invocation, Problem};
use domain::Timestamp;
use exchange::{Fields, HttpExchange, problem_answer};
use ports::BoxFuture;
use serde_json::Value;
use std::process::ExitCode;
use std::time::Instant;

pub use answer_headers::answer_headers;
pub use body::{Replacement, read_prompt};
pub use cross_origin::{EXPOSED_HEADERS, REQUEST_HEADERS};
pub use document::Document;
pub use list::RequestedPage;
pub use parameters::Parameters;
pub use read_only::unchanged;
pub use refresh_cookie::{REFRESH_COOKIE, REQUESTED_WITH};
pub(crate) use request::API_KEY_ROLE;
pub use request::Request;
pub use response::{DEFAULT_HEADERS, REQUEST_ID_HEADERS, Response};

/// Answers the requests of one function. For a function that only callers with a permission may call, this is
/// [`crate::route::Authorized`]; public functions implement it themselves.
pub trait Handler: Send + Sync {
    /// The answer, or the problem that prevented it.
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>>;

    /// The format of the function's problems.
    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::Problem
    }
}

/// Runs a function behind API Gateway until its process is stopped.
pub fn run(function: &'static str, build: Build<dyn Handler>) -> ExitCode {
    runtime::run(function, build, |handler, event, invocation| Box::pin(serve(handler, event, invocation)))
}

/// Answers a proxy event in this process in the same way as production; `now` is the time that the handler sees.
pub async fn invoke(handler: &dyn Handler, event: Value, now: Timestamp) -> Value {
    invoke_as(handler, event, &Invocation::in_process(now)).await
}

/// Answers a proxy event in this process; the caller sets everything about the invocation.
pub async fn invoke_as(handler: &dyn Handler, event: Value, invocation: &Invocation) -> Value {
    runtime::in_process(event, async |event| serve(handler, event, invocation).await)
        .await
        .unwrap_or_default()
}

async fn serve(handler: &dyn Handler, event: Json, invocation: &Invocation) -> Result<Json, Failure> {
    let began = Instant::now();
    let (exchange, scope) = HttpExchange::open(&event, invocation);
    let correlation_id = exchange.correlation_id.clone();
    let form = exchange.answer_form();
    log::scoped(scope, async {
        let mut fields = Vec::new();
        let (response, error) = match answer(handler, exchange, invocation, &mut fields).await {
            Ok(response) => (response, None),
            Err(problem) => problem_answer(&problem, handler.problem_format(), &correlation_id, &mut fields),
        };
        let response = form.finish(response);
        InvocationSummary {
            invocation,
            verdict: InvocationResult::Status(response.status()),
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
    exchange: HttpExchange<'_>,
    invocation: &Invocation,
    fields: &mut Fields,
) -> Result<Response, Problem> {
    let request = exchange.request(fields)?;
    guarded(invocation.deadline, async { handler.handle(&request).await }).await?
}
