//! Starts a function and connects it to the Runtime API. There is one instantiation of the Lambda runtime for all kinds
//! of triggers, from JSON text to JSON text or to a streamed body. It is compiled here, once, and without the runtime's
//! tracing layer, whose span and debug formatting of each invocation are not used. Events and answers stay text here,
//! and the modules that know their shape read or write them once: a tree of values in between cost more than everything
//! else that is done for a request.

mod finishing;
mod streamed;

use crate::log::{self, RunningAs, chain};
use crate::{Invocation, Settings, StartError, SystemEntropy};
use domain::Timestamp;
use finishing::{FinishingService, Unfinished};
use lambda_runtime::tower::layer::layer_fn;
use lambda_runtime::{
    Context, Diagnostic, FunctionResponse, LambdaEvent, Runtime, StreamResponse, service_fn,
};
use ports::{BoxFuture, Entropy, Source};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use streamed::{Chunks, Streamed};

/// Builds a function's handler from its settings, once for each process. It must not draw random numbers that have to
/// be unique: a process may be a copy of another one.
pub type Build<T> = fn(Settings) -> BoxFuture<'static, Result<Box<T>, Source>>;

/// The failure of a whole invocation. Lambda gets this text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub &'static str);

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: "InvocationFailed".to_owned(), error_message: failure.0.to_owned() }
    }
}

/// An event, or an answer, as JSON text.
pub(crate) type Json = Box<RawValue>;

/// The answer of a function: a whole text, or the pieces of a body for an HTTP client.
pub(crate) enum FunctionAnswer {
    Whole(Json),
    Streamed(Streamed),
}

impl From<Json> for FunctionAnswer {
    fn from(json: Json) -> Self {
        Self::Whole(json)
    }
}

impl From<Streamed> for FunctionAnswer {
    fn from(streamed: Streamed) -> Self {
        Self::Streamed(streamed)
    }
}

/// Serves one invocation.
pub(crate) type Serve<T, A> = for<'a> fn(&'a T, Json, &'a Invocation) -> BoxFuture<'a, Result<A, Failure>>;

/// An answer as JSON text. Answers are plain structs, which serde_json can always write.
pub(crate) fn written<T: Serialize + ?Sized>(answer: &T) -> Result<Json, Failure> {
    to_raw_value(answer).map_err(|_| Failure("the answer can't be written"))
}

/// Serves an event in a test, in the way production does.
pub(crate) async fn in_process(
    event: Value,
    serve: impl AsyncFnOnce(Json) -> Result<Json, Failure>,
) -> Result<Value, Failure> {
    let answer = serve(written(&event)?).await?;
    serde_json::from_str(answer.get()).map_err(|_| Failure("the answer is not JSON"))
}

/// Variables without which the Lambda runtime panics.
const RUNTIME_VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// Runs a function until its process is stopped. Returns only when it can't start or lost the Runtime API; the reason is
/// logged.
pub(crate) fn run<T: Send + Sync + ?Sized + 'static, A: Into<FunctionAnswer> + 'static>(
    function: &'static str,
    build: Build<T>,
    serve: Serve<T, A>,
) -> ExitCode {
    run_boxed(
        function,
        Box::new(move |settings| {
            Box::pin(async move {
                let handler: Arc<T> = Arc::from(build(settings).await?);
                let serve: Invoke = Box::new(move |event, invocation| {
                    let handler = Arc::clone(&handler);
                    Box::pin(async move { Ok(serve(&handler, event, &invocation).await?.into()) })
                });
                Ok(serve)
            })
        }),
    )
}

type Invoke =
    Box<dyn Fn(Json, Invocation) -> BoxFuture<'static, Result<FunctionAnswer, Failure>> + Send + Sync>;
type Start = Box<dyn FnOnce(Settings) -> BoxFuture<'static, Result<Invoke, Source>> + Send>;

fn run_boxed(function: &'static str, start: Start) -> ExitCode {
    let settings = Settings::from_env();
    let process = RunningAs {
        environment: settings.optional("ENVIRONMENT"),
        function: settings.optional("AWS_LAMBDA_FUNCTION_NAME"),
        version: settings.optional("AWS_LAMBDA_FUNCTION_VERSION"),
    };
    log::start(settings.optional("LOG_LEVEL"), &process, true);
    match blocking(function, settings, start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(function, error = chain(error.as_ref()), "the function stops");
            ExitCode::FAILURE
        }
    }
}

fn blocking(function: &'static str, settings: Settings, start: Start) -> Result<(), Source> {
    for name in RUNTIME_VARIABLES {
        settings.required(name)?;
    }
    if settings.required("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?.parse::<i32>().is_err() {
        return Err(StartError::invalid("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "is not a number").into());
    }
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    executor.block_on(async {
        let invoke = start(settings).await?;
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
        let cold = AtomicBool::new(true);
        let unfinished = Unfinished::default();
        let finishing = layer_fn(|inner| FinishingService::new(inner, unfinished.clone()));
        let begun = unfinished.clone();
        let handler = service_fn(move |event: LambdaEvent<Json>| {
            let cold_start = cold.swap(false, Ordering::Relaxed);
            let answer =
                invoke(event.payload, invocation(function, event.context, cold_start, Arc::clone(&entropy)));
            let begun = begun.clone();
            async move { Ok::<_, Failure>(response(answer.await?, &begun)) }
        });
        Runtime::new(handler).layer(finishing).run().await
    })
}

/// Starts the work of a streamed answer, and returns the answer for the runtime.
fn response(answer: FunctionAnswer, unfinished: &Unfinished) -> FunctionResponse<Json, Chunks> {
    match answer {
        FunctionAnswer::Whole(json) => FunctionResponse::BufferedResponse(json),
        FunctionAnswer::Streamed(Streamed { prelude, chunks, work }) => {
            unfinished.start(work);
            FunctionResponse::StreamingResponse(StreamResponse { metadata_prelude: prelude, stream: chunks })
        }
    }
}

fn invocation(
    function: &'static str,
    context: Context,
    cold_start: bool,
    entropy: Arc<dyn Entropy>,
) -> Invocation {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or_default());
    Invocation {
        function,
        now,
        began: std::time::Instant::now(),
        deadline: Invocation::deadline_before(context.deadline, now),
        request_id: context.request_id,
        trace_id: context.xray_trace_id,
        cold_start,
        entropy,
    }
}
