//! Functions behind API Gateway (REST API, proxy integration with `responseTransferMode: STREAM`) that answer in pieces.
//!
//! The gateway sends them the same event as others, and takes from all their answers, also whole ones and problems, status
//! and headers first, then the body as it comes. Such an operation has another integration URI
//! (`…/2021-11-15/functions/<arn>/response-streaming-invocations`); a conformance test keeps the two together.
//!
//! Until the first byte of its body is there, an answer can still become a problem. After that, only the body can say that
//! something went wrong: it does so itself, or by its failure end ([`StreamedResponse::with_failure_end`]).
//!
//! A body is made to its end, whether or not the client still listens, so that it can settle at its end what it began. The
//! next invocation waits for that. Only its deadline cuts it.
//!
//! ```no_run
//! # use ports::BoxFuture;
//! # use edge::streaming::{Reply, StreamedResponse, StreamingHandler};
//! # use edge::{Problem, Request};
//! # use futures_util::{StreamExt as _, stream};
//! # async fn settle() -> Result<(), Problem> { Ok(()) }
//! struct Count;
//!
//! impl StreamingHandler for Count {
//!     fn handle<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, Problem>> {
//!         Box::pin(async {
//!             let numbers = stream::iter(0..3).map(|number| Ok(format!("data: {number}\n\n").into_bytes()));
//!             // This work is done even if the client is gone; an empty chunk sends nothing.
//!             let end = stream::once(async { settle().await.map(|()| Vec::new()) });
//!             Ok(StreamedResponse::new(200, "text/event-stream", numbers.chain(end)).into())
//!         })
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     edge::streaming::run("count", |_| Box::pin(async { Ok(Box::new(Count) as Box<dyn StreamingHandler>) }))
//! }
//! ```

mod chunks;
mod pump;
mod reply;

use crate::guard::guarded;
use crate::http::exchange::{Fields, HttpExchange, problem_answer};
use crate::http::{Request, Response};
use crate::log;
use crate::problem::ProblemFormat;
use crate::runtime::{self, Build, Failure, Json, Streamed, written};
use crate::{Invocation, Problem};
use domain::Timestamp;
use futures_util::StreamExt as _;
use futures_util::stream;
use lambda_runtime::MetadataPrelude;
use ports::BoxFuture;
use pump::ChunkPump;
use serde_json::Value;
use std::process::ExitCode;
use std::time::Instant;

pub use chunks::Chunks;
pub use reply::{Body, Reply, StreamedResponse};

/// Answers requests, with a whole answer or in pieces.
pub trait StreamingHandler: Send + Sync {
    /// The answer, or the problem. The body of a stream must own everything that it needs, because it outlives this
    /// call.
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Problem>>;

    /// The format of the function's problems.
    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::Problem
    }
}

/// Runs a function behind a streaming integration until its process is stopped.
pub fn run(function: &'static str, build: Build<dyn StreamingHandler>) -> ExitCode {
    runtime::run(function, build, |handler, event, invocation| Box::pin(serve(handler, event, invocation)))
}

/// Answers a proxy event in-process, in the way production does: status and headers (`{"statusCode", "headers",
/// "cookies"}`, names of headers in lower case), and the body as it comes. `now` is the moment the handler sees.
pub async fn invoke(handler: &dyn StreamingHandler, event: Value, now: Timestamp) -> (Value, Chunks) {
    invoke_as(handler, event, &Invocation::in_process(now)).await
}

/// Answers a proxy event in-process, with an invocation made by the test. Returns null and an empty body when the
/// invocation fails as a whole.
pub async fn invoke_as(
    handler: &dyn StreamingHandler,
    event: Value,
    invocation: &Invocation,
) -> (Value, Chunks) {
    let served = async { serve(handler, written(&event)?, invocation).await };
    match served.await {
        Ok(Streamed { prelude, chunks, work }) => {
            (serde_json::to_value(&prelude).unwrap_or_default(), Chunks::new(chunks, work))
        }
        Err(_) => (Value::Null, Chunks::default()),
    }
}

/// An answer that is about to be sent.
struct BegunAnswer {
    head: Response,
    /// The first bytes of the body; none when it is empty.
    first: Option<Vec<u8>>,
    rest: Body,
    /// Sent after the last chunk of a body that fails.
    failure_end: Vec<u8>,
}

async fn serve(
    handler: &dyn StreamingHandler,
    event: Json,
    invocation: &Invocation,
) -> Result<Streamed, Failure> {
    let began = Instant::now();
    let (exchange, scope) = HttpExchange::open(&event, invocation);
    let form = exchange.answer_form();
    log::scoped(scope.clone(), async {
        let mut fields = Vec::new();
        let begun = match answer(handler, exchange, invocation, &mut fields).await {
            Ok(begun) => {
                let begun = BegunAnswer { head: form.finish_head(begun.head), ..begun };
                prelude(&begun.head, &scope.correlation_id).map(|prelude| (begun, prelude, None))
            }
            Err(problem) => Err(problem),
        };
        let (begun, prelude, error) = match begun {
            Ok(begun) => begun,
            Err(problem) => {
                let (head, error) =
                    problem_answer(&problem, handler.problem_format(), &scope.correlation_id, &mut fields);
                let mut head = form.finish_head(head);
                let prelude = prelude(&head, &scope.correlation_id)
                    .map_err(|_| Failure("the answer can't be written"))?;
                let first = Some(head.take_body());
                let rest = stream::empty().boxed();
                (BegunAnswer { head, first, rest, failure_end: Vec::new() }, prelude, error)
            }
        };
        let status = begun.head.status();
        let failure_end = begun.failure_end;
        let pump = ChunkPump { invocation: invocation.clone(), began, status, error, fields, failure_end };
        let (chunks, work) = pump.start(scope.clone(), begun.first, begun.rest);
        Ok(Streamed { prelude, chunks, work })
    })
    .await
}

async fn answer(
    handler: &dyn StreamingHandler,
    exchange: HttpExchange<'_>,
    invocation: &Invocation,
    fields: &mut Fields,
) -> Result<BegunAnswer, Problem> {
    let request = exchange.request(fields)?;
    guarded(invocation.deadline, async {
        let (head, mut rest, failure_end) = handler.handle(&request).await?.into_parts();
        let first = loop {
            match rest.next().await {
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) => break Some(chunk),
                Some(Err(problem)) => return Err(finish(problem, rest).await),
                None => break None,
            }
        };
        Ok(BegunAnswer { head, first, rest, failure_end })
    })
    .await?
}

/// Lets a body that failed before its first byte do its last work.
async fn finish(problem: Problem, mut rest: Body) -> Problem {
    while rest.next().await.is_some() {
        tokio::task::yield_now().await;
    }
    problem
}

/// Status and headers in the form of the Lambda runtime. Fails when HTTP does not allow a value.
fn prelude(head: &Response, correlation_id: &str) -> Result<MetadataPrelude, Problem> {
    let status_code = head.status().try_into().map_err(Problem::internal)?;
    let mut prelude = MetadataPrelude { status_code, ..MetadataPrelude::default() };
    for (name, value) in head.headers(correlation_id) {
        prelude.headers.insert(
            name,
            value.parse().map_err(|_| Problem::internal(format!("the header {name} is malformed")))?,
        );
    }
    Ok(prelude)
}
