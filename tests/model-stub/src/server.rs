//! The HTTP server: routes a request to the control routes or to one of the two wire formats. It listens on 127.0.0.1
//! only and stops with its `Stub`. It checks no signature.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::batches::{self, Batches};
use crate::customization::{self, Jobs};
use crate::cut::{BodyError, CutBody, ResponseBody};
use crate::deployments::{self, Deployments};
use crate::failure::Failure;
use crate::forward::{ForwardTarget, Upstream};
use crate::objects::Objects;
use crate::script::{Call, Script, ScriptError};
use crate::step::Step;
use crate::{bedrock, v1};

/// The largest request that Bedrock accepts.
const MAX_REQUEST_BYTES: usize = 20 * 1024 * 1024;

/// Options for the start of the server.
#[derive(Debug, Default)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The model that answers calls without a scripted step.
    pub forward: Option<ForwardTarget>,
    /// The address of the S3 where batch jobs read and write; absent: this server's own objects.
    pub s3: Option<String>,
}

/// The server can't listen.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on 127.0.0.1:{port}")]
pub struct StartError {
    port: u16,
    source: io::Error,
}

/// A running server. It stops, and closes its connections, when this is dropped.
#[derive(Debug)]
pub struct Stub {
    url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    script: Mutex<Script>,
    jobs: Mutex<Jobs>,
    pub(crate) batches: Batches,
    deployments: Mutex<Deployments>,
    pub(crate) upstream: Option<Upstream>,
}

impl Shared {
    /// The jobs that train models.
    pub(crate) fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The deployments of trained models.
    pub(crate) fn deployments(&self) -> MutexGuard<'_, Deployments> {
        self.deployments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A panic in another call must not hide the script from this call.
    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stub {
    /// Starts on a free port, without a model to forward to. Needs a tokio runtime with I/O and time.
    pub async fn start() -> Result<Self, StartError> {
        Self::start_with(Options::default()).await
    }

    /// Starts with these options.
    pub async fn start_with(options: Options) -> Result<Self, StartError> {
        let Options { port, forward, s3 } = options;
        let listening = async {
            let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = listening.await.map_err(|source| StartError { port, source })?;
        let url = format!("http://{address}");
        let shared = Arc::new(Shared {
            script: Mutex::default(),
            jobs: Mutex::default(),
            batches: Batches::new(Objects::new(s3, &url)),
            deployments: Mutex::default(),
            upstream: forward.map(Upstream::new),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Stub { url, shared, accepting })
    }

    /// The base URL, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Appends steps for the next model calls. Appends none of them if one is invalid.
    pub fn script(&self, steps: Vec<Step>) -> Result<(), ScriptError> {
        self.shared.script().add(steps, self.shared.upstream.is_some())
    }

    /// The calls so far, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.script().calls().to_vec()
    }

    /// The number of steps that no call has used yet.
    pub fn steps_left(&self) -> usize {
        self.shared.script().steps_left()
    }

    /// Forgets calls and steps.
    pub fn clear(&self) {
        self.shared.script().clear();
    }

    /// Serves until the process ends.
    pub async fn run(mut self) {
        // The accept loop never returns by itself; a panic in it was already reported.
        let _ended = (&mut self.accepting).await;
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Owns the connections: when this task is aborted, they close.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
                // Most likely the process has no file descriptors left; closing connections free some.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Frames are small and must be sent at once.
    let _without_delay = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(route(&shared, request).await) }
    });
    // A broken connection is noticed by the client, and some scripts ask for one.
    let _ended = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn route(shared: &Arc<Shared>, request: Request<Incoming>) -> Response<ResponseBody> {
    let started_at = Instant::now();
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_REQUEST_BYTES).collect().await else {
        return failed(&Failure::validation("The request body is incomplete or too large."));
    };
    let body = body.to_bytes();
    match (&parts.method, parts.uri.path()) {
        (&Method::POST, "/_script") => add_steps(shared, &body),
        (&Method::GET, "/_calls") => json_response(StatusCode::OK, &json!(shared.script().calls())),
        (&Method::DELETE, "/_calls") => {
            shared.script().clear();
            json_response(StatusCode::OK, &json!({}))
        }
        (&Method::POST, "/v1/chat/completions") => v1::chat(shared, &body).await,
        (method, path) if batches::is_batch(path) => batches::call(shared, method, &parts.uri, &body),
        (method, path) if Objects::is_own(path) => shared.batches.objects.call(method, path, &body),
        (method, path) if customization::is_job(path) => customization::call(shared, method, path, &body),
        (method, path) if deployments::is_deployment(path) => deployments::call(shared, method, path, &body),
        (&Method::POST, "/v1/embeddings") => v1::embeddings(shared, &body).await,
        (method, path) => match bedrock::operation(path).filter(|_| method == Method::POST) {
            Some((model_id, operation)) => {
                bedrock::call(shared, model_id, operation, &body, started_at).await
            }
            None => {
                failed(&Failure { kind: Some("UnknownOperationException"), ..Failure::of_status(404, path) })
            }
        },
    }
}

fn add_steps(shared: &Shared, body: &[u8]) -> Response<ResponseBody> {
    let steps: Vec<Step> = match serde_json::from_slice(body) {
        Ok(steps) => steps,
        Err(error) => return failed(&Failure::validation(format!("not a list of steps: {error}"))),
    };
    let mut script = shared.script();
    match script.add(steps, shared.upstream.is_some()) {
        Ok(()) => json_response(StatusCode::OK, &json!({ "steps_left": script.steps_left() })),
        Err(error) => failed(&Failure::validation(error.to_string())),
    }
}

/// Records a call and takes the step for it. A request that the provider would refuse takes no step, so that its test
/// notices.
pub(crate) fn begin(
    shared: &Shared,
    model_id: String,
    operation: &'static str,
    embedding: bool,
    body: &[u8],
    valid: bool,
) -> (Step, usize) {
    let mut script = shared.script();
    let step = if valid { script.take(&model_id, embedding) } else { None };
    let call = script.record(Call {
        model_id,
        operation,
        body: serde_json::from_slice(body).unwrap_or_default(),
        time: OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
    });
    (step.unwrap_or_default(), call)
}

/// Waits as long as the step says before anything is answered.
pub(crate) async fn delay(step: &Step) {
    if let Some(milliseconds) = step.delay_ms {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// Breaks the answer off where the step says so.
pub(crate) fn cut(step: &Step, response: Response<ResponseBody>) -> Response<ResponseBody> {
    match step.cut_after_bytes {
        Some(bytes) => response.map(|body| CutBody::new(body, bytes).boxed_unsync()),
        None => response,
    }
}

/// A stream of these events, with the step's waits between them.
pub(crate) fn event_stream(
    content_type: &'static str,
    events: Vec<Bytes>,
    step: &Step,
) -> Response<ResponseBody> {
    let wait = Duration::from_millis(step.chunk_delay_ms.unwrap_or_default());
    let frames = stream::iter(events).enumerate().then(move |(at, event)| async move {
        if at > 0 && !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok::<_, BodyError>(Frame::data(event))
    });
    streaming(content_type, StreamBody::new(frames).boxed_unsync())
}

pub(crate) fn streaming(content_type: &'static str, body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response<ResponseBody> {
    let body = Full::new(Bytes::from(body.to_string())).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

pub(crate) fn failed(failure: &Failure) -> Response<ResponseBody> {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, &failure.body());
    if let Some(kind) = failure.kind {
        response.headers_mut().insert("x-amzn-errortype", header::HeaderValue::from_static(kind));
    }
    if let Some(seconds) = failure.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
